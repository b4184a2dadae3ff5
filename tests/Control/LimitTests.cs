using Overlay.Control.Tests.Support;
using Overlay.Encap;
using Overlay.Forwarding;
using static Overlay.Control.Tests.Support.Bench;

namespace Overlay.Control.Tests;

public sealed class LimitTests
{
    [Fact]
    public void Exactly_the_limit_of_a_vni_is_learned_and_static_is_never_refused()
    {
        var bench = new Bench(vni: static v => v with { LearnLimit = 8 });
        bench.Peer(bench.Static, "b", "192.0.2.2");
        for (int i = 1; i <= 16; i++)
        {
            bench.OnPort(i, i % 2);
        }

        Assert.Equal(8, bench.Writer.MacCount(V));
        Assert.Equal(8, bench.Core.LearnCounters().RefusedByVni);
        bench.Route(bench.Static, 100, "b");
        Assert.Equal("b", bench.Place(100));
        bench.Route(bench.Static, 9, "b");
        Assert.Equal("b", bench.Place(9));
        Assert.Equal("learn_limit_vni", Assert.Single(bench.Core.Alarms()).Name);
        Assert.Equal("p1", bench.Place(1));
    }

    [Fact]
    public void A_limit_of_zero_learns_nothing_and_is_no_alarm()
    {
        var bench = new Bench(vni: static v => v with { LearnLimit = 1 });
        bench.Peer(bench.Static, "b", "192.0.2.2");
        bench.OnPort(1, 0);
        bench.OnPort(2, 0);
        Assert.Single(bench.Core.Alarms());
        bench.ApplyVni(static v => v with { LearnLimit = 0 });
        bench.OnPort(3, 0);
        bench.FromVtep(4, "192.0.2.2");
        bench.Pass(TimeSpan.FromSeconds(2));
        Assert.Equal(("-", "-"), (bench.Place(3), bench.Place(4)));
        Assert.Empty(bench.Core.Alarms());
        bench.Core.SetPort("p0", true, Mac(60));
        Assert.Equal("p0", bench.Place(60));

        var port = new Bench(portLimit: 0, vni: static v => v with { VtepLearnLimit = 0 });
        port.Peer(port.Static, "b", "192.0.2.2");
        port.OnPort(1, 0);
        port.FromVtep(2, "192.0.2.2");
        Assert.Equal(("-", "-"), (port.Place(1), port.Place(2)));
        Assert.Empty(port.Core.Alarms());
    }

    [Fact]
    public void Flood_routes_and_neighbours_count_as_routes()
    {
        var bench = new Bench(new ControlOptions { RouteLimit = 2 });
        bench.Peer(bench.Evpn, "b", "192.0.2.2");
        bench.Peer(bench.Evpn, "c", "192.0.2.3");
        bench.Peer(bench.Evpn, "d", "192.0.2.4");
        Assert.Equal(2, bench.Core.RouteCount);
        Assert.Equal("b c", bench.Floods());
        Assert.Equal("route_limit", Assert.Single(bench.Core.Alarms()).Name);
        bench.Flood(bench.Evpn, "c", encap: EncapKind.Geneve);
        bench.Core.Upsert(bench.Evpn, null, new NeighborRoute(new Vni(V), Ip("10.0.0.1"), Mac(1), false));
        Assert.Equal((2, 2), (bench.Core.RouteCount, bench.Evpn.Refused));
    }

    [Fact]
    public void A_vni_that_only_a_plane_named_goes_with_its_last_route()
    {
        const uint Foreign = 7000;
        var bench = new Bench();
        bench.Core.Describe(bench.Evpn, null, Vtep("b", "192.0.2.2"));
        bench.Flood(bench.Evpn, "b", Foreign);
        bench.Route(bench.Evpn, 1, "b", vni: Foreign);
        bench.Core.Upsert(bench.Evpn, null, new NeighborRoute(new Vni(Foreign), Ip("10.0.0.1"), Mac(1), false));
        Assert.Contains(bench.Core.Vnis(), static row => row.Vni.Value == Foreign);
        bench.Core.WithdrawFlood(bench.Evpn, null, new Vni(Foreign), To("b"));
        bench.Withdraw(bench.Evpn, 1, vni: Foreign);
        Assert.Contains(bench.Core.Vnis(), static row => row.Vni.Value == Foreign);
        bench.Core.WithdrawNeighbor(bench.Evpn, null, new Vni(Foreign), Ip("10.0.0.1"));
        bench.Core.Flush();
        Assert.Equal([V, W], bench.Core.Vnis().Select(static row => row.Vni.Value));
    }

