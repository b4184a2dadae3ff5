using Overlay.Control.Queries;
using Overlay.Control.Tables;
using Overlay.Control.Tests.Support;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using static Overlay.Control.Tests.Support.Bench;

namespace Overlay.Control.Tests;

/// <summary>A destination that nobody knows is asked for once; whatever comes of it, frames that wait are let go.</summary>
public sealed class MissTests
{
    [Fact]
    public void A_miss_is_asked_once_and_the_answer_is_written_at_once_and_lets_frames_go()
    {
        (Bench bench, PlaneState store) = Ready();
        bench.Miss(1);
        bench.Miss(1);
        LocalEvent question = Assert.Single(bench.Told(store));
        Assert.Equal((LocalEventKind.Miss, new Vni(V), Mac(1)), (question.Kind, question.Vni, question.Mac));
        Assert.Empty(bench.Writer.Released);
        Assert.Equal((1L, 1), (bench.Misses.Asked, bench.Misses.UnderWay));

        // From a VTEP that no route named before, and nobody settles anything.
        bench.Core.Describe(store, null, Vtep("c", "192.0.2.3"));
        bench.Core.Answer(store, new MacRoute(new Vni(V), Mac(1), To("c")));
        Assert.Equal("c", bench.Place(1));
        Assert.Equal([(V, Mac(1))], bench.Writer.Released);
        Assert.Empty(bench.Writer.Negative);
        bench.Core.Flush();
        Assert.Equal("c", bench.Place(1));
        Assert.Equal(new MissCounters(1, 1, 0, 0, 0, 0, 0), bench.Misses);
    }

    [Fact]
    public void What_is_known_when_the_question_comes_is_not_asked()
    {
        (Bench bench, PlaneState store) = Ready();
        bench.Route(bench.Evpn, 1, "b");
        bench.Miss(1);
        bench.Core.NoSuchMac(store, new Vni(V), Mac(2), TimeSpan.FromSeconds(9));
        bench.Miss(2);
        bench.Miss(3, vni: W);
        bench.Miss(3, vni: 7);
        Assert.Empty(bench.Told(store));
        Assert.Equal([(V, Mac(1)), (V, Mac(2)), (W, Mac(3)), (7u, Mac(3))], bench.Writer.Released);
        Assert.Equal(0, bench.Misses.Asked);
    }

    [Fact]
    public void A_miss_that_becomes_known_in_another_way_is_answered()
    {
        (Bench bench, PlaneState store) = Ready();
        for (int mac = 1; mac <= 3; mac++)
        {
            bench.Miss(mac);
        }

        bench.Route(bench.Evpn, 1, "b");
        bench.Route(store, 2, "b");
        bench.OnPort(3, 1);
        Assert.Equal([(V, Mac(1)), (V, Mac(2)), (V, Mac(3))], bench.Writer.Released);
        Assert.Equal(new MissCounters(3, 3, 0, 0, 0, 0, 0), bench.Misses);
    }

    [Fact]
    public void Nobody_is_remembered_for_as_long_as_the_plane_says()
    {
        (Bench bench, PlaneState store) = Ready();
        bench.Miss(1);
        _ = bench.Told(store);
        bench.Core.NoSuchMac(store, new Vni(V), Mac(1), TimeSpan.FromSeconds(5));
        Assert.Equal([(V, Mac(1))], bench.Writer.Released);
        Assert.True(bench.IsNobody(1));
        Assert.Equal("nobody has it", bench.Core.FdbWhy(new Vni(V), Mac(1)).OnMiss);
        bench.Pass(TimeSpan.FromSeconds(4));
        Assert.True(bench.IsNobody(1));
        bench.Pass(TimeSpan.FromSeconds(2));
        Assert.False(bench.IsNobody(1));
        Assert.Equal("asks", bench.Core.FdbWhy(new Vni(V), Mac(1)).OnMiss);
        bench.Miss(1);
        Assert.Single(bench.Told(store));
        Assert.Equal((2L, 1L), (bench.Misses.Asked, bench.Misses.Nobody));
    }

