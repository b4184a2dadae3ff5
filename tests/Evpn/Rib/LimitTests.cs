using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Control.Evpn.Queries;
using Overlay.Control.Evpn.Tests.Rib.Support;
using static Overlay.Control.Evpn.Tests.Rib.Support.RibBench;

namespace Overlay.Control.Evpn.Tests.Rib;

/// <summary>What all neighbours together may make us keep, and what becomes of the rest.</summary>
public sealed class LimitTests
{
    /// <summary>Octets of one of the sets below, and less than two of them.</summary>
    private const int SetSize = 2000;

    [Fact]
    public void Attributes_beyond_their_budget_withdraw_their_routes_and_are_counted_and_said_once()
    {
        var bench = new RibBench(attributeBudget: 4 * SetSize);
        FakeSession peer = bench.Open("192.0.2.9");
        for (int i = 1; i <= 10; i++)
        {
            bench.Announce(peer, Large(i), MacRoute("192.0.2.2", i), MacRoute("192.0.2.2", i, ip: "10.0.0.1"));
        }

        int kept = bench.Rows().Length;
        Assert.InRange(kept, 4, 8);
        Assert.Equal(20 - kept, bench.Rib.Figures().Refused);
        Assert.Equal(20 - kept, Faults(bench, peer));
        Assert.Null(peer.Ended);
        Assert.Single(bench.Log.Lines, static line => line.Contains("attributes", StringComparison.Ordinal));

        // One that has a place needs no other; one that is told anew with others is no longer what it was.
        bench.Announce(peer, Large(1), MacRoute("192.0.2.2", 20));
        Assert.NotEqual("-", bench.Place(20));
        bench.Announce(peer, Large(99), MacRoute("192.0.2.2", 1), MacRoute("192.0.2.2", 1, ip: "10.0.0.1"));
        Assert.Equal("-", bench.Place(1));
    }

    [Fact]
    public void Attributes_that_nobody_holds_any_more_make_room()
    {
        var bench = new RibBench(attributeBudget: 4 * SetSize);
        FakeSession peer = bench.Open("192.0.2.9");
        for (int i = 1; i <= 1000; i++)
        {
            bench.Announce(peer, Large(i), MacRoute("192.0.2.2", 1));
        }

        Assert.Equal(0, bench.Rib.Figures().Refused);
        Assert.NotEqual("-", bench.Place(1));
        for (int i = 2; i <= 10; i++)
        {
            bench.Announce(peer, Large(i), MacRoute("192.0.2.2", i));
        }

        Assert.Equal("-", bench.Place(10));
        bench.Withdraw(peer, MacRoute("192.0.2.2", 1), MacRoute("192.0.2.2", 2));
        bench.Announce(peer, Large(10), MacRoute("192.0.2.2", 10));
        Assert.NotEqual("-", bench.Place(10));

        // There was room meanwhile: the next time is said again.
        bench.Withdraw(peer, MacRoute("192.0.2.2", 3), MacRoute("192.0.2.2", 10));
        bench.Rib.Tick();
        for (int i = 20; i <= 30; i++)
        {
            bench.Announce(peer, Large(i), MacRoute("192.0.2.2", i));
        }

        Assert.Equal(2, bench.Log.Lines.Count(static line => line.Contains("attributes", StringComparison.Ordinal)));
    }

    [Fact]
    public void Routes_that_were_refused_are_asked_for_when_there_is_room_and_not_too_often()
    {
        var bench = new RibBench(DefaultOptions with { RouteLimit = 20 });
        FakeSession peer = bench.Open("192.0.2.9");
        FakeSession other = bench.Open("192.0.2.8");
        bench.Announce(other, "192.0.2.3", 100);
        for (int i = 1; i <= 30; i++)
        {
            bench.Announce(peer, "192.0.2.2", i);
        }

        bench.Rib.Tick();
        bench.Withdraw(peer, MacRoute("192.0.2.2", 1), MacRoute("192.0.2.2", 2));
        bench.Rib.Tick();
        Assert.Equal(0, peer.Refreshes);
        bench.Withdraw(peer, MacRoute("192.0.2.2", 3));
        bench.Rib.Tick();
        bench.Rib.Tick();
        Assert.Equal((1, 0), (peer.Refreshes, other.Refreshes));

        // It gives everything again, and that is too much again.
        for (int i = 4; i <= 30; i++)
        {
            bench.Announce(peer, "192.0.2.2", i);
        }

        Assert.Equal(20, bench.Rows().Length);
        for (int i = 4; i <= 10; i++)
        {
            bench.Withdraw(peer, MacRoute("192.0.2.2", i));
        }

        bench.Rib.Tick();
        Assert.Equal(1, peer.Refreshes);
        bench.Clock.Advance(TimeSpan.FromMinutes(1));
        bench.Rib.Tick();
        Assert.Equal(2, peer.Refreshes);
    }

    [Fact]
    public void Routes_whose_attributes_had_no_room_are_asked_for_when_there_is()
    {
        var bench = new RibBench(attributeBudget: 20 * SetSize);
        FakeSession peer = bench.Open("192.0.2.9");
        for (int i = 1; i <= 30; i++)
        {
            bench.Announce(peer, Large(i), MacRoute("192.0.2.2", i));
        }

        bench.Rib.Tick();
        Assert.Equal(0, peer.Refreshes);
        bench.Withdraw(peer, MacRoute("192.0.2.2", 1), MacRoute("192.0.2.2", 2), MacRoute("192.0.2.2", 3));
        bench.Rib.Tick();
        Assert.Equal(1, peer.Refreshes);
    }

    private static long Faults(RibBench bench, FakeSession peer) =>
        bench.Rib.Complete(new EvpnNeighborRow { Name = peer.Name, State = "established" }).Faults.GetValueOrDefault("attribute-limit");

    private static PathAttributesBuilder Large(int salt) =>
        From("192.0.2.2") with { Communities = [.. Enumerable.Range(0, (SetSize - 300) / 4).Select(i => ((uint)salt << 16) | (uint)i)] };
}