    [Fact]
    public void Planes_name_a_bounded_number_of_vnis()
    {
        var bench = new Bench(new ControlOptions { VniLimit = 4 });
        bench.Core.Describe(bench.Evpn, null, Vtep("b", "192.0.2.2"));
        bench.Flood(bench.Evpn, "b", 7000);
        bench.Route(bench.Evpn, 1, "b", vni: 7001);
        bench.Flood(bench.Evpn, "b", 7002);
        bench.Route(bench.Evpn, 1, "b", vni: 7003);
        bench.Core.Upsert(bench.Evpn, null, new NeighborRoute(new Vni(7004), Ip("10.0.0.1"), Mac(1), false));
        Assert.Equal([V, W, 7000u, 7001u], bench.Core.Vnis().Select(static row => row.Vni.Value));
        Assert.Equal("vni_limit", Assert.Single(bench.Core.Alarms()).Name);
        bench.Withdraw(bench.Evpn, 1, vni: 7001);
        bench.Pass(TimeSpan.FromSeconds(2));
        Assert.Empty(bench.Core.Alarms());
    }

    [Fact]
    public void Nothing_is_evicted_and_room_is_used_again()
    {
        var bench = new Bench(vni: static v => v with { LearnLimit = 2 });
        bench.Peer(bench.Static, "b", "192.0.2.2");
        bench.OnPort(1, 0);
        bench.OnPort(2, 0);
        bench.OnPort(3, 0);
        Assert.Equal(("p0", "p0", "-"), (bench.Place(1), bench.Place(2), bench.Place(3)));
        bench.Route(bench.Static, 1, "b");
        bench.OnPort(3, 0);
        Assert.Equal("p0", bench.Place(3));
        bench.Route(bench.Static, 2, "b");
        bench.Pass(TimeSpan.FromSeconds(2));
        Assert.Empty(bench.Core.Alarms());
    }

    [Fact]
    public void A_port_has_a_limit_of_its_own()
    {
        var bench = new Bench(portLimit: 3);
        for (int i = 1; i <= 5; i++)
        {
            bench.OnPort(i, 0);
        }

        bench.OnPort(6, 1);
        Assert.Equal(4, bench.Writer.MacCount(V));
        Assert.Equal(2, bench.Core.LearnCounters().RefusedByPort);

        // A MAC cannot move to a full port; it stays where it was.
        bench.OnPort(6, 0);
        Assert.Equal("p1", bench.Place(6));
        bench.OnPort(1, 1);
        bench.OnPort(6, 0);
        Assert.Equal(("p1", "p0"), (bench.Place(1), bench.Place(6)));
        Assert.Equal("port p0", Assert.Single(bench.Core.Alarms()).Subject);
    }

    [Fact]
    public void A_vtep_has_a_limit_of_its_own_whatever_address_it_sends_from()
    {
        var bench = new Bench(vni: static v => v with { VtepLearnLimit = 4 });
        bench.Peer(bench.Static, "b", "192.0.2.2", "2001:db8::2");
        bench.Peer(bench.Static, "c", "192.0.2.3");
        for (int i = 1; i <= 6; i++)
        {
            bench.FromVtep(i, i % 2 == 0 ? "192.0.2.2" : "2001:db8::2");
        }

        bench.FromVtep(7, "192.0.2.3");
        Assert.Equal(5, bench.Writer.MacCount(V));
        Assert.Equal(2, bench.Core.LearnCounters().RefusedByVtep);
        Assert.Equal("vni 100, peer b", Assert.Single(bench.Core.Alarms()).Subject);
    }

    [Fact]
    public void The_daemon_has_a_limit_over_all_vnis()
    {
        var bench = new Bench(new ControlOptions { LearnLimit = 3 });
        for (int i = 1; i <= 5; i++)
        {
            bench.OnPort(i, 0);
        }

        bench.Core.SetPort("p1", true, Mac(60));
        Assert.Equal(4, bench.Writer.MacCount(V));
        Assert.Equal(2, bench.Core.LearnCounters().RefusedByTotal);
        Assert.Equal("learn_limit_total", Assert.Single(bench.Core.Alarms()).Name);
    }

    [Fact]
    public void Routes_have_a_limit_and_known_ones_may_still_change()
    {
        var bench = new Bench(new ControlOptions { RouteLimit = 4 });
        bench.Peer(bench.Evpn, "b", "192.0.2.2");
        bench.Peer(bench.Evpn, "c", "192.0.2.3");
        for (int i = 1; i <= 4; i++)
        {
            bench.Route(bench.Evpn, i, "b");
        }

        Assert.Equal(2, bench.Writer.MacCount(V));
        bench.Route(bench.Evpn, 1, "c");
        Assert.Equal("c", bench.Place(1));
        Assert.Equal("route_limit", Assert.Single(bench.Core.Alarms()).Name);
    }

