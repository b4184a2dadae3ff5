using Overlay.Control.Queries;
using Overlay.Control.Tests.Support;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using static Overlay.Control.Tests.Support.Bench;

namespace Overlay.Control.Tests;

public sealed class VtepTests
{
    [Fact]
    public void A_dual_stack_vtep_gets_one_copy_of_a_flooded_frame()
    {
        var bench = new Bench();
        bench.Peer(bench.Static, "b", "192.0.2.2", "2001:db8::2");
        Assert.Single(bench.Writer.FloodList(V));
        Assert.Equal("192.0.2.2 2001:db8::2", bench.Allows());

        // Another plane names each of the addresses; it is the same VTEP all the same.
        bench.Flood(bench.Evpn, "192.0.2.2");
        bench.Flood(bench.Evpn, "2001:db8::2");
        Assert.Equal("b", bench.Floods());
        bench.Route(bench.Evpn, 1, "2001:db8::2");
        Assert.Equal("b", bench.Place(1));
        Assert.Equal(["192.0.2.2", "2001:db8::2"], Assert.Single(bench.Core.Vteps()).AlsoKnownAs);
    }

    [Fact]
    public void A_plane_may_name_a_vtep_by_address_alone()
    {
        var bench = new Bench();
        bench.Flood(bench.Evpn, "192.0.2.7");
        bench.Route(bench.Evpn, 1, "192.0.2.7");
        Assert.Equal(("192.0.2.7", "192.0.2.7"), (bench.Place(1), bench.Allows()));

        // When the peer is configured, what was said of the address is said of the peer.
        bench.Peer(bench.Static, "g", "192.0.2.7");
        Assert.Equal(("g", "g"), (bench.Place(1), bench.Floods()));
        bench.Static.BeginResync(ResyncScope.Plane);
        bench.Complete(bench.Static, ResyncScope.Plane);
        Assert.Equal(("192.0.2.7", "192.0.2.7"), (bench.Place(1), bench.Floods()));
    }

    [Fact]
    public void What_was_learned_follows_the_encapsulation_of_the_flood_route()
    {
        var bench = new Bench();
        bench.Core.Describe(bench.Static, null, Vtep("c", "192.0.2.3") with { Encap = EncapKind.Vxlan, Port = 8472 });
        bench.Flood(bench.Static, "c", encap: EncapKind.Geneve);
        bench.FromVtep(1, "192.0.2.3");
        Assert.Equal((EncapKind.Geneve, (ushort)6081), (bench.Spec(1).Encap, bench.Spec(1).Port));

        bench.Flood(bench.Static, "c");
        Assert.Equal((EncapKind.Vxlan, (ushort)8472), (bench.Spec(1).Encap, bench.Spec(1).Port));

        bench.Flood(bench.Static, "c", encap: EncapKind.Geneve);
        Assert.Equal((EncapKind.Geneve, (ushort)6081), (bench.Spec(1).Encap, bench.Spec(1).Port));
    }

    [Fact]
    public void The_address_is_of_a_family_we_have_and_is_chosen_anew_when_that_changes()
    {
        var bench = new Bench();
        bench.Peer(bench.Static, "b", "192.0.2.2", "2001:db8::2");
        bench.Peer(bench.Static, "six", "2001:db8::6");
        bench.Route(bench.Static, 1, "b");
        bench.Route(bench.Static, 2, "six");
        Assert.Equal(Ip("192.0.2.2"), bench.Spec(1).Address);

        SetLocal(bench, "2001:db8::1");
        Assert.Equal((Ip("2001:db8::2"), "six"), (bench.Spec(1).Address, bench.Place(2)));
        Assert.Equal("b six", bench.Floods());

        SetLocal(bench, "192.0.2.1");
        Assert.Equal(Ip("192.0.2.2"), bench.Spec(1).Address);
        Assert.Equal(("-", "b"), (bench.Place(2), bench.Floods()));
        Assert.Equal(PrecedenceRule.NotUsable, Assert.Single(bench.Core.FdbWhy(new Vni(V), Mac(2)).Candidates).Rule);

        SetLocal(bench);
        Assert.Equal(("-", "", ""), (bench.Place(1), bench.Floods(), bench.Allows()));
        Assert.Empty(bench.Writer.VtepNames);

        SetLocal(bench, "192.0.2.1", "2001:db8::1");
        Assert.Equal(("b", "six", "b six"), (bench.Place(1), bench.Place(2), bench.Floods()));
    }

    [Fact]
    public void A_route_to_ourselves_is_never_used()
    {
        var bench = new Bench();
        bench.Flood(bench.Evpn, "192.0.2.1");
        bench.Route(bench.Evpn, 1, "192.0.2.1");
        Assert.Equal(("-", "", ""), (bench.Place(1), bench.Floods(), bench.Allows()));
    }