    [Fact]
    public void A_negative_answer_ends_with_a_route_for_the_mac()
    {
        (Bench bench, PlaneState store) = Ready();
        bench.Core.NoSuchMac(store, new Vni(V), Mac(1), TimeSpan.FromSeconds(60));
        Assert.True(bench.IsNobody(1));
        bench.Route(bench.Evpn, 1, "b");
        Assert.False(bench.IsNobody(1));

        // And says nothing of a MAC that another source knows.
        bench.Core.NoSuchMac(store, new Vni(V), Mac(1), TimeSpan.FromSeconds(60));
        Assert.False(bench.IsNobody(1));
        bench.Core.NoSuchMac(store, new Vni(7), Mac(1), TimeSpan.FromSeconds(60));
        Assert.Equal(0, bench.Misses.Negative);
    }

    [Fact]
    public void Who_answers_too_late_is_not_waited_for()
    {
        (Bench bench, PlaneState store) = Ready();
        bench.Miss(1);
        bench.Pass(TimeSpan.FromSeconds(1));
        Assert.Empty(bench.Writer.Released);
        bench.Pass(TimeSpan.FromSeconds(0.5));
        Assert.Equal([(V, Mac(1))], bench.Writer.Released);
        Assert.True(bench.IsNobody(1));
        Assert.Equal(new MissCounters(1, 0, 0, 1, 0, 0, 1), bench.Misses);

        // Late, and still right.
        bench.Core.Answer(store, new MacRoute(new Vni(V), Mac(1), To("b")));
        bench.Core.Flush();
        Assert.Equal("b", bench.Place(1));
        Assert.False(bench.IsNobody(1));
        Assert.Equal(0, bench.Misses.Answered);
    }

    [Fact]
    public void The_loop_wakes_for_a_deadline()
    {
        (Bench bench, PlaneState store) = Ready(new ControlOptions { MissTimeout = TimeSpan.FromMilliseconds(200) });
        _ = bench.Told(store);
        bench.Miss(1);
        Assert.InRange(bench.Core.UntilDue, TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(400));
        bench.Time.Advance(bench.Core.UntilDue);
        bench.Core.Tick();
        Assert.Single(bench.Writer.Released);
    }

    [Fact]
    public void Without_a_plane_that_answers_nothing_waits()
    {
        (Bench bench, PlaneState store) = Ready();
        bench.Core.ReportConnected(store, null, false);
        bench.Miss(1);
        bench.Core.ReportConnected(store, null, true);
        bench.Core.PlaneEnded(store, "lost");
        bench.Miss(2);
        Assert.Equal([(V, Mac(1)), (V, Mac(2))], bench.Writer.Released);
        Assert.True(bench.IsNobody(1) && bench.IsNobody(2));
        Assert.Equal(new MissCounters(0, 0, 0, 0, 2, 0, 2), bench.Misses);
        bench.Pass(TimeSpan.FromSeconds(1.5));
        Assert.False(bench.IsNobody(1));
    }

    [Fact]
    public void Misses_under_way_are_bounded()
    {
        (Bench bench, PlaneState store) = Ready(new ControlOptions { MissLimit = 10 });
        for (int mac = 1; mac <= 15; mac++)
        {
            bench.Miss(mac);
        }

        Assert.Equal(new MissCounters(10, 0, 0, 0, 5, 10, 5), bench.Misses);
        Assert.Equal(10, bench.Told(store).Count);
        Assert.Equal(5, bench.Writer.Released.Count);
    }

    [Fact]
    public void Questions_never_fill_the_channel_of_facts()
    {
        (Bench bench, PlaneState store) = Ready(new ControlOptions { LocalEventSize = 64 });
        for (int mac = 1; mac <= 100; mac++)
        {
            bench.Miss(mac);
        }

        bench.OnPort(200, 0);
        List<LocalEvent> told = bench.Told(store);
        Assert.Equal(32, told.Count(static fact => fact.Kind == LocalEventKind.Miss));
        Assert.Equal(LocalEventKind.MacLearned, told[^1].Kind);
        Assert.DoesNotContain(told, static fact => fact.Kind == LocalEventKind.Resync);
        Assert.Equal((32L, 68L), (bench.Misses.Asked, bench.Misses.Refused));
    }

    [Fact]
    public void Negative_answers_are_bounded_and_those_over_the_limit_let_frames_go_all_the_same()
    {
        (Bench bench, PlaneState store) = Ready(new ControlOptions { NegativeAnswerLimit = 3 });
        for (int mac = 1; mac <= 5; mac++)
        {
            bench.Miss(mac);
            bench.Core.NoSuchMac(store, new Vni(V), Mac(mac), TimeSpan.FromSeconds(5));
        }

        Assert.Equal((5, 3, 5L), (bench.Writer.Released.Count, bench.Writer.Negative.Count, bench.Misses.Nobody));
        bench.Time.Advance(TimeSpan.FromSeconds(6));
        bench.Miss(6);
        bench.Core.NoSuchMac(store, new Vni(V), Mac(6), TimeSpan.FromSeconds(5));
        Assert.Equal(1, bench.Misses.Negative);
        Assert.True(bench.IsNobody(6));
    }