    [Fact]
    public void A_full_table_leaves_routes_waiting_and_takes_them_when_there_is_room()
    {
        var bench = new Bench();
        bench.Peer(bench.Evpn, "b", "192.0.2.2");
        bench.Writer.Capacity = 2;
        for (int i = 1; i <= 3; i++)
        {
            bench.Route(bench.Evpn, i, "b");
        }

        Assert.Equal("fdb_full", Assert.Single(bench.Core.Alarms()).Name);
        Assert.Contains("full", bench.Core.FdbWhy(new Vni(V), Mac(3)).Verdict, StringComparison.Ordinal);
        bench.Withdraw(bench.Evpn, 1);
        bench.Pass(TimeSpan.FromSeconds(3));
        Assert.Equal("b", bench.Place(3));
        Assert.Empty(bench.Core.Alarms());
    }

    [Fact]
    public void Prefixes_admit_a_bounded_number_of_vteps()
    {
        var bench = new Bench(new ControlOptions { ImplicitVtepLimit = 3 }, static v => v with { Allow = [Prefix("198.51.100.0/24")] });
        for (int i = 1; i <= 5; i++)
        {
            bench.FromVtep(i, $"198.51.100.{i}", encap: EncapKind.Geneve);
        }

        Assert.Equal(3, bench.Writer.MacCount(V));
        Assert.Equal(("198.51.100.1", EncapKind.Geneve, 6081), (bench.Place(1), bench.Spec(1).Encap, (int)bench.Spec(1).Port));
        Assert.Equal("198.51.100.1 198.51.100.2 198.51.100.3", bench.Allows());
        Assert.Equal("", bench.Floods());
        Assert.Equal("implicit_vtep_limit", Assert.Single(bench.Core.Alarms()).Name);
        bench.FromVtep(6, "198.51.100.2");
        Assert.Equal("198.51.100.2", bench.Place(6));

        // They go with their MACs, and with the prefix.
        bench.Pass(TimeSpan.FromSeconds(330));
        Assert.Equal(0, bench.Writer.MacCount(V));
        Assert.Equal("", bench.Allows());
        Assert.Equal(0, bench.Writer.NextHopCount);
        bench.FromVtep(7, "198.51.100.9");
        Assert.Equal("198.51.100.9", bench.Place(7));
        bench.ApplyVni(static v => v with { Allow = [] });
        Assert.Equal(("-", ""), (bench.Place(7), bench.Allows()));
    }

    [Fact]
    public void Nothing_is_learned_from_a_source_that_the_prefixes_no_longer_hold()
    {
        // Between the frame and the hint the prefix may have changed.
        var bench = new Bench(vni: static v => v with { Allow = [Prefix("198.51.100.0/24")] });
        int before = bench.Writer.Writes;
        bench.Core.Hint(new LearnHint { Vni = new Vni(V), Mac = Mac(1), Source = Ip("203.0.113.1"), Encap = EncapKind.Vxlan, SourceHasNoNextHop = true });
        bench.Core.Flush();
        Assert.Equal((before, 0, "-"), (bench.Writer.Writes, bench.Core.LearnCounters().Learned, bench.Place(1)));
    }

    [Fact]
    public void A_crowd_of_new_vteps_settles_a_vni_once()
    {
        var bench = new Bench(vni: static v => v with { Allow = [Prefix("198.51.100.0/24")] });
        int before = bench.Writer.Writes;
        for (int i = 1; i <= 100; i++)
        {
            bench.Core.Hint(new LearnHint { Vni = new Vni(V), Mac = Mac(i), Source = Ip($"198.51.100.{i}"), Encap = EncapKind.Vxlan, SourceHasNoNextHop = true });
            bench.Core.Hint(new LearnHint { Vni = new Vni(V), Mac = Mac(1000 + i), Source = Ip($"198.51.100.{i}"), Encap = EncapKind.Vxlan, SourceHasNoNextHop = true });
        }

        bench.Core.Flush();
        Assert.Equal((200, 200), (bench.Writer.MacCount(V), bench.Core.LearnCounters().Learned));
        Assert.Equal(("198.51.100.7", "198.51.100.7"), (bench.Place(7), bench.Place(1007)));

        // The MACs, a VTEP and a next hop each, and the allow-list once.
        Assert.Equal(401, bench.Writer.Writes - before);
    }

    private static UnderlayPrefix Prefix(string text)
    {
        Assert.True(UnderlayPrefix.TryParse(text, out UnderlayPrefix prefix));
        return prefix;
    }
}
