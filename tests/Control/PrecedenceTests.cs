using Overlay.Control.Tests.Support;
using Overlay.Forwarding;

namespace Overlay.Control.Tests;

public sealed class PrecedenceTests
{
    public static TheoryData<RouteStanding, RouteStanding, PrecedenceRule> FirstWins => new()
    {
        { new(FdbOrigin.Static), new(FdbOrigin.Learned), PrecedenceRule.LearnedYields },
        { new(FdbOrigin.Etcd, Stale: true), new(FdbOrigin.Learned), PrecedenceRule.LearnedYields },
        { new(FdbOrigin.Local), new(FdbOrigin.Learned), PrecedenceRule.LearnedYields },
        { new(FdbOrigin.Static), new(FdbOrigin.Local, 9), PrecedenceRule.StaticDoesNotMove },
        { new(FdbOrigin.Evpn, Sticky: true), new(FdbOrigin.Local, 9), PrecedenceRule.StickyDoesNotMove },
        { new(FdbOrigin.Local, 1), new(FdbOrigin.Evpn), PrecedenceRule.MobilitySequence },
        { new(FdbOrigin.Evpn, 2), new(FdbOrigin.Local, 1), PrecedenceRule.MobilitySequence },
        { new(FdbOrigin.Etcd, 2), new(FdbOrigin.Local, 1), PrecedenceRule.MobilitySequence },
        { new(FdbOrigin.Evpn, 1), new(FdbOrigin.Local, 1), PrecedenceRule.ConfiguredOrder },
        { new(FdbOrigin.Etcd), new(FdbOrigin.Evpn, Stale: true), PrecedenceRule.LiveBeforeStale },
        { new(FdbOrigin.Static, Stale: true), new(FdbOrigin.Evpn), PrecedenceRule.ConfiguredOrder },
        { new(FdbOrigin.Static), new(FdbOrigin.Evpn, 9), PrecedenceRule.ConfiguredOrder },
        { new(FdbOrigin.Evpn), new(FdbOrigin.Ovsdb, 9), PrecedenceRule.ConfiguredOrder },
        { new(FdbOrigin.Ovsdb), new(FdbOrigin.Etcd, 9), PrecedenceRule.ConfiguredOrder },
        { new(FdbOrigin.Evpn, Sticky: true), new(FdbOrigin.Evpn, 9), PrecedenceRule.StickyDoesNotMove },
        { new(FdbOrigin.Evpn, 2), new(FdbOrigin.Evpn, 1), PrecedenceRule.HigherSequence },
        { new(FdbOrigin.Evpn, Address: Bench.Ip("192.0.2.2")), new(FdbOrigin.Evpn, Address: Bench.Ip("192.0.2.3")), PrecedenceRule.LowestVtepAddress },
    };

    [Theory]
    [MemberData(nameof(FirstWins))]
    public void Each_rule_decides_both_ways_round(RouteStanding winner, RouteStanding loser, PrecedenceRule rule)
    {
        Assert.True(Precedence.Default.Decide(winner, loser, out PrecedenceRule forth) < 0);
        Assert.True(Precedence.Default.Decide(loser, winner, out PrecedenceRule back) > 0);
        Assert.Equal(rule, forth);
        Assert.Equal(rule, back);
        Assert.NotEmpty(Precedence.Sentence(rule));
    }

    [Fact]
    public void Nothing_tells_equal_candidates_apart()
    {
        Assert.Equal(0, Precedence.Default.Decide(new(FdbOrigin.Evpn), new(FdbOrigin.Evpn), out PrecedenceRule rule));
        Assert.Equal(PrecedenceRule.OlderSource, rule);
    }

    [Fact]
    public void The_configured_order_ranks_the_origins_and_keeps_the_default_for_the_rest()
    {
        var order = new Precedence([FdbOrigin.Etcd, FdbOrigin.Local, FdbOrigin.Etcd]);
        Assert.Equal([FdbOrigin.Etcd, FdbOrigin.Local, FdbOrigin.Static, FdbOrigin.Evpn, FdbOrigin.Ovsdb, FdbOrigin.Learned], order.Order);
        Assert.True(order.Decide(new(FdbOrigin.Etcd), new(FdbOrigin.Evpn), out _) < 0);
        Assert.True(order.Decide(new(FdbOrigin.Local, 1), new(FdbOrigin.Evpn, 1), out _) < 0);

        // Moves are not a matter of the order: a static entry stays where it is, a learned one yields.
        Assert.True(order.Decide(new(FdbOrigin.Static), new(FdbOrigin.Local), out _) < 0);
        Assert.True(new Precedence([FdbOrigin.Learned]).Decide(new(FdbOrigin.Learned), new(FdbOrigin.Etcd), out _) > 0);
    }

    [Fact]
    public void Every_rule_has_a_sentence_of_its_own() =>
        Assert.Equal(Enum.GetValues<PrecedenceRule>().Length, Enum.GetValues<PrecedenceRule>().Select(Precedence.Sentence).Distinct(StringComparer.Ordinal).Count());

    [Fact]
    public void The_order_is_total_over_all_standings()
    {
        var random = new Random(7);
        RouteStanding[] some = [.. Enumerable.Range(0, 60).Select(_ => new RouteStanding(
            (FdbOrigin)random.Next(1, 7), (uint)random.Next(3), random.Next(4) == 0, random.Next(3) == 0, Bench.Ip($"192.0.2.{random.Next(2, 5)}")))];
        foreach (RouteStanding a in some)
        {
            foreach (RouteStanding b in some)
            {
                Assert.Equal(Math.Sign(Precedence.Default.Decide(a, b, out _)), -Math.Sign(Precedence.Default.Decide(b, a, out _)));
            }
        }
    }
}
