using Microsoft.Extensions.Logging;
using Overlay.Control.Queries;
using Overlay.Control.Tables;
using Overlay.Control.Tests.Support;
using Overlay.Encap;
using Overlay.Forwarding;
using static Overlay.Control.Tests.Support.Bench;

namespace Overlay.Control.Tests;

/// <summary>Neighbour bindings: what is learned, how long it holds, who wins, what planes hear.</summary>
public sealed class NeighborTests
{
    private static readonly UnderlayAddress A = Ip("10.0.0.1");
    private static readonly UnderlayAddress A6 = Ip("fd00::1");

    private static Bench Make(ControlOptions? options = null, bool remote = true, ILogger? log = null) =>
        new(options, vni => vni with { ArpSuppress = true, NdSuppress = true, RemoteLearning = remote, Age = TimeSpan.FromSeconds(300) }, log: log);

    private static void Says(Bench bench, int mac, UnderlayAddress address, int port = 0, bool isRouter = false)
    {
        bench.OnPort(mac, port);
        bench.Core.Hint(new LearnHint { Vni = new Vni(V), Mac = Mac(mac), Seen = FdbTarget.ToPort(new PortId(port)), Source = address, IsNeighbor = true, IsRouter = isRouter });
        bench.Core.Flush();
    }

    private static void SaysFrom(Bench bench, int mac, UnderlayAddress address, string source)
    {
        bench.FromVtep(mac, source);
        NextHopId hop = bench.Writer.AllowList(V).Single(a => a.Address == Ip(source)).NextHop;
        bench.Core.Hint(new LearnHint { Vni = new Vni(V), Mac = Mac(mac), Seen = FdbTarget.ToNextHop(hop), Source = address, IsNeighbor = true });
        bench.Core.Flush();
    }

    private static NeighborRow? RowOf(Bench bench, UnderlayAddress address) => bench.Core.Neighbors(null).SingleOrDefault(row => row.Address == address);

    [Fact]
    public void A_binding_from_a_port_is_published_with_its_place_and_told_to_planes()
    {
        Bench bench = Make();
        bench.Evpn.Started();
        _ = bench.Told(bench.Evpn);
        Says(bench, 1, A, port: 1);
        Says(bench, 2, A6, isRouter: true);
        Assert.Equal(new NeighborBinding(Mac(1), false, true, FdbTarget.ToPort(new PortId(1))), bench.Writer.Neighbor(V, A));
        Assert.Equal(new NeighborBinding(Mac(2), true, true, FdbTarget.ToPort(new PortId(0))), bench.Writer.Neighbor(V, A6));
        LocalEvent told = bench.Told(bench.Evpn).First(static fact => fact.Kind == LocalEventKind.NeighborLearned);
        Assert.Equal((A, Mac(1), "p1"), (told.Address, told.Mac, told.Port));
        NeighborRow row = RowOf(bench, A)!;
        Assert.Equal((FdbOrigin.Local, "p1", true, null), (row.Origin, row.Port, row.IsAnswered, row.Plane));
    }

    [Fact]
    public void A_binding_is_refused_unless_its_mac_is_known_at_that_place()
    {
        Bench bench = Make();
        bench.Core.Hint(new LearnHint { Vni = new Vni(V), Mac = Mac(1), Seen = FdbTarget.ToPort(new PortId(0)), Source = A, IsNeighbor = true });
        Assert.Null(bench.Writer.Neighbor(V, A));
        bench.OnPort(1, 1);
        bench.Core.Hint(new LearnHint { Vni = new Vni(V), Mac = Mac(1), Seen = FdbTarget.ToPort(new PortId(0)), Source = A, IsNeighbor = true });
        Assert.Null(bench.Writer.Neighbor(V, A));
    }

    [Fact]
    public void Vteps_teach_bindings_only_where_they_teach_macs_and_only_their_own()
    {
        Bench bench = Make();
        bench.Peer(bench.Static, "b", "192.0.2.2");
        bench.Peer(bench.Static, "c", "192.0.2.3");
        SaysFrom(bench, 1, A, "192.0.2.2");
        Assert.Equal(Mac(1), bench.Writer.Neighbor(V, A)!.Value.Mac);
        Assert.Equal("b", RowOf(bench, A)!.Peer);

        // A MAC that configuration puts behind b says nothing from c.
        bench.Route(bench.Static, 5, "b");
        SaysFrom(bench, 5, A6, "192.0.2.3");
        Assert.Null(bench.Writer.Neighbor(V, A6));

        bench.ApplyVni(static vni => vni with { RemoteLearning = false });
        SaysFrom(bench, 5, A6, "192.0.2.2");
        Assert.Null(bench.Writer.Neighbor(V, A6));
    }