    [Fact]
    public void Encapsulation_goes_by_vni_then_ask_then_peer_then_vxlan()
    {
        var bench = new Bench();
        bench.Describe(bench.Static, Vtep("b", "192.0.2.2") with { Encap = EncapKind.Geneve, Port = 7777 });
        bench.Flood(bench.Static, "b");
        bench.Flood(bench.Static, "b", W, EncapKind.Vxlan);
        bench.Route(bench.Static, 1, "b");
        Assert.Equal((EncapKind.Geneve, 7777), (bench.Spec(1).Encap, bench.Spec(1).Port));

        void Ask(int mac, uint vni) => bench.Core.Upsert(
            bench.Evpn, null, new MacRoute(new Vni(vni), Mac(mac), new NextHopRef(new VtepEndpoint("192.0.2.2"), Ip("192.0.2.2"), EncapKind.Vxlan, 8472, 0)));
        Ask(2, V);
        bench.Core.Upsert(
            bench.Evpn, null, new MacRoute(new Vni(W), Mac(3), new NextHopRef(new VtepEndpoint("192.0.2.2"), Ip("192.0.2.2"), EncapKind.Geneve, 9999, 0)));
        bench.Core.Flush();
        Assert.Equal((EncapKind.Vxlan, 8472), (bench.Spec(2).Encap, bench.Spec(2).Port));
        Assert.Equal((EncapKind.Vxlan, 4789), (bench.Spec(3, W).Encap, bench.Spec(3, W).Port));
        bench.Route(bench.Evpn, 4, "192.0.2.9");
        Assert.Equal((EncapKind.Vxlan, 4789), (bench.Spec(4).Encap, bench.Spec(4).Port));
    }

    [Fact]
    public void Only_vteps_with_a_route_in_the_vni_are_admitted_to_it()
    {
        var bench = new Bench();
        bench.Describe(bench.Static, Vtep("b", "192.0.2.2") with { AlsoFrom = [Ip("192.0.2.202")] });
        bench.Describe(bench.Static, Vtep("c", "192.0.2.3"));
        Assert.Equal("", bench.Allows());
        bench.Flood(bench.Static, "b");
        Assert.Equal(("192.0.2.2 192.0.2.202", ""), (bench.Allows(), bench.Allows(W)));
        bench.Route(bench.Evpn, 1, "c", vni: W);
        Assert.Equal(("192.0.2.3", ""), (bench.Allows(W), bench.Floods(W)));
        bench.Withdraw(bench.Evpn, 1, vni: W);
        Assert.Equal("", bench.Allows(W));
    }

    [Fact]
    public void A_vtep_that_a_plane_names_by_address_is_admitted_from_all_that_its_description_says()
    {
        var bench = new Bench();
        bench.Describe(bench.Static, Vtep("b", "192.0.2.2") with { AlsoFrom = [Ip("192.0.2.202")] });
        bench.Flood(bench.Evpn, "192.0.2.2");
        Assert.Equal("192.0.2.2 192.0.2.202", bench.Allows());
    }

    [Fact]
    public void What_was_learned_from_a_vtep_goes_with_its_admission()
    {
        var bench = new Bench();
        bench.Peer(bench.Static, "b", "192.0.2.2");
        bench.FromVtep(1, "192.0.2.2");
        Assert.Equal("b", bench.Place(1));
        bench.Core.WithdrawFlood(bench.Static, null, new Vni(V), To("b"));
        bench.Core.Flush();
        Assert.Equal(("-", "", ""), (bench.Place(1), bench.Floods(), bench.Allows()));
        Assert.Equal(0, bench.Core.LearnCounters().InForce);
    }

    [Fact]
    public void Remote_learning_is_off_where_a_plane_serves_the_vni()
    {
        var bench = new Bench();
        bench.Peer(bench.Static, "b", "192.0.2.2");
        Assert.True(bench.Writer.IsLearning(V));
        bench.Flood(bench.Evpn, "b");
        Assert.Equal((false, true), (bench.Writer.IsLearning(V), bench.Writer.IsLearning(W)));
        bench.ApplyVni(static v => v with { RemoteLearning = true });
        Assert.True(bench.Writer.IsLearning(V));
        bench.ApplyVni(static v => v with { RemoteLearning = null });
        bench.Core.WithdrawFlood(bench.Evpn, null, new Vni(V), To("b"));
        bench.Core.Flush();
        Assert.True(bench.Writer.IsLearning(V));
    }

    [Fact]
    public void A_vtep_that_is_down_stays_down_over_the_coming_and_going_of_its_next_hops()
    {
        var bench = new Bench();
        bench.Peer(bench.Static, "b", "192.0.2.2");
        Assert.True(bench.Core.SetVtepState(new VtepEndpoint("b"), VtepState.Down));
        Assert.Equal(VtepState.Down, bench.Writer.StateOf("b"));
        SetLocal(bench);
        SetLocal(bench, "192.0.2.1");
        Assert.Equal(VtepState.Down, bench.Writer.StateOf("b"));
        Assert.False(bench.Core.SetVtepState(new VtepEndpoint("nobody"), VtepState.Down));
    }

