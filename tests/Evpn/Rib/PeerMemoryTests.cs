using Overlay.Control.Evpn.Bgp.Session;
using Overlay.Control.Evpn.Options;
using Overlay.Control.Evpn.Tests.Rib.Support;
using static Overlay.Control.Evpn.Tests.Rib.Support.RibBench;

namespace Overlay.Control.Evpn.Tests.Rib;

/// <summary>Which neighbours are remembered that have no session.</summary>
public sealed class PeerMemoryTests
{
    private static readonly EvpnOptions Options = DefaultOptions with
    {
        Neighbors = [new EvpnNeighborOptions { Address = Ip("192.0.2.9") }],
        Dynamic = [new EvpnDynamicOptions { Prefix = Ip("10.0.0.0"), PrefixLength = 8 }],
    };

    [Fact]
    public void A_neighbour_of_a_prefix_that_left_nothing_is_forgotten_here_and_by_the_control_loop()
    {
        var bench = new RibBench(Options);
        foreach (string address in new[] { "10.0.0.1", "10.0.0.2", "192.0.2.9" })
        {
            FakeSession session = bench.Open(address);
            bench.Announce(session, "192.0.2.2", 1);
            bench.EndOfRib(session);
            if (address != "10.0.0.2")
            {
                bench.Withdraw(session, MacRoute("192.0.2.2", 1));
            }

            bench.Lose(session);
        }

        bench.Clock.Advance(TimeSpan.FromSeconds(119));
        bench.Rib.Tick();
        Assert.Equal(3, bench.Rib.PeerNames().Length);
        bench.Clock.Advance(TimeSpan.FromSeconds(1));
        bench.Sink.Done.Clear();
        bench.Rib.Tick();

        // The configured one has its counts, and the other one routes in force.
        Assert.Equal(["10.0.0.2", "192.0.2.9"], bench.Rib.PeerNames().Order(StringComparer.Ordinal));
        Assert.Equal(["all 10.0.0.1"], bench.Sink.Done);
        Assert.NotEqual("-", bench.Place(1));
    }

    [Fact]
    public void One_that_may_have_routes_from_before_our_restart_is_not()
    {
        var bench = new RibBench(Options);
        bench.Rib.Restore("10.0.0.1");
        FakeSession session = bench.Open("10.0.0.1");
        bench.Lose(session);
        bench.Clock.Advance(TimeSpan.FromHours(1));
        bench.Rib.Tick();
        Assert.Equal(["10.0.0.1"], bench.Rib.PeerNames());
        session = bench.Open("10.0.0.1");
        bench.EndOfRib(session);
        bench.Lose(session);
        bench.Clock.Advance(TimeSpan.FromHours(1));
        bench.Rib.Tick();
        Assert.Empty(bench.Rib.PeerNames());
    }

    [Fact]
    public void A_session_that_is_up_without_a_route_stays()
    {
        var bench = new RibBench(Options);
        FakeSession session = bench.Open("10.0.0.1");
        bench.EndOfRib(session);
        bench.Clock.Advance(TimeSpan.FromHours(1));
        bench.Rib.Tick();
        Assert.Equal(["10.0.0.1"], bench.Rib.PeerNames());
        bench.Lose(session, BgpCloseKind.TransportLost);
    }
}
