using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Control.Evpn.Queries;
using Overlay.Control.Evpn.Tests.Rib.Support;
using Overlay.Encap;
using static Overlay.Control.Evpn.Tests.Rib.Support.RibBench;

namespace Overlay.Control.Evpn.Tests.Rib;

/// <summary>Which of several paths of one NLRI is best (RFC 4271 §9.1.2.2), which of several routes of one MAC is in force (RFC 7432 §15), and that it is said why.</summary>
public sealed class ChoiceTests
{
    private static readonly AsSegment[] ThreeAses = [new AsSegment(2, [65009, 1, 2])];

    /// <summary>Each row: the first is worse than the second by that rule alone.</summary>
    [Theory]
    [InlineData("LOCAL_PREF")]
    [InlineData("AS path")]
    [InlineData("ORIGIN")]
    [InlineData("MED")]
    [InlineData("eBGP")]
    [InlineData("router id")]
    [InlineData("ORIGINATOR_ID")]
    [InlineData("CLUSTER_LIST")]
    [InlineData("peer's address")]
    public void The_best_path_is_found_by_each_rule(string rule)
    {
        foreach (bool isWorseFirst in new[] { true, false })
        {
            var bench = new RibBench();
            bool isExternal = rule is "MED" or "AS path";
            FakeSession worse = bench.Open("192.0.2.8", isExternal ? 65009u : 65001, rule is "router id" ? 9 : rule == "peer's address" ? 5u : 3);
            FakeSession better = bench.Open("192.0.2.7", isExternal || rule == "eBGP" ? 65009u : 65001, rule is "ORIGINATOR_ID" or "CLUSTER_LIST" ? 4u : rule is "router id" or "peer's address" ? 5u : 7);
            PathAttributesBuilder a = From("192.0.2.2");
            PathAttributesBuilder b = From("192.0.2.2");
            (a, b) = rule switch
            {
                "LOCAL_PREF" => (a, b with { LocalPreference = 101 }),
                "AS path" => (a with { AsPath = [.. ThreeAses] }, b),
                "ORIGIN" => (a with { Origin = BgpOrigin.Incomplete }, b),
                "eBGP" => (a with { AsPath = [new AsSegment(2, [65009])] }, b),
                "MED" => (a with { Med = 7 }, b with { Med = 6 }),
                _ => (a, b),
            };
            void Give(bool first)
            {
                if (first)
                {
                    Announce(bench, worse, a, rule is "ORIGINATOR_ID" ? 9u : rule == "CLUSTER_LIST" ? 6u : null, rule == "CLUSTER_LIST" ? 2 : 0);
                }
                else
                {
                    Announce(bench, better, b, rule is "ORIGINATOR_ID" ? 8u : rule == "CLUSTER_LIST" ? 6u : null, rule == "CLUSTER_LIST" ? 1 : 0);
                }
            }

            Give(isWorseFirst);
            Give(!isWorseFirst);
            Assert.Equal("192.0.2.7 192.0.2.2 Vxlan 0", bench.Place(1));
            Assert.Contains(bench.Rib.Explain(new Vni(V), Mac(1)).Steps, s => s.Contains(rule, StringComparison.Ordinal) && s.Contains("RFC 4", StringComparison.Ordinal));
            Assert.Equal([true], bench.Rows(new EvpnRouteFilter(Neighbor: "192.0.2.7")).Select(static r => r.IsBest));
        }
    }

    [Fact]
    public void LOCAL_PREF_of_an_external_peer_does_not_count()
    {
        var bench = new RibBench();
        FakeSession external = bench.Open("192.0.2.8", 65009);
        FakeSession inside = bench.Open("192.0.2.7");
        bench.Announce(external, From("192.0.2.2") with { LocalPreference = 4000 }, MacRoute("192.0.2.2", 1));
        bench.Announce(inside, From("192.0.2.2") with { LocalPreference = 101 }, MacRoute("192.0.2.2", 1));
        Assert.StartsWith("192.0.2.7 ", bench.Place(1), StringComparison.Ordinal);
    }