    [Fact]
    public void Of_several_planes_the_first_yes_counts_and_the_last_no()
    {
        (Bench bench, PlaneState store) = Ready();
        PlaneState other = bench.Core.AddPlane("other", RouteOrigin.Ovsdb, null, answersMisses: true);
        other.Started();
        bench.Core.ReportConnected(other, null, true);
        _ = bench.Told(other);
        bench.Miss(1);
        bench.Miss(2);
        Assert.Equal((2, 2), (bench.Told(store).Count, bench.Told(other).Count));
        bench.Core.NoSuchMac(store, new Vni(V), Mac(1), TimeSpan.FromSeconds(5));
        bench.Core.NoSuchMac(store, new Vni(V), Mac(1), TimeSpan.FromSeconds(5));
        Assert.Empty(bench.Writer.Released);
        bench.Core.NoSuchMac(other, new Vni(V), Mac(1), TimeSpan.FromSeconds(5));
        Assert.Equal([(V, Mac(1))], bench.Writer.Released);

        bench.Core.NoSuchMac(other, new Vni(V), Mac(2), TimeSpan.FromSeconds(5));
        bench.Core.Answer(store, new MacRoute(new Vni(V), Mac(2), To("b")));
        Assert.Equal([(V, Mac(1)), (V, Mac(2))], bench.Writer.Released);
        Assert.False(bench.IsNobody(2));
        Assert.Equal(new MissCounters(2, 1, 1, 0, 0, 0, 1), bench.Misses);
    }

    [Fact]
    public void An_answer_that_leads_nowhere_is_none()
    {
        (Bench bench, PlaneState store) = Ready();
        bench.Miss(1);
        bench.Core.Answer(store, new MacRoute(new Vni(V), Mac(1), To("nowhere")));
        Assert.Equal([(V, Mac(1))], bench.Writer.Released);
        Assert.True(bench.IsNobody(1));
        Assert.Equal(1, bench.Misses.Nobody);

        // Until it does.
        bench.Describe(store, Vtep("nowhere", "192.0.2.9"));
        Assert.Equal("nowhere", bench.Place(1));
        Assert.False(bench.IsNobody(1));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_vni_that_asks_no_more_or_goes_lets_everything_go(bool goes)
    {
        (Bench bench, PlaneState store) = Ready();
        bench.Miss(1);
        bench.Core.NoSuchMac(store, new Vni(V), Mac(2), TimeSpan.FromSeconds(60));
        if (goes)
        {
            bench.Writer.RemoveVni(V);
            bench.Apply(bench.Topology with { Vnis = bench.Topology.Vnis.RemoveAt(0) });
        }
        else
        {
            bench.ApplyVni(static vni => vni with { AsksOnMiss = false });
        }

        Assert.Equal([(V, Mac(1))], bench.Writer.Released);
        Assert.Empty(bench.Writer.Negative);
        Assert.Equal(new MissCounters(1, 0, 0, 1, 0, 0, 0), bench.Misses);
        bench.Miss(3);
        Assert.Equal((2, 1L), (bench.Writer.Released.Count, bench.Misses.Asked));
    }

    [Fact]
    public void What_waits_grows_old_every_second()
    {
        (Bench bench, _) = Ready();
        int before = bench.Writer.HeldTurns;
        bench.Pass(TimeSpan.FromSeconds(10));
        Assert.InRange(bench.Writer.HeldTurns - before, 9, 11);
    }

    /// <summary>VNI 100 asks; a store that answers is in touch, with peer b.</summary>
    private static (Bench Bench, PlaneState Store) Ready(ControlOptions? options = null)
    {
        var bench = new Bench(options, static vni => vni with { AsksOnMiss = true, RemoteLearning = false });
        PlaneState store = bench.Core.AddPlane("store", RouteOrigin.Etcd, null, answersMisses: true);
        store.Started();
        bench.Core.ReportConnected(store, null, true);
        bench.Peer(store, "b", "192.0.2.2");
        _ = bench.Told(store);
        return (bench, store);
    }
}