    [Fact]
    public void A_binding_goes_when_its_mac_leaves_or_moves()
    {
        Bench bench = Make();
        Says(bench, 1, A);
        Says(bench, 2, A6);
        bench.Evpn.Started();
        _ = bench.Told(bench.Evpn);
        bench.OnPort(1, 1);
        bench.Core.SetPort("p0", false, default);
        bench.Core.Flush();
        bench.Pass(TimeSpan.FromSeconds(1.5));
        Assert.Null(bench.Writer.Neighbor(V, A));
        Assert.Null(bench.Writer.Neighbor(V, A6));
        Assert.Empty(bench.Core.Neighbors(null));
        Assert.Equal(2, bench.Told(bench.Evpn).Count(static fact => fact.Kind == LocalEventKind.NeighborAged));
    }

    [Fact]
    public void A_binding_ages_unless_traffic_confirms_it()
    {
        Bench bench = Make();
        Says(bench, 1, A);
        Says(bench, 1, A6);
        bench.Pass(TimeSpan.FromSeconds(400), () =>
        {
            bench.Writer.Touch(V, Mac(1));
            bench.Writer.TouchNeighbor(V, A);
        });
        Assert.NotNull(bench.Writer.Neighbor(V, A));
        Assert.Null(bench.Writer.Neighbor(V, A6));
        bench.Pass(TimeSpan.FromSeconds(400), () => bench.Writer.Touch(V, Mac(1)));
        Assert.Null(bench.Writer.Neighbor(V, A));
    }

    [Fact]
    public void What_is_given_is_stronger_than_what_is_seen()
    {
        Bench bench = Make();
        Says(bench, 1, A);
        bench.Core.Upsert(bench.Evpn, null, new NeighborRoute(new Vni(V), A, Mac(7), true));
        Assert.Equal(new NeighborBinding(Mac(7), true), bench.Writer.Neighbor(V, A));
        bench.Core.Upsert(bench.Static, null, new NeighborRoute(new Vni(V), A, Mac(8)));
        Assert.Equal(new NeighborBinding(Mac(8)), bench.Writer.Neighbor(V, A));
        Says(bench, 1, A);
        Assert.Equal(new NeighborBinding(Mac(8)), bench.Writer.Neighbor(V, A));
        Assert.False(RowOf(bench, A)!.IsAnswered);
        bench.Core.WithdrawNeighbor(bench.Static, null, new Vni(V), A);
        Assert.Equal(new NeighborBinding(Mac(7), true), bench.Writer.Neighbor(V, A));
        bench.Core.WithdrawNeighbor(bench.Evpn, null, new Vni(V), A);
        Assert.Null(bench.Writer.Neighbor(V, A));
    }

    [Fact]
    public void A_resync_that_does_not_name_a_binding_again_removes_it()
    {
        Bench bench = Make();
        bench.Core.Upsert(bench.Evpn, null, new NeighborRoute(new Vni(V), A, Mac(7)));
        bench.Evpn.BeginResync(ResyncScope.Plane);
        bench.Complete(bench.Evpn, ResyncScope.Plane);
        Assert.Null(bench.Writer.Neighbor(V, A));
    }

    [Fact]
    public void What_was_given_for_a_vni_before_it_is_configured_is_published_with_it()
    {
        Bench bench = Make();
        bench.Core.Upsert(bench.Evpn, null, new NeighborRoute(new Vni(300), A, Mac(7)));
        bench.Writer.AddVni(300);
        bench.Apply(bench.Topology with { Vnis = bench.Topology.Vnis.Add(new() { Vni = new Vni(300) }) });
        Assert.Equal(Mac(7), bench.Writer.Neighbor(300, A)!.Value.Mac);
    }

