using Microsoft.Extensions.Logging.Abstractions;
using Overlay.Control.Evpn.Options;
using Overlay.Control.Evpn.Queries;
using Overlay.Control.Evpn.Tests.Rib.Support;
using Overlay.Control.Evpn.Tests.Session;
using Overlay.Encap;
using static Overlay.Control.Evpn.Tests.Rib.Support.RibBench;

namespace Overlay.Control.Evpn.Tests.Rib;

/// <summary>Two whole planes that speak BGP with each other over loopback.</summary>
public sealed class PairTests
{
    [Theory]
    [InlineData(65001u, 65001u)]
    [InlineData(65001u, 4_200_000_002u)]
    public async Task A_MAC_moves_from_one_to_the_other_and_back(uint as1, uint as2)
    {
        (EvpnOptions one, EvpnOptions two) = Options(as1, as2);
        await using PlaneBench a = await StartAsync(one);
        await using PlaneBench b = await StartAsync(two);
        await a.SeeAsync(1);
        await b.UntilAtAsync(1, "192.0.2.11");

        // Geneve is what both prefer.
        Assert.Equal(EncapKind.Geneve, (await b.Loop.FdbShow(new Vni(V))).Rows.Single(static r => r.Mac == Mac(1)).Encap);
        await b.SeeAsync(1);
        await a.UntilAtAsync(1, "192.0.2.12");
        Assert.Equal("port", await b.PlaceAsync(1));
        Assert.Contains("mobility:1", a.Plane.Routes(new EvpnRouteFilter(Mac: Mac(1))).Rows.Single(static r => r.Neighbor is not null).Communities);

        // The flood lists hold each other.
        Assert.Contains(a.Plane.Routes(new EvpnRouteFilter(Vni: new Vni(V), Type: 3)).Rows, static r => r is { Address: "192.0.2.12", IsBest: true, Reason: null });
        EvpnNeighborRow row = Assert.Single(a.Plane.Neighbors());
        Assert.Equal("established", row.State);
        await a.UntilAsync(() => a.Plane.Neighbors()[0].HasEndOfRib);

        // It leaves b's port: withdrawn.
        await b.SeeAsync(2);
        await a.UntilAtAsync(1, "-");
        await a.UntilAtAsync(2, "192.0.2.12");
    }

    [Fact]
    public async Task A_session_that_is_cleared_or_ends_costs_nothing_and_a_removed_neighbour_takes_its_routes()
    {
        (EvpnOptions one, EvpnOptions two) = Options(65001, 65001);
        await using PlaneBench a = await StartAsync(one);
        PlaneBench b = await StartAsync(two);
        await b.SeeAsync(1);
        await a.UntilAtAsync(1, "192.0.2.12");
        long established = a.Plane.Neighbors()[0].Established;
        Assert.Equal(1, a.Plane.Clear(null, soft: true));
        Assert.Equal(1, a.Plane.Clear(one.Neighbors[0].Address.ToString(), soft: false));
        await a.UntilAsync(() => a.Plane.Neighbors()[0].Established > established);
        await a.UntilAtAsync(1, "192.0.2.12");

        // The other daemon goes to come back: stale, and in force.
        b.Plane.IsComingBack = true;
        await b.DisposeAsync();
        await a.UntilAtAsync(1, "192.0.2.12*");
        await using PlaneBench again = await StartAsync(two);
        await again.SeeAsync(2);
        await a.UntilAtAsync(2, "192.0.2.12");
        await a.UntilAtAsync(1, "-");

        await a.Plane.ApplyAsync(one with { Neighbors = [] });
        await a.UntilAtAsync(2, "-");
        Assert.Empty(a.Plane.Neighbors());
        Assert.Equal(0, a.Plane.Figures().RoutesByType.Sum());
    }

    [Fact]
    public async Task A_daemon_that_ends_for_good_takes_its_routes_along()
    {
        (EvpnOptions one, EvpnOptions two) = Options(65001, 65001);
        await using PlaneBench a = await StartAsync(one);
        PlaneBench b = await StartAsync(two);
        await b.SeeAsync(1);
        await a.UntilAtAsync(1, "192.0.2.12");
        await b.DisposeAsync();
        await a.UntilAtAsync(1, "-");
    }

    private static (EvpnOptions One, EvpnOptions Two) Options(uint as1, uint as2)
    {
        string one = TestSpeaker.NewAddress();
        string two = TestSpeaker.NewAddress();
        return (
            TestSpeaker.OptionsOf(one, as1, 0, TestSpeaker.Neighbor(two, one, as2)) with { VtepAddresses = [Ip("192.0.2.11")] },
            TestSpeaker.OptionsOf(two, as2, 0, TestSpeaker.Neighbor(one, two, as1)) with { VtepAddresses = [Ip("192.0.2.12")] });
    }

    private static Task<PlaneBench> StartAsync(EvpnOptions options) =>
        PlaneBench.StartAsync(new EvpnPlane(options, TimeProvider.System, NullLoggerFactory.Instance), options.VtepAddresses[0].ToString());
}
