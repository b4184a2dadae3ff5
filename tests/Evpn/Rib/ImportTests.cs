using Overlay.Control.Evpn.Bgp.Session;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Control.Evpn.Options;
using Overlay.Control.Evpn.Queries;
using Overlay.Control.Evpn.Tests.Rib.Support;
using Overlay.Encap;
using static Overlay.Control.Evpn.Tests.Rib.Support.RibBench;

namespace Overlay.Control.Evpn.Tests.Rib;

/// <summary>What of a peer's routes reaches the control loop, and why not.</summary>
public sealed class ImportTests
{
    [Fact]
    public void A_MAC_route_becomes_a_MAC_of_its_VNI_and_a_withdraw_takes_it_back()
    {
        var bench = new RibBench();
        FakeSession peer = bench.Open("192.0.2.9");
        bench.Announce(peer, "192.0.2.2", 1);
        Assert.Equal("192.0.2.9 192.0.2.2 Vxlan 0", bench.Place(1));
        Assert.Equal("-", bench.Place(1, W));

        // Whatever a withdraw has besides the key does not matter (RFC 7432 §7).
        bench.Withdraw(peer, MacRoute("192.0.2.2", 1, esi: new EthernetSegmentId(3, 7), label: 4711));
        Assert.Equal("-", bench.Place(1));
        Assert.Empty(bench.Rows());
        Assert.Equal(0, bench.Rib.Figures().Attributes);
    }

    [Fact]
    public void An_update_with_the_same_key_replaces_whatever_else_changes()
    {
        var bench = new RibBench();
        FakeSession peer = bench.Open("192.0.2.9");
        bench.Announce(peer, "192.0.2.2", 1);
        bench.Announce(peer, From("192.0.2.3", W), MacRoute("192.0.2.2", 1, label: W, esi: new EthernetSegmentId(1, 1)));
        Assert.Equal("-", bench.Place(1));
        Assert.Equal("192.0.2.9 192.0.2.3 Vxlan 0", bench.Place(1, W));
        _ = Assert.Single(bench.Rows());
    }

    [Fact]
    public void A_route_with_an_address_gives_a_binding_besides()
    {
        var bench = new RibBench();
        FakeSession peer = bench.Open("192.0.2.9");
        bench.Announce(peer, "192.0.2.2", 1, ip: "10.0.0.1");
        bench.Announce(peer, "192.0.2.2", 1, ip: "fd00::1");
        bench.Announce(peer, From("192.0.2.2", V, ExtendedCommunity.ArpNd(ArpNdFlags.Override)), MacRoute("192.0.2.2", 1, ip: "fd00::2"));
        Assert.Equal(["192.0.2.9 02:00:00:00:00:01"], bench.Sink.At("ip 100 10.0.0.1"));

        // RFC 9161 §3.3: a router unless the community says otherwise.
        Assert.Equal(["192.0.2.9 02:00:00:00:00:01 router"], bench.Sink.At("ip 100 fd00::1"));
        Assert.Equal(["192.0.2.9 02:00:00:00:00:01"], bench.Sink.At("ip 100 fd00::2"));
        bench.Withdraw(peer, MacRoute("192.0.2.2", 1, ip: "10.0.0.1"), MacRoute("192.0.2.2", 1, ip: "fd00::1"));
        Assert.Empty(bench.Sink.At("ip 100 10.0.0.1"));
        Assert.Equal("192.0.2.9 192.0.2.2 Vxlan 0", bench.Place(1));
        bench.Withdraw(peer, MacRoute("192.0.2.2", 1, ip: "fd00::2"));
        Assert.Equal(0, bench.Sink.Count);
    }

    [Fact]
    public void A_multicast_route_floods_to_the_end_point_of_its_tunnel()
    {
        var bench = new RibBench();
        FakeSession peer = bench.Open("192.0.2.9");
        bench.Announce(peer, FloodFrom("192.0.2.2"), FloodRoute("192.0.2.2"));
        Assert.Equal(["192.0.2.9 Vxlan"], bench.Sink.At("flood 100 192.0.2.2"));

        // The tunnel counts, not the next hop (RFC 7432 §11.2).
        PathAttributesBuilder other = FloodFrom("192.0.2.2") with { Pmsi = new PmsiTunnel(0, 6, V, Ip("2001:db8::2")) };
        bench.Announce(peer, other, FloodRoute("192.0.2.2"));
        Assert.Empty(bench.Sink.At("flood 100 192.0.2.2"));
        Assert.Equal(["192.0.2.9 Vxlan"], bench.Sink.At("flood 100 2001:db8::2"));
        bench.Withdraw(peer, FloodRoute("192.0.2.2"));
        Assert.Equal(0, bench.Sink.Count);
    }