    [Fact]
    public void Switching_suppression_off_forgets_what_was_seen_of_that_family()
    {
        Bench bench = Make();
        Says(bench, 1, A);
        Says(bench, 1, A6);
        bench.ApplyVni(static vni => vni with { ArpSuppress = false });
        Assert.Null(bench.Writer.Neighbor(V, A));
        Assert.NotNull(bench.Writer.Neighbor(V, A6));
        Says(bench, 1, A);
        Assert.Null(bench.Writer.Neighbor(V, A));
    }

    [Fact]
    public void Limits_hold_for_a_place_a_vni_and_all_and_raise_an_alarm_until_there_is_room()
    {
        foreach (ControlOptions options in (ControlOptions[])[new() { NeighborPlaceLimit = 4 }, new() { NeighborLimit = 4 }, new() { NeighborTotalLimit = 4 }])
        {
            Bench bench = Make(options);
            for (int i = 1; i <= 8; i++)
                Says(bench, 1, Ip($"10.0.0.{i}"));

            Assert.Equal(4, bench.Core.Neighbors(null).Length);
            Assert.Equal("neighbor_limit", Assert.Single(bench.Core.Alarms()).Name);
            Says(bench, 2, Ip("10.0.1.1"), port: 1);
            Assert.Equal(options.NeighborPlaceLimit == 4 ? 5 : 4, bench.Core.Neighbors(null).Length);
            bench.Core.SetPort("p0", false, default);
            bench.Pass(TimeSpan.FromSeconds(2.5));
            Assert.Empty(bench.Core.Alarms());
        }
    }

    [Fact]
    public void An_address_that_two_macs_claim_in_turn_is_answered_for_neither_for_a_while()
    {
        Bench bench = Make();
        for (int i = 0; i < 3; i++)
        {
            Says(bench, 1, A, port: 0);
            Says(bench, 2, A, port: 1);
        }

        Assert.Null(bench.Writer.Neighbor(V, A));
        Assert.Equal("duplicate_address", Assert.Single(bench.Core.Alarms()).Name);
        Assert.True(RowOf(bench, A)!.IsDuplicate);
        Says(bench, 1, A);
        Assert.Null(bench.Writer.Neighbor(V, A));

        void Busy()
        {
            bench.Writer.Touch(V, Mac(1));
            bench.Writer.Touch(V, Mac(2));
        }

        bench.Pass(TimeSpan.FromSeconds(181), Busy);
        Assert.Empty(bench.Core.Alarms());
        Says(bench, 1, A);
        Assert.Equal(Mac(1), bench.Writer.Neighbor(V, A)!.Value.Mac);
    }

    [Fact]
    public void A_tenant_that_claims_any_number_of_addresses_in_turn_is_one_line_in_the_log_and_a_count_in_the_alarm()
    {
        const int Addresses = 50;
        RecordingLogger log = new();
        Bench bench = Make(log: log);
        for (int address = 1; address <= Addresses; address++)
        {
            for (int i = 0; i < 3; i++)
            {
                Says(bench, 1, Ip($"10.0.0.{address}"), port: 0);
                Says(bench, 2, Ip($"10.0.0.{address}"), port: 1);
            }
        }

        Assert.Equal(Addresses, Assert.Single(bench.Core.Alarms()).Count);
        Assert.Equal(["10.0.0.1"], log.Lines.Where(static line => line.Contains("claimed by several MACs in turn; the alarm", StringComparison.Ordinal)).Select(static line => line.Split(' ')[1]));
        Assert.Single(log.Lines, static line => line.StartsWith("Alarm duplicate_address", StringComparison.Ordinal));

        bench.Pass(TimeSpan.FromSeconds(185));
        Assert.Single(log.Lines, static line => line.EndsWith($"is over; times: {Addresses}", StringComparison.Ordinal));
    }

    [Fact]
    public void A_plane_that_starts_hears_the_neighbours_on_ports()
    {
        Bench bench = Make();
        bench.Peer(bench.Static, "b", "192.0.2.2");
        Says(bench, 1, A);
        SaysFrom(bench, 2, A6, "192.0.2.2");
        PlaneState late = bench.Plane("late", RouteOrigin.Etcd);
        late.Started();
        LocalEvent told = Assert.Single(bench.Told(late), static fact => fact.Kind == LocalEventKind.NeighborLearned);
        Assert.Equal((A, Mac(1), "p0"), (told.Address, told.Mac, told.Port));
    }
}
