using Overlay.Control.Evpn.Bgp.Session;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Control.Evpn.Options;
using Overlay.Control.Evpn.Queries;
using Overlay.Control.Evpn.Tests.Rib.Support;
using Overlay.Control.HandOver;
using Overlay.Encap;
using static Overlay.Control.Evpn.Tests.Rib.Support.RibBench;

namespace Overlay.Control.Evpn.Tests.Rib;

/// <summary>The plane, the control loop and the forwarding tables together.</summary>
public sealed class PlaneTests
{
    [Fact]
    public async Task What_a_peer_says_is_in_the_tables_and_outlives_its_session()
    {
        await using PlaneBench bench = await PlaneBench.StartAsync();
        var peer = new PlanePeer(bench, "192.0.2.9");
        peer.Announce("192.0.2.2", 1);
        peer.Announce("192.0.2.3", 2);
        peer.Flood("192.0.2.2");
        peer.EndOfRib();
        Assert.Equal("192.0.2.2", await bench.PlaceAsync(1));
        Assert.Equal("192.0.2.3", await bench.PlaceAsync(2));

        peer.Close(BgpCloseKind.TransportLost);
        Assert.Equal("192.0.2.2*", await bench.PlaceAsync(1));
        peer = new PlanePeer(bench, "192.0.2.9");
        peer.Announce("192.0.2.2", 1);
        peer.Flood("192.0.2.2");
        Assert.Equal("192.0.2.2", await bench.PlaceAsync(1));
        Assert.Equal("192.0.2.3*", await bench.PlaceAsync(2));
        peer.EndOfRib();
        Assert.Equal("192.0.2.2", await bench.PlaceAsync(1));
        Assert.Equal("-", await bench.PlaceAsync(2));
        peer.Close(BgpCloseKind.Removed);
        Assert.Equal("-", await bench.PlaceAsync(1));
        await bench.Loop.SettleAsync();
        Assert.Empty(bench.Tables.ListNextHops());
    }

    [Fact]
    public async Task A_MAC_moves_to_us_and_away_again()
    {
        await using PlaneBench bench = await PlaneBench.StartAsync();
        var peer = new PlanePeer(bench, "192.0.2.9");
        peer.Announce("192.0.2.2", 1, sequence: 4);
        peer.EndOfRib();
        _ = peer.Sent();
        Assert.Equal("192.0.2.2", await bench.PlaceAsync(1));

        // To us: one sequence more than the peer's (RFC 7432 §15).
        await bench.SeeAsync(1);
        Assert.Equal("port", await bench.PlaceAsync(1));
        await bench.UntilAsync(() => peer.Sent().Contains("+ 192.0.2.1:100 02:00:00:00:00:01 seq 5"));
        peer.Withdraw("192.0.2.2", 1);
        Assert.Equal("port", await bench.PlaceAsync(1));

        // And away: we withdraw.
        peer.Announce("192.0.2.3", 1, sequence: 6);
        Assert.Equal("192.0.2.3", await bench.PlaceAsync(1));
        await bench.UntilAsync(() => peer.Sent().Contains("- 192.0.2.1:100 02:00:00:00:00:01"));
    }

    [Fact]
    public async Task At_equal_sequence_the_configured_order_decides_as_the_control_loop_has_it()
    {
        await using PlaneBench bench = await PlaneBench.StartAsync();
        await bench.SeeAsync(1);
        Assert.Equal("port", await bench.PlaceAsync(1));
        var peer = new PlanePeer(bench, "192.0.2.9");
        peer.Announce("192.0.2.2", 1);
        Assert.Equal("192.0.2.2", await bench.PlaceAsync(1));
    }