    [Fact]
    public void MED_is_compared_within_one_neighbouring_AS_and_in_no_order_of_coming()
    {
        // The known trap: A and C are of one AS, B of another; pairwise each beats another.
        foreach (int[] order in new int[][] { [0, 1, 2], [2, 1, 0], [1, 2, 0], [1, 0, 2] })
        {
            var bench = new RibBench();
            FakeSession[] peers = [bench.Open("192.0.2.11", 65009, 1), bench.Open("192.0.2.12", 65008, 2), bench.Open("192.0.2.13", 65009, 3)];
            uint[] meds = [20, 5, 10];
            foreach (int i in order)
            {
                bench.Announce(peers[i], From("192.0.2.2") with { Med = meds[i] }, MacRoute("192.0.2.2", 1));
            }

            // A is beaten by C's MED; of B and C the lower router id.
            Assert.StartsWith("192.0.2.12 ", bench.Place(1), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_can_be_used_comes_before_what_cannot()
    {
        var bench = new RibBench();
        FakeSession better = bench.Open("192.0.2.7", routerId: 1);
        FakeSession worse = bench.Open("192.0.2.8", routerId: 2);
        bench.Announce(better, From("192.0.2.1"), MacRoute("192.0.2.2", 1));
        bench.Announce(worse, "192.0.2.2", 1);
        Assert.Equal("192.0.2.8 192.0.2.2 Vxlan 0", bench.Place(1));
    }

    [Fact]
    public void Two_reflectors_with_the_same_route_give_one_route_and_no_gap()
    {
        var bench = new RibBench();
        FakeSession one = bench.Open("192.0.2.7", routerId: 1);
        FakeSession two = bench.Open("192.0.2.8", routerId: 2);
        bench.Announce(two, "192.0.2.2", 1, ip: "10.0.0.1");
        bench.Announce(one, "192.0.2.2", 1, ip: "10.0.0.1");
        Assert.Equal("192.0.2.7 192.0.2.2 Vxlan 0", bench.Place(1));
        bench.Sink.Done.Clear();
        bench.Withdraw(one, MacRoute("192.0.2.2", 1, ip: "10.0.0.1"));
        Assert.Equal(
            [
                "+ mac 100 02:00:00:00:00:01 192.0.2.8 192.0.2.2 Vxlan 0", "- mac 100 02:00:00:00:00:01 192.0.2.7",
                "+ ip 100 10.0.0.1 192.0.2.8 02:00:00:00:00:01", "- ip 100 10.0.0.1 192.0.2.7",
            ],
            bench.Sink.Done);
        bench.Withdraw(two, MacRoute("192.0.2.2", 1, ip: "10.0.0.1"));
        Assert.Equal(0, bench.Sink.Count);
    }

    [Fact]
    public void A_MAC_follows_the_higher_sequence_in_both_directions()
    {
        var bench = new RibBench();
        FakeSession peer = bench.Open("192.0.2.9");
        bench.Announce(peer, "192.0.2.2", 1);
        bench.Announce(peer, "192.0.2.3", 1, sequence: 1);
        Assert.Equal("192.0.2.9 192.0.2.3 Vxlan 1", bench.Place(1));
        Assert.Contains(bench.Rib.Explain(new Vni(V), Mac(1)).Steps, static s => s.Contains("higher mobility sequence (RFC 7432 §15)", StringComparison.Ordinal));
        bench.Withdraw(peer, MacRoute("192.0.2.2", 1));
        Assert.Equal("192.0.2.9 192.0.2.3 Vxlan 1", bench.Place(1));
        bench.Announce(peer, "192.0.2.2", 1, sequence: 2);
        Assert.Equal("192.0.2.9 192.0.2.2 Vxlan 2", bench.Place(1));
        bench.Withdraw(peer, MacRoute("192.0.2.3", 1));
        bench.Withdraw(peer, MacRoute("192.0.2.2", 1));
        Assert.Equal("-", bench.Place(1));
    }

    [Fact]
    public void At_equal_sequence_the_lowest_VTEP_has_it_whoever_came_first()
    {
        foreach (string[] order in new string[][] { ["192.0.2.2", "192.0.2.3"], ["192.0.2.3", "192.0.2.2"] })
        {
            var bench = new RibBench();
            FakeSession peer = bench.Open("192.0.2.9");
            foreach (string vtep in order)
            {
                bench.Announce(peer, vtep, 1, sequence: uint.MaxValue);
            }

            Assert.Equal($"192.0.2.9 192.0.2.2 Vxlan {uint.MaxValue}", bench.Place(1));
            Assert.Contains(bench.Rib.Explain(new Vni(V), Mac(1)).Steps, static s => s.Contains("lowest VTEP", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_sticky_MAC_does_not_follow_a_higher_sequence()
    {
        var bench = new RibBench();
        FakeSession peer = bench.Open("192.0.2.9");
        bench.Announce(peer, "192.0.2.3", 1, sticky: true);
        bench.Announce(peer, "192.0.2.2", 1, sequence: 7);
        Assert.Equal("192.0.2.9 192.0.2.3 Vxlan 0 sticky", bench.Place(1));
        Assert.Contains("sticky", bench.Rows()[^1].Reason ?? bench.Rows()[0].Reason, StringComparison.Ordinal);
        bench.Withdraw(peer, MacRoute("192.0.2.3", 1));
        Assert.Equal("192.0.2.9 192.0.2.2 Vxlan 7", bench.Place(1));
    }

    [Fact]
    public void A_route_that_gets_worse_gives_way()
    {
        var bench = new RibBench();
        FakeSession peer = bench.Open("192.0.2.9");
        bench.Announce(peer, "192.0.2.2", 1, sequence: 1);
        bench.Announce(peer, "192.0.2.3", 1, sequence: 3);
        bench.Announce(peer, "192.0.2.4", 1, sequence: 2);
        bench.Announce(peer, "192.0.2.3", 1);
        Assert.Equal("192.0.2.9 192.0.2.4 Vxlan 2", bench.Place(1));
    }

    [Fact]
    public void An_address_goes_with_the_MAC_of_the_higher_sequence()
    {
        var bench = new RibBench();
        FakeSession peer = bench.Open("192.0.2.9");
        bench.Announce(peer, "192.0.2.2", 1, ip: "10.0.0.1");
        bench.Announce(peer, "192.0.2.3", 2, sequence: 1, ip: "10.0.0.1");
        Assert.Equal(["192.0.2.9 02:00:00:00:00:02"], bench.Sink.At("ip 100 10.0.0.1"));
        bench.Withdraw(peer, MacRoute("192.0.2.3", 2, ip: "10.0.0.1"));
        Assert.Equal(["192.0.2.9 02:00:00:00:00:01"], bench.Sink.At("ip 100 10.0.0.1"));
    }

    [Fact]
    public void A_MAC_with_very_many_addresses_is_taken_and_withdrawn_in_time()
    {
        var bench = new RibBench();
        FakeSession peer = bench.Open("192.0.2.9");
        const int Count = 20_000;
        EvpnNlri[] routes = [.. Enumerable.Range(0, Count).Select(static i => MacRoute("192.0.2.2", 1, ip: $"fd00::{i >> 8:x}:{i & 0xFF:x}"))];
        bench.Announce(peer, From("192.0.2.2"), routes);
        Assert.Equal(Count + 1, bench.Sink.Count);
        bench.Withdraw(peer, routes);
        Assert.Equal(0, bench.Sink.Count);
    }

    [Fact]
    public void An_explanation_names_what_is_not_used_and_what_is_unknown()
    {
        var bench = new RibBench();
        FakeSession peer = bench.Open("192.0.2.9");
        bench.Announce(peer, From("192.0.2.1"), MacRoute("192.0.2.2", 1));
        EvpnExplanation explanation = bench.Rib.Explain(new Vni(V), Mac(1));
        Assert.Contains(explanation.Steps, static s => s.Contains("address of this host", StringComparison.Ordinal));
        _ = Assert.Single(explanation.Candidates);
        Assert.Contains("not configured", bench.Rib.Explain(new Vni(7), Mac(1)).Steps[0], StringComparison.Ordinal);
    }

    /// <summary>Announces MAC 1 with attributes that only a reflector adds.</summary>
    private static void Announce(RibBench bench, FakeSession session, PathAttributesBuilder attributes, uint? originator, int clusters)
    {
        if (originator is null)
        {
            bench.Announce(session, attributes, MacRoute("192.0.2.2", 1));
            return;
        }

        PathAttributes made = attributes.Build();
        byte[] raw = [.. made.Raw.Span, 0x80, 9, 4, 0, 0, 0, (byte)originator, .. clusters == 0 ? [] : (byte[])[0x80, 10, (byte)(4 * clusters), .. Enumerable.Range(1, 4 * clusters).Select(static i => (byte)i)]];
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        var writer = new UpdateWriter(output, 4096);
        writer.Begin(new PathAttributes { Raw = raw, NextHop = made.NextHop });
        writer.Add(MacRoute("192.0.2.2", 1));
        writer.End();
        bench.Deliver(session, output.WrittenSpan);
    }
}
