using Overlay.Control.Queries;
using Overlay.Control.Tests.Support;
using Overlay.Encap;
using Overlay.Forwarding;
using static Overlay.Control.Tests.Support.Bench;

namespace Overlay.Control.Tests;

public sealed class MoveTests
{
    [Fact]
    public void A_local_mac_is_learned_and_told()
    {
        Bench bench = Ready();
        bench.OnPort(1, 0);
        Assert.Equal("p0", bench.Place(1));
        Assert.Equal(FdbOrigin.Local, bench.Origin(1));
        LocalEvent fact = Assert.Single(bench.Told(bench.Evpn));
        Assert.Equal((LocalEventKind.MacLearned, Mac(1), "p0", 0u), (fact.Kind, fact.Mac, fact.Port, fact.Sequence));
    }

    [Fact]
    public void A_ports_own_mac_does_not_age_even_if_it_spoke_before_it_was_announced()
    {
        Bench bench = new(portLimit: 1);
        bench.OnPort(1, 0);
        bench.Core.SetPort("p0", isUp: true, Mac(1));
        bench.Pass(TimeSpan.FromHours(1));
        Assert.Equal("p0", bench.Place(1));

        // Nor does it count against the port's limit.
        bench.OnPort(2, 0);
        Assert.Equal("p0", bench.Place(2));
    }

    [Fact]
    public void A_mac_on_another_port_moves_and_is_told_once()
    {
        Bench bench = Ready();
        bench.OnPort(1, 0);
        bench.OnPort(1, 1);
        bench.OnPort(1, 1);
        Assert.Equal("p1", bench.Place(1));
        Assert.Equal([LocalEventKind.MacLearned, LocalEventKind.MacMoved], bench.Told(bench.Evpn).Select(static e => e.Kind));
        Assert.Equal(1, bench.Core.FdbWhy(new Vni(V), Mac(1)).Moves);
    }

    [Fact]
    public void A_local_frame_moves_a_planes_mac_at_once_with_sequence_plus_one()
    {
        Bench bench = Ready();
        bench.Route(bench.Evpn, 1, "b", sequence: 4);
        bench.OnPort(1, 0);
        Assert.Equal("p0", bench.Place(1));
        LocalEvent fact = Assert.Single(bench.Told(bench.Evpn));
        Assert.Equal((LocalEventKind.MacMoved, 5u), (fact.Kind, fact.Sequence));

        FdbExplanation why = bench.Core.FdbWhy(new Vni(V), Mac(1));
        Assert.Equal(2, why.Candidates.Length);
        Assert.Equal((FdbOrigin.Local, PrecedenceRule.MobilitySequence), (why.Winner!.Origin, why.Winner.Rule));
        Assert.Equal((FdbOrigin.Evpn, "b", false), (why.Candidates[1].Origin, why.Candidates[1].Peer, why.Candidates[1].Wins));
        Assert.Equal(1, why.Moves);
    }

    [Fact]
    public void The_side_with_the_higher_sequence_has_the_mac()
    {
        Bench bench = Ready();
        bench.Route(bench.Evpn, 1, "b", sequence: 4);
        bench.OnPort(1, 0);
        bench.Route(bench.Evpn, 1, "b", sequence: 4);
        Assert.Equal("p0", bench.Place(1));
        _ = bench.Told(bench.Evpn);
        bench.Route(bench.Evpn, 1, "b", sequence: 6);
        Assert.Equal("b", bench.Place(1));
        Assert.Equal(LocalEventKind.MacAged, Assert.Single(bench.Told(bench.Evpn)).Kind);
        bench.OnPort(1, 0);
        Assert.Equal(7u, Assert.Single(bench.Told(bench.Evpn)).Sequence);
    }

    [Fact]
    public void A_plane_without_sequences_that_names_another_place_takes_the_mac()
    {
        Bench bench = Ready();
        bench.Peer(bench.Ovsdb, "c", "192.0.2.3");
        bench.Route(bench.Ovsdb, 1, "b");
        bench.OnPort(1, 0);
        bench.Route(bench.Ovsdb, 1, "b");
        Assert.Equal("p0", bench.Place(1));
        bench.Route(bench.Ovsdb, 1, "c");
        Assert.Equal("c", bench.Place(1));
        bench.OnPort(1, 0);
        Assert.Equal("p0", bench.Place(1));
    }

    [Fact]
    public void A_static_mac_is_not_displaced_by_a_port()
    {
        Bench bench = Ready();
        bench.Route(bench.Static, 1, "b");
        bench.OnPort(1, 0);
        Assert.Equal("b", bench.Place(1));
        Assert.Equal(1, bench.Core.LearnCounters().RefusedStatic);
        bench.OnPort(2, 0);
        bench.Route(bench.Static, 2, "b");
        Assert.Equal("b", bench.Place(2));
        Assert.Equal(0, bench.Core.LearnCounters().InForce);
        Assert.Equal([LocalEventKind.MacLearned, LocalEventKind.MacAged], bench.Told(bench.Evpn).Select(static e => e.Kind));
    }

    [Fact]
    public void A_sticky_mac_never_moves()
    {
        Bench bench = Ready();
        bench.Route(bench.Evpn, 1, "b", sticky: true);
        bench.OnPort(1, 0);
        Assert.Equal(("b", FdbFlags.Sticky), (bench.Place(1), bench.Flags(1)));
        Assert.Equal(1, bench.Core.LearnCounters().RefusedSticky);
    }