    [Fact]
    public void A_multicast_route_without_a_tunnel_is_as_if_withdrawn()
    {
        var bench = new RibBench();
        FakeSession peer = bench.Open("192.0.2.9");
        bench.Announce(peer, FloodFrom("192.0.2.2"), FloodRoute("192.0.2.2"));
        bench.Announce(peer, From("192.0.2.2"), FloodRoute("192.0.2.2"));
        Assert.Equal(0, bench.Sink.Count);
        Assert.Empty(bench.Rows());
        Assert.Equal(1, bench.Rib.Complete(new EvpnNeighborRow { Name = peer.Name, State = "established" }).Faults["pmsi-missing"]);
    }

    [Theory]
    [InlineData("192.0.2.1", "address of this host")]
    [InlineData("2001:db8::1", "address of this host")]
    [InlineData("224.0.0.1", "no unicast")]
    [InlineData("127.0.0.1", "no unicast")]
    [InlineData("0.0.0.0", "no unicast")]
    [InlineData("169.254.1.1", "link-local")]
    [InlineData("fe80::1", "link-local")]
    public void A_next_hop_that_frames_cannot_go_to_is_kept_and_not_used(string nextHop, string reason)
    {
        var bench = new RibBench();
        FakeSession peer = bench.Open("192.0.2.9");
        bench.Announce(peer, From("192.0.2.2") with { NextHop = Ip(nextHop) }, MacRoute("192.0.2.2", 1));
        Assert.Equal("-", bench.Place(1));
        Assert.Contains(reason, Assert.Single(bench.Rows()).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_next_hop_of_a_family_without_a_local_address_is_used_when_there_is_one()
    {
        var bench = new RibBench();
        bench.Rib.SetLocal([Ip("192.0.2.1")]);
        FakeSession peer = bench.Open("192.0.2.9");
        bench.Announce(peer, From("2001:db8::2"), MacRoute("192.0.2.2", 1));
        Assert.Equal("-", bench.Place(1));
        bench.Rib.SetLocal([Ip("192.0.2.1"), Ip("2001:db8::1")]);
        Assert.Equal("192.0.2.9 2001:db8::2 Vxlan 0", bench.Place(1));
        bench.Rib.SetLocal([Ip("192.0.2.1")]);
        Assert.Equal("-", bench.Place(1));
    }

    [Theory]
    [InlineData(65001u, V, true)]
    [InlineData(1u, V, true)]
    [InlineData(59905u, 0x1000_0000u | V, true)]
    [InlineData(1u, 0x1500_0000u | V, true)]
    [InlineData(65001u, 0x9000_0000u | V, false)]
    [InlineData(65001u, 0x2000_0000u | V, false)]
    [InlineData(65001u, W, false)]
    public void Automatic_targets_are_imported_in_both_forms_whatever_the_AS(uint number, uint local, bool isImported)
    {
        var bench = new RibBench();
        FakeSession peer = bench.Open("192.0.2.9");
        bench.Announce(peer, From("192.0.2.2") with { ExtendedCommunities = [ExtendedCommunity.RouteTargetOfAs2((ushort)number, local)] }, MacRoute("192.0.2.2", 1));
        Assert.Equal(isImported, bench.Place(1) != "-");
    }

    [Fact]
    public void Configured_targets_replace_the_automatic_ones()
    {
        ExtendedCommunity wanted = ExtendedCommunity.RouteTargetOfIPv4((uint)Ip("10.0.0.1").Lo, 7);
        var bench = new RibBench(DefaultOptions with { Vnis = DefaultOptions.Vnis.Add(new Vni(V), new EvpnVniOptions { Import = [wanted] }) });
        FakeSession peer = bench.Open("192.0.2.9");
        bench.Announce(peer, "192.0.2.2", 1);
        bench.Announce(peer, From("192.0.2.2") with { ExtendedCommunities = [wanted] }, MacRoute("192.0.2.2", 2));
        Assert.Equal("-", bench.Place(1));
        Assert.NotEqual("-", bench.Place(2));

        // A reload judges anew.
        bench.Rib.Apply(DefaultOptions);
        Assert.NotEqual("-", bench.Place(1));
        Assert.Equal("-", bench.Place(2));
    }

    [Fact]
    public void A_VNI_that_comes_and_goes_takes_its_routes_along()
    {
        var bench = new RibBench(start: false);
        FakeSession peer = bench.Open("192.0.2.9");
        bench.Rib.SetLocal([Ip("192.0.2.1")]);
        bench.Announce(peer, "192.0.2.2", 1, ip: "10.0.0.1");
        bench.Announce(peer, FloodFrom("192.0.2.2"), FloodRoute("192.0.2.2"));
        Assert.Equal(0, bench.Sink.Count);
        Assert.Contains("not configured here", bench.Rows()[0].Reason, StringComparison.Ordinal);
        bench.Rib.SetVnis(new Dictionary<uint, bool> { [V] = true });
        Assert.Equal(3, bench.Sink.Count);
        bench.Rib.SetVnis(new Dictionary<uint, bool> { [V] = false });
        Assert.Equal(0, bench.Sink.Count);
    }

    [Theory]
    [InlineData("vxlan geneve", "geneve vxlan", "Geneve")]
    [InlineData("geneve vxlan", "vxlan geneve", "Vxlan")]
    [InlineData("vxlan", "geneve vxlan", "Vxlan")]
    [InlineData("", "geneve vxlan", "Vxlan")]
    [InlineData("geneve", "vxlan", "-")]
    [InlineData("", "geneve", "-")]
    [InlineData("mpls", "geneve vxlan", "-")]
    public void The_encapsulation_is_the_first_of_ours_that_the_remote_offers(string offered, string ours, string chosen)
    {
        var bench = new RibBench(DefaultOptions with { Encaps = [.. ours.Split(' ').Select(static e => e == "vxlan" ? EncapKind.Vxlan : EncapKind.Geneve)] });
        FakeSession peer = bench.Open("192.0.2.9");
        ExtendedCommunity[] offers = [.. offered.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static e => ExtendedCommunity.Encapsulation(e switch
        {
            "vxlan" => TunnelType.Vxlan,
            "geneve" => TunnelType.Geneve,
            _ => TunnelType.Mpls,
        }))];
        bench.Announce(peer, From("192.0.2.2") with { ExtendedCommunities = [Target(), .. offers] }, MacRoute("192.0.2.2", 1));
        Assert.Equal(chosen == "-" ? "-" : $"192.0.2.9 192.0.2.2 {chosen} 0", bench.Place(1));
    }

    [Fact]
    public void Routes_that_came_round_are_not_taken_and_replace_what_was_there()
    {
        var bench = new RibBench();
        FakeSession external = bench.Open("192.0.2.8", peerAs: 65002);
        bench.Announce(external, From("192.0.2.2"), MacRoute("192.0.2.2", 1));
        Assert.NotEqual("-", bench.Place(1));
        bench.Announce(external, From("192.0.2.2") with { AsPath = [new AsSegment(2, [65002, 65001])] }, MacRoute("192.0.2.2", 1));
        Assert.Equal("-", bench.Place(1));
        Assert.Empty(bench.Rows());
        Assert.Equal(1, bench.Rib.Complete(new EvpnNeighborRow { Name = external.Name, State = "established" }).Faults["as-loop"]);
    }

    [Fact]
    public void Routes_of_other_types_are_held_and_shown()
    {
        var bench = new RibBench();
        FakeSession peer = bench.Open("192.0.2.9");
        var esi = new EthernetSegmentId(0x0001, 0x0203_0405_0607_0809);
        bench.Announce(
            peer,
            From("192.0.2.2"),
            new EvpnNlri { Type = EvpnRouteType.EthernetAutoDiscovery, Rd = Rd("192.0.2.2"), Esi = esi, EthernetTag = uint.MaxValue },
            new EvpnNlri { Type = EvpnRouteType.EthernetSegment, Rd = Rd("192.0.2.2"), Esi = esi, HasAddress = true, Address = Ip("192.0.2.2") },
            new EvpnNlri { Type = EvpnRouteType.IpPrefix, Rd = Rd("192.0.2.2"), HasAddress = true, Address = Ip("10.1.0.0"), PrefixLength = 16, Label = 4000 });
        Assert.Equal(0, bench.Sink.Count);
        Assert.Equal(
            ["[1]:[4294967295]:[00:01:02:03:04:05:06:07:08:09]", "[4]:[00:01:02:03:04:05:06:07:08:09]:[32]:[192.0.2.2]", "[5]:[0]:[16]:[10.1.0.0]"],
            bench.Rows().Select(static r => r.Prefix));
        Assert.Equal("10.1.0.0/16", bench.Rows(new EvpnRouteFilter(Type: 5))[0].Address);
        bench.Withdraw(
            peer,
            new EvpnNlri { Type = EvpnRouteType.EthernetSegment, Rd = Rd("192.0.2.2"), Esi = esi, HasAddress = true, Address = Ip("192.0.2.2") },
            new EvpnNlri { Type = EvpnRouteType.EthernetAutoDiscovery, Rd = Rd("192.0.2.2"), Esi = esi, EthernetTag = uint.MaxValue });
        _ = Assert.Single(bench.Rows());
    }

    [Fact]
    public void A_withdrawn_segment_takes_its_MACs_and_gives_them_back()
    {
        var bench = new RibBench();
        FakeSession peer = bench.Open("192.0.2.9");
        var esi = new EthernetSegmentId(1, 2);
        EvpnNlri discovery = new() { Type = EvpnRouteType.EthernetAutoDiscovery, Rd = Rd("192.0.2.2"), Esi = esi, EthernetTag = uint.MaxValue };

        // A VTEP that never sent one is not asked for it.
        bench.Announce(peer, From("192.0.2.2"), MacRoute("192.0.2.2", 1, esi: esi), MacRoute("192.0.2.2", 2));
        bench.Announce(peer, From("192.0.2.3"), MacRoute("192.0.2.3", 3, esi: esi));
        Assert.NotEqual("-", bench.Place(1));
        bench.Announce(peer, From("192.0.2.2"), discovery);
        bench.Withdraw(peer, discovery);
        Assert.Equal("-", bench.Place(1));
        Assert.NotEqual("-", bench.Place(2));
        Assert.NotEqual("-", bench.Place(3));
        Assert.Contains("8.2", bench.Rows(new EvpnRouteFilter(Mac: Mac(1)))[0].Reason, StringComparison.Ordinal);
        bench.Announce(peer, From("192.0.2.2"), discovery);
        Assert.NotEqual("-", bench.Place(1));
    }

    [Fact]
    public void A_withdrawn_segment_is_remembered_for_as_long_as_a_MAC_hangs_on_it_and_no_longer()
    {
        var bench = new RibBench();
        FakeSession peer = bench.Open("192.0.2.9");
        bench.EndOfRib(peer);
        for (int i = 1; i <= 100; i++)
        {
            var esi = new EthernetSegmentId(1, (ulong)i);
            EvpnNlri discovery = new() { Type = EvpnRouteType.EthernetAutoDiscovery, Rd = Rd("192.0.2.2"), Esi = esi, EthernetTag = uint.MaxValue };
            bench.Announce(peer, From("192.0.2.2"), MacRoute("192.0.2.2", i, esi: esi), discovery);
            bench.Withdraw(peer, discovery);
            if (i > 1)
            {
                bench.Withdraw(peer, MacRoute("192.0.2.2", i, esi: esi));
            }
        }

        bench.Clock.Advance(TimeSpan.FromMinutes(1));
        bench.Rib.Tick();
        Assert.Equal(1, bench.Rib.SegmentCount);
        Assert.Equal("-", bench.Place(1));
        bench.Withdraw(peer, MacRoute("192.0.2.2", 1, esi: new EthernetSegmentId(1, 1)));
        bench.Clock.Advance(TimeSpan.FromMinutes(1));
        bench.Rib.Tick();
        Assert.Equal(0, bench.Rib.SegmentCount);
    }

    [Fact]
    public void A_peer_that_gives_more_than_it_may_is_ended_with_Cease_1()
    {
        EvpnOptions options = DefaultOptions with { Neighbors = [new EvpnNeighborOptions { Address = Ip("192.0.2.9"), MaxPrefixes = 3 }] };
        var bench = new RibBench(options);
        FakeSession peer = bench.Open("192.0.2.9");
        for (int i = 1; i <= 3; i++)
        {
            bench.Announce(peer, "192.0.2.2", i);
        }

        Assert.Null(peer.Ended);
        bench.Announce(peer, "192.0.2.2", 4);
        Assert.Equal((BgpErrorCode.Cease, (byte)1), (peer.Ended!.Value.Code, peer.Ended.Value.Subcode));
        Assert.Equal([0, 25, 70, 0, 0, 0, 3], peer.Ended.Value.Data.ToArray());

        // What it gave stays in force: losing a session removes nothing.
        bench.Lose(peer, BgpCloseKind.NotificationSent);
        Assert.NotEqual("-", bench.Place(1));
    }

    [Fact]
    public void Routes_beyond_the_limit_of_all_are_refused_and_counted()
    {
        var bench = new RibBench(DefaultOptions with { RouteLimit = 2 });
        FakeSession peer = bench.Open("192.0.2.9");
        for (int i = 1; i <= 3; i++)
        {
            bench.Announce(peer, "192.0.2.2", i);
        }

        Assert.Equal(2, bench.Rows().Length);
        Assert.Equal(1, bench.Rib.Figures().Refused);
        Assert.Null(peer.Ended);
        bench.Withdraw(peer, MacRoute("192.0.2.2", 1));
        bench.Announce(peer, "192.0.2.2", 3);
        Assert.NotEqual("-", bench.Place(3));
    }
}