    [Fact]
    public async Task Rows_pages_and_figures_tell_of_both_sides()
    {
        await using PlaneBench bench = await PlaneBench.StartAsync();
        var peer = new PlanePeer(bench, "192.0.2.9");
        for (int i = 1; i <= 25; i++)
        {
            peer.Announce("192.0.2.2", i);
        }

        peer.EndOfRib();
        _ = peer.Sent();
        var rows = new List<EvpnRouteRow>();
        long cursor = 0;
        do
        {
            EvpnRoutePage page = bench.Plane.Routes(new EvpnRouteFilter(), cursor, 4);
            rows.AddRange(page.Rows);
            cursor = page.Next;
        }
        while (cursor != 0);

        Assert.Equal(27, rows.Count);
        Assert.Equal(["192.0.2.1", "192.0.2.1"], rows.Where(static r => r.Neighbor is null).Select(static r => r.Address));
        _ = Assert.Single(bench.Plane.Routes(new EvpnRouteFilter(Mac: Mac(7))).Rows);
        Assert.Equal(2, bench.Plane.Routes(new EvpnRouteFilter(Type: 3)).Rows.Length);
        Assert.Empty(bench.Plane.Routes(new EvpnRouteFilter(Neighbor: "192.0.2.200")).Rows);
        EvpnNeighborRow row = Assert.Single(bench.Plane.Neighbors());
        Assert.Equal((25, 2, true), (row.Routes, row.Advertised, row.HasEndOfRib));
        EvpnFigures figures = bench.Plane.Figures();
        Assert.Equal((25, 25L, 1), (figures.RoutesByType[2], figures.Announced, figures.NeighborsUp));
        Assert.NotNull(bench.Plane.Neighbor("192.0.2.9"));
        Assert.Null(bench.Plane.Neighbor("192.0.2.200"));
        Assert.Contains("in force", bench.Plane.Explain(new Vni(V), Mac(7)).Steps[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_neighbour_that_leaves_the_configuration_leaves_nothing()
    {
        EvpnOptions options = DefaultOptions with { Neighbors = [new EvpnNeighborOptions { Address = Ip("192.0.2.9") }, new EvpnNeighborOptions { Address = Ip("192.0.2.8") }] };
        await using PlaneBench bench = await PlaneBench.StartAsync(options);
        var one = new PlanePeer(bench, "192.0.2.9");
        var two = new PlanePeer(bench, "192.0.2.8");
        one.Announce("192.0.2.2", 1);
        two.Announce("192.0.2.3", 2);
        one.Close(BgpCloseKind.TransportLost);
        two.Close(BgpCloseKind.TransportLost);
        Assert.Equal("192.0.2.2*", await bench.PlaceAsync(1));
        await bench.Plane.ApplyAsync(options with { Neighbors = [options.Neighbors[1]] });
        Assert.Equal("-", await bench.PlaceAsync(1));
        Assert.Equal("192.0.2.3*", await bench.PlaceAsync(2));
    }

    [Fact]
    public async Task What_a_neighbour_gave_before_our_restart_goes_with_it_though_it_never_came_back()
    {
        EvpnOptions options = DefaultOptions with { Neighbors = [new EvpnNeighborOptions { Address = Ip("192.0.2.9") }, new EvpnNeighborOptions { Address = Ip("192.0.2.8") }] };
        IReadOnlyList<KeptRoutes> kept;
        await using (PlaneBench before = await PlaneBench.StartAsync(options))
        {
            new PlanePeer(before, "192.0.2.9").Announce("192.0.2.2", 1);
            new PlanePeer(before, "192.0.2.8").Announce("192.0.2.3", 2);
            Assert.Equal("192.0.2.2", await before.PlaceAsync(1));
            kept = await before.Loop.ExportRoutes();
        }

        await using PlaneBench bench = await PlaneBench.StartAsync(options, kept: Assert.Single(kept));
        Assert.Equal("192.0.2.2*", await bench.PlaceAsync(1));
        Assert.Equal("192.0.2.3*", await bench.PlaceAsync(2));
        await bench.Plane.ApplyAsync(options with { Neighbors = [options.Neighbors[1]] });
        Assert.Equal("-", await bench.PlaceAsync(1));
        Assert.Equal("192.0.2.3*", await bench.PlaceAsync(2));
    }

    [Fact]
    public async Task A_neighbour_of_a_prefix_that_is_away_is_shown_and_what_it_gave_can_be_cleared()
    {
        await using PlaneBench bench = await PlaneBench.StartAsync(DefaultOptions with { Dynamic = [new EvpnDynamicOptions { Prefix = Ip("10.0.0.0"), PrefixLength = 8 }] });
        var peer = new PlanePeer(bench, "10.0.0.7");
        peer.Announce("192.0.2.2", 1);
        peer.Close(BgpCloseKind.TransportLost);
        bench.Speaker.Cleared = 0;
        EvpnNeighborRow row = bench.Plane.Neighbors()[^1];
        Assert.Equal(("10.0.0.7", "idle", 1, 1), (row.Name, row.State, row.Routes, row.StaleRoutes));
        Assert.Equal(0, bench.Plane.Clear("10.0.0.8", soft: false));
        Assert.Equal(0, bench.Plane.Clear(null, soft: false));
        Assert.Equal("192.0.2.2*", await bench.PlaceAsync(1));
        Assert.Equal(1, bench.Plane.Clear("10.0.0.7", soft: false));
        Assert.Equal("-", await bench.PlaceAsync(1));
    }

    [Fact]
    public async Task A_stale_hold_that_a_reload_brings_holds_for_routes_that_are_stale_already()
    {
        var time = new ManualTime();
        EvpnOptions options = DefaultOptions with { Neighbors = [new EvpnNeighborOptions { Address = Ip("192.0.2.9") }] };
        await using PlaneBench bench = await PlaneBench.StartAsync(options, time);
        var peer = new PlanePeer(bench, "192.0.2.9");
        peer.Announce("192.0.2.2", 1);
        peer.Close(BgpCloseKind.TransportLost);
        Assert.Equal("192.0.2.2*", await bench.PlaceAsync(1));
        bench.Plane.StaleHold = TimeSpan.FromSeconds(60);
        await bench.UntilAsync(() =>
        {
            // The plane's tick is a task of its own: the clock goes on until it had its turn.
            time.Advance(TimeSpan.FromSeconds(60));
            return bench.Plane.Figures().RoutesByType[2] == 0;
        });
        await bench.UntilAtAsync(1, "-");
    }

    /// <summary>A session of the test with the plane.</summary>
    private sealed class PlanePeer
    {
        private readonly RibBench _codec = new(start: false);
        private readonly PlaneBench _bench;
        private readonly FakeSession _session;

        public PlanePeer(PlaneBench bench, string address)
        {
            _bench = bench;
            _session = FakeSession.With(address);
            bench.Speaker.Routes.Opened(_session);
            _codec.Routes = bench.Speaker.Routes;
        }

        public void Announce(string vtep, int mac, uint sequence = 0) => _codec.Announce(_session, vtep, mac, sequence);

        public void Withdraw(string vtep, int mac) => _codec.Withdraw(_session, MacRoute(vtep, mac));

        public void Flood(string vtep) => _codec.Announce(_session, FloodFrom(vtep), FloodRoute(vtep));

        public void EndOfRib() => _codec.EndOfRib(_session);

        public List<string> Sent() => _codec.Sent(_session);

        public void Close(BgpCloseKind kind) => _bench.Speaker.Routes.Closed(_session, new BgpClose(kind, null, false, "test"));
    }
}