    [Fact]
    public void Learned_never_displaces_or_blocks_another()
    {
        Bench bench = Ready(learning: true);
        bench.Peer(bench.Static, "c", "192.0.2.3");
        bench.OnPort(1, 0);
        bench.FromVtep(1, "192.0.2.2");
        Assert.Equal("p0", bench.Place(1));
        bench.FromVtep(2, "192.0.2.2");
        Assert.Equal(("b", FdbOrigin.Learned), (bench.Place(2), bench.Origin(2)));
        bench.Route(bench.Etcd, 2, "c");
        Assert.Equal(("c", FdbOrigin.Etcd), (bench.Place(2), bench.Origin(2)));
        bench.FromVtep(2, "192.0.2.2");
        Assert.Equal("c", bench.Place(2));
        bench.FromVtep(3, "192.0.2.2");
        bench.OnPort(3, 1);
        Assert.Equal("p1", bench.Place(3));
        Assert.Equal(2, bench.Core.LearnCounters().Yielded);
    }

    [Fact]
    public void A_learned_mac_follows_its_frames_from_vtep_to_vtep()
    {
        Bench bench = Ready(learning: true);
        bench.Peer(bench.Static, "c", "192.0.2.3");
        bench.FromVtep(1, "192.0.2.2");
        bench.FromVtep(1, "192.0.2.3");
        Assert.Equal("c", bench.Place(1));
        Assert.Equal((1, 1), (bench.Core.LearnCounters().Learned, bench.Core.LearnCounters().Moved));
    }

    [Fact]
    public void A_withdrawn_winner_gives_way_to_the_next()
    {
        Bench bench = Ready();
        bench.Peer(bench.Etcd, "c", "192.0.2.3");
        bench.Route(bench.Etcd, 1, "c");
        bench.Route(bench.Evpn, 1, "b");
        Assert.Equal("b", bench.Place(1));
        bench.Withdraw(bench.Evpn, 1);
        Assert.Equal("c", bench.Place(1));
        bench.Withdraw(bench.Etcd, 1);
        Assert.Equal("-", bench.Place(1));
    }

    [Fact]
    public void Within_a_plane_sequence_decides_then_the_lowest_address()
    {
        Bench bench = Ready();
        bench.Peer(bench.Evpn, "c", "192.0.2.3");
        bench.Route(bench.Evpn, 1, "c", session: "rr1");
        bench.Route(bench.Evpn, 1, "b", session: "rr2");
        Assert.Equal("b", bench.Place(1));
        bench.Route(bench.Evpn, 1, "c", sequence: 1, session: "rr1");
        Assert.Equal("c", bench.Place(1));
    }

    [Fact]
    public void A_port_announces_its_own_mac_when_it_is_up()
    {
        Bench bench = Ready();
        bench.Core.SetPort("p0", true, Mac(50));
        Assert.Equal("p0", bench.Place(50));
        Assert.Equal(LocalEventKind.MacLearned, Assert.Single(bench.Told(bench.Evpn)).Kind);
        bench.Pass(TimeSpan.FromHours(1));
        Assert.Equal("p0", bench.Place(50));
        Assert.Equal(0, bench.Core.LearnCounters().InForce);
        bench.Core.SetPort("p0", true, Mac(51));
        Assert.Equal(("-", "p0"), (bench.Place(50), bench.Place(51)));
        _ = bench.Told(bench.Evpn);
        bench.OnPort(1, 0);
        bench.Core.SetPort("p0", false, Mac(51));
        Assert.Equal(("-", "-"), (bench.Place(51), bench.Place(1)));
        Assert.Contains(bench.Told(bench.Evpn), static e => e.Kind == LocalEventKind.PortDown);
        bench.OnPort(1, 0);
        Assert.Equal("-", bench.Place(1));
    }

    [Fact]
    public void A_group_address_is_no_source()
    {
        Bench bench = Ready();
        bench.Core.Hint(new LearnHint { Vni = new Vni(V), Mac = MacAddress.Broadcast, Seen = FdbTarget.ToPort(new PortId(0)) });
        bench.Core.Hint(new LearnHint { Vni = new Vni(V), Mac = default, Seen = FdbTarget.ToPort(new PortId(0)) });
        bench.Core.Upsert(bench.Evpn, null, new MacRoute(new Vni(V), MacAddress.Broadcast, To("b")));
        Assert.Equal(0, bench.Writer.MacCount(V));
        Assert.Equal(2, bench.Core.LearnCounters().RefusedInvalid);
        Assert.Equal(1, bench.Evpn.Refused);
    }

    [Fact]
    public void An_explanation_names_what_is_known_of_a_stranger()
    {
        Bench bench = Ready();
        Assert.Contains("no port, peer or plane", bench.Core.FdbWhy(new Vni(V), Mac(9)).Verdict, StringComparison.Ordinal);
        Assert.False(bench.Core.FdbWhy(new Vni(7), Mac(9)).IsVniKnown);
        bench.Core.NoSuchMac(bench.Etcd, new Vni(V), Mac(9), TimeSpan.FromSeconds(5));
        Assert.Equal("nobody has it", bench.Core.FdbWhy(new Vni(V), Mac(9)).OnMiss);
        bench.Time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal("flood", bench.Core.FdbWhy(new Vni(V), Mac(9)).OnMiss);
    }

    /// <summary>Peer b of the EVPN plane (or of the file, where the VNI should learn), and a plane that was told everything so far.</summary>
    private static Bench Ready(bool learning = false)
    {
        var bench = new Bench(vni: v => v with { RemoteLearning = learning ? true : null });
        bench.Peer(learning ? bench.Static : bench.Evpn, "b", "192.0.2.2");
        if (!learning)
        {
            bench.Describe(bench.Static, Vtep("b", "192.0.2.2"));
            bench.Describe(bench.Ovsdb, Vtep("b", "192.0.2.2"));
        }

        bench.Evpn.Started();
        List<LocalEvent> first = bench.Told(bench.Evpn);
        Assert.Equal(LocalEventKind.Resync, first[0].Kind);
        return bench;
    }
}