    [Fact]
    public void A_group_follows_its_definition_and_its_members()
    {
        var bench = new Bench();
        bench.Describe(bench.Static, Vtep("b", "192.0.2.2"));
        bench.Describe(bench.Static, Vtep("c", "192.0.2.3"));
        bench.Describe(bench.Static, Vtep("six", "2001:db8::6"));
        bench.Core.Upsert(bench.Evpn, null, new MacRoute(new Vni(V), Mac(1), NextHopRef.ToGroup(5)));
        bench.Core.Flush();
        Assert.Equal("-", bench.Place(1));
        bench.Core.UpsertGroup(bench.Evpn, 5, [To("b"), To("six")]);
        bench.Core.Flush();
        Assert.Equal("[b six]", bench.Place(1));
        Assert.Equal("192.0.2.2 2001:db8::6", bench.Allows());
        SetLocal(bench, "192.0.2.1");
        Assert.Equal("[b]", bench.Place(1));
        bench.Core.UpsertGroup(bench.Evpn, 5, [To("b"), To("c")]);
        bench.Core.Flush();
        Assert.Equal("[b c]", bench.Place(1));
        bench.Core.WithdrawGroup(bench.Evpn, 5);
        bench.Core.Flush();
        Assert.Equal(("-", 0), (bench.Place(1), bench.Writer.NextHopCount));
    }

    [Fact]
    public void Link_local_addresses_are_for_the_configuration_alone()
    {
        var bench = new Bench();
        bench.Peer(bench.Evpn, "x", "fe80::7");
        Assert.Equal("", bench.Floods());
        bench.Peer(bench.Static, "y", "fe80::8");
        Assert.Equal("y", bench.Floods());
    }

    [Fact]
    public void Routes_of_a_vni_that_is_not_configured_wait_for_it()
    {
        var bench = new Bench();
        bench.Describe(bench.Evpn, Vtep("b", "192.0.2.2"));
        bench.Flood(bench.Evpn, "b", 300);
        bench.Route(bench.Evpn, 1, "b", vni: 300);
        Assert.Equal(0, bench.Writer.NextHopCount);
        Assert.Contains("not configured", bench.Core.FdbWhy(new Vni(300), Mac(1)).Verdict, StringComparison.Ordinal);

        bench.Writer.AddVni(300);
        bench.Apply(bench.Topology with { Vnis = [.. bench.Topology.Vnis, new VniSpec { Vni = new Vni(300) }] });
        Assert.Equal(("b", "b", "192.0.2.2"), (bench.Place(1, 300), bench.Floods(300), bench.Allows(300)));

        bench.Writer.RemoveVni(300);
        bench.Apply(bench.Topology with { Vnis = bench.Topology.Vnis.RemoveAt(2) });
        Assert.Equal(0, bench.Writer.NextHopCount);
        bench.Writer.AddVni(300);
        bench.Apply(bench.Topology with { Vnis = [.. bench.Topology.Vnis, new VniSpec { Vni = new Vni(300) }] });
        Assert.Equal(("b", "b"), (bench.Place(1, 300), bench.Floods(300)));
    }

    [Fact]
    public void A_port_that_goes_takes_its_macs_along_and_a_new_index_carries_them()
    {
        var bench = new Bench();
        bench.OnPort(1, 0);
        bench.OnPort(2, 1);
        bench.Core.SetTopology(bench.Topology, new Dictionary<string, PortId> { ["p0"] = new(7), ["p1"] = new(1) });
        bench.Core.Flush();
        Assert.Equal(("p7", "p1"), (bench.Place(1), bench.Place(2)));
        bench.Apply(bench.Topology with { Ports = bench.Topology.Ports.Remove("p1") });
        Assert.Equal(("p0", "-"), (bench.Place(1), bench.Place(2)));
        bench.ApplyVni(static v => v with { Ports = [] });
        Assert.Equal("-", bench.Place(1));
        bench.OnPort(1, 0);
        Assert.Equal("-", bench.Place(1));
    }

    [Fact]
    public void Pages_hold_every_mac_once()
    {
        var bench = new Bench();
        bench.Peer(bench.Evpn, "b", "192.0.2.2");
        for (int i = 1; i <= 25; i++)
        {
            bench.Route(bench.Evpn, i, "b", vni: i % 2 == 0 ? V : W);
        }

        var seen = new List<MacAddress>();
        long cursor = 0;
        do
        {
            FdbPage page = bench.Core.FdbShow(null, cursor, 4);
            Assert.InRange(page.Rows.Length, 1, 4);
            seen.AddRange(page.Rows.Select(static r => r.Mac));
            cursor = page.Next;
        }
        while (cursor != 0);
        Assert.Equal(Enumerable.Range(1, 25).Select(Mac), seen.Order());
        Assert.Equal(12, bench.Core.FdbShow(new Vni(V), 0, 100).Rows.Length);
    }

    private static void SetLocal(Bench bench, params string[] addresses)
    {
        bench.Core.SetLocalAddresses([.. addresses.Select(Ip)]);
        bench.Core.Flush();
    }
}
