using Overlay.Control.Tests.Support;
using Overlay.Encap;
using Overlay.Forwarding;
using static Overlay.Control.Tests.Support.Bench;

namespace Overlay.Control.Tests;

public sealed class ResyncTests
{
    [Fact]
    public void A_sweep_removes_what_was_not_given_again()
    {
        Bench bench = WithRoutes();
        bench.Evpn.BeginResync(ResyncScope.Plane);
        bench.Route(bench.Evpn, 1, "b");
        bench.Flood(bench.Evpn, "b");
        bench.Describe(bench.Evpn, Vtep("b", "192.0.2.2"));
        Assert.Equal("b", bench.Place(2));
        bench.Complete(bench.Evpn, ResyncScope.Plane);
        Assert.Equal("b", bench.Place(1));
        Assert.Equal("-", bench.Place(2));
        Assert.Equal("b", bench.Floods());
    }

    [Fact]
    public void Giving_everything_again_writes_nothing()
    {
        Bench bench = WithRoutes();
        int writes = bench.Writer.Writes;
        bench.Evpn.BeginResync(ResyncScope.Plane);
        bench.Peer(bench.Evpn, "b", "192.0.2.2");
        bench.Route(bench.Evpn, 1, "b");
        bench.Route(bench.Evpn, 2, "b");
        bench.Complete(bench.Evpn, ResyncScope.Plane);
        Assert.Equal(writes, bench.Writer.Writes);
    }

    [Fact]
    public void A_sweep_of_one_session_leaves_the_others_alone()
    {
        var bench = new Bench();
        bench.Peer(bench.Evpn, "b", "192.0.2.2");
        bench.Route(bench.Evpn, 1, "b", session: "rr1");
        bench.Route(bench.Evpn, 2, "b", session: "rr2");
        bench.Route(bench.Evpn, 3, "b");
        bench.Evpn.BeginResync(ResyncScope.OfSession("rr1"));
        bench.Complete(bench.Evpn, ResyncScope.OfSession("rr1"));
        Assert.Equal(("-", "b", "b"), (bench.Place(1), bench.Place(2), bench.Place(3)));
    }

    [Fact]
    public void Resyncs_of_two_sessions_may_overlap()
    {
        var bench = new Bench();
        bench.Peer(bench.Evpn, "b", "192.0.2.2");
        foreach (string session in new[] { "rr1", "rr2" })
        {
            bench.Route(bench.Evpn, 1, "b", session: session);
            bench.Route(bench.Evpn, 2, "b", session: session);
        }

        bench.Evpn.BeginResync(ResyncScope.OfSession("rr1"));
        bench.Route(bench.Evpn, 1, "b", session: "rr1");
        bench.Evpn.BeginResync(ResyncScope.OfSession("rr2"));
        bench.Route(bench.Evpn, 2, "b", session: "rr2");
        bench.Complete(bench.Evpn, ResyncScope.OfSession("rr1"));
        Assert.Equal(("b", "b"), (bench.Place(1), bench.Place(2)));
        Assert.Equal(3, bench.Evpn.Sources.Sum(static s => s.MacRoutes));
        bench.Complete(bench.Evpn, ResyncScope.OfSession("rr2"));
        Assert.Equal(2, bench.Evpn.Sources.Sum(static s => s.MacRoutes));
    }

    [Fact]
    public void A_sweep_of_one_vni_leaves_the_others_alone()
    {
        var bench = new Bench();
        bench.Peer(bench.Ovsdb, "b", "192.0.2.2");
        bench.Route(bench.Ovsdb, 1, "b");
        bench.Route(bench.Ovsdb, 1, "b", vni: W);
        bench.Ovsdb.BeginResync(ResyncScope.OfVni(new Vni(V)));
        bench.Complete(bench.Ovsdb, ResyncScope.OfVni(new Vni(V)));
        Assert.Equal(("-", "b"), (bench.Place(1), bench.Place(1, W)));
        Assert.Equal("", bench.Floods());
        Assert.True(Assert.Single(bench.Core.Vteps()).Planes.Contains("ovsdb"), "a description belongs to no VNI");
    }

    [Fact]
    public void A_completion_without_a_beginning_does_nothing()
    {
        Bench bench = WithRoutes();
        bench.Complete(bench.Evpn, ResyncScope.Plane);
        bench.Evpn.BeginResync(ResyncScope.OfSession("x"));
        bench.Complete(bench.Evpn, ResyncScope.Plane);
        Assert.Equal("b", bench.Place(1));
    }

    [Fact]
    public void A_second_beginning_replaces_the_first()
    {
        Bench bench = WithRoutes();
        bench.Describe(bench.Etcd, Vtep("b", "192.0.2.2"));
        bench.Evpn.BeginResync(ResyncScope.Plane);
        bench.Route(bench.Evpn, 1, "b");
        bench.Evpn.BeginResync(ResyncScope.Plane);
        bench.Route(bench.Evpn, 2, "b");
        bench.Complete(bench.Evpn, ResyncScope.Plane);
        Assert.Equal(("-", "b"), (bench.Place(1), bench.Place(2)));
    }

    [Fact]
    public void A_lost_plane_leaves_its_routes_in_force_and_marked_stale()
    {
        Bench bench = WithRoutes();
        bench.Core.PlaneEnded(bench.Evpn, "boom");
        bench.Core.FinishWork();
        bench.Core.Flush();
        Assert.Equal("b", bench.Place(1));
        Assert.Equal(FdbFlags.Stale, bench.Flags(1));
        Assert.Equal("b", bench.Floods());
        Assert.NotNull(bench.Core.Planes()[1].StaleFor);
        bench.Pass(TimeSpan.FromHours(2));
        Assert.Equal("b", bench.Place(1));
        Assert.Equal("plane_stale", Assert.Single(bench.Core.Alarms()).Name);

        bench.Evpn.BeginResync(ResyncScope.Plane);
        bench.Core.ReportConnected(bench.Evpn, null, true);
        Assert.Equal(FdbFlags.Stale, bench.Flags(2));
        bench.Route(bench.Evpn, 1, "b");
        Assert.Equal((FdbFlags.None, FdbFlags.Stale), (bench.Flags(1), bench.Flags(2)));
        bench.Complete(bench.Evpn, ResyncScope.Plane);
        Assert.Equal("-", bench.Place(2));
        Assert.Null(bench.Core.Planes()[1].StaleFor);
        bench.Pass(TimeSpan.FromSeconds(2));
        Assert.Empty(bench.Core.Alarms());
    }

    [Fact]
    public void A_plane_that_is_back_without_a_resync_makes_its_routes_live()
    {
        Bench bench = WithRoutes();
        bench.Core.ReportConnected(bench.Evpn, null, true);
        bench.Core.ReportConnected(bench.Evpn, null, false);
        Assert.Equal(FdbFlags.Stale, bench.Flags(1));
        bench.Core.ReportConnected(bench.Evpn, null, true);
        Assert.Equal(FdbFlags.None, bench.Flags(1));
    }

    [Fact]
    public void A_lost_session_marks_its_own_routes_only()
    {
        var bench = new Bench();
        bench.Peer(bench.Evpn, "b", "192.0.2.2");
        bench.Route(bench.Evpn, 1, "b", session: "rr1");
        bench.Route(bench.Evpn, 2, "b", session: "rr2");
        bench.Core.ReportConnected(bench.Evpn, "rr1", true);
        bench.Core.ReportConnected(bench.Evpn, "rr1", false);
        Assert.Equal((FdbFlags.Stale, FdbFlags.None), (bench.Flags(1), bench.Flags(2)));
    }

    [Fact]
    public void A_candidate_of_a_live_plane_replaces_a_stale_one()
    {
        Bench bench = WithRoutes();
        bench.Peer(bench.Etcd, "c", "192.0.2.3");
        bench.Route(bench.Etcd, 1, "c");
        Assert.Equal("b", bench.Place(1));
        bench.Core.ReportConnected(bench.Evpn, null, false);
        Assert.Equal(("c", "b"), (bench.Place(1), bench.Place(2)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(30)]
    public void The_hold_time_sweeps_what_stayed_stale(int seconds)
    {
        var bench = new Bench();
        var plane = bench.Plane("short", RouteOrigin.Etcd, TimeSpan.FromSeconds(seconds));
        bench.Peer(plane, "b", "192.0.2.2");
        bench.Route(plane, 1, "b");
        bench.Core.ReportConnected(plane, null, true);
        bench.Core.ReportConnected(plane, null, false);
        bench.Core.Flush();
        if (seconds > 0)
        {
            bench.Pass(TimeSpan.FromSeconds(seconds - 1));
            Assert.Equal("b", bench.Place(1));
            bench.Pass(TimeSpan.FromSeconds(2));
        }

        Assert.Equal("-", bench.Place(1));
        Assert.Equal("", bench.Floods());
        Assert.Equal("", bench.Allows());
    }

    [Fact]
    public void A_route_that_expires_is_removed_unless_it_is_given_again()
    {
        Bench bench = WithRoutes();
        bench.Route(bench.Etcd, 7, "b", expiry: TimeSpan.FromSeconds(10));
        bench.Route(bench.Etcd, 8, "b", expiry: TimeSpan.FromSeconds(10));
        bench.Pass(TimeSpan.FromSeconds(8));
        bench.Route(bench.Etcd, 8, "b", expiry: TimeSpan.FromSeconds(10));
        bench.Pass(TimeSpan.FromSeconds(4));
        Assert.Equal(("-", "b"), (bench.Place(7), bench.Place(8)));
        bench.Pass(TimeSpan.FromSeconds(10));
        Assert.Equal("-", bench.Place(8));
    }

    [Fact]
    public void Withdrawing_a_vtep_takes_the_same_sources_routes_along()
    {
        Bench bench = WithRoutes();
        bench.Route(bench.Etcd, 3, "b");
        bench.Core.WithdrawVtep(bench.Evpn, null, new VtepEndpoint("b"));
        bench.Core.Flush();
        Assert.Equal("-", bench.Place(1));
        Assert.Equal("", bench.Floods());
        Assert.Equal("-", bench.Place(3));
        bench.Describe(bench.Etcd, Vtep("b", "192.0.2.9"));
        Assert.Equal("b", bench.Place(3));
    }

    [Fact]
    public void A_sweep_of_many_routes_is_done_in_slices()
    {
        var bench = new Bench(new ControlOptions { Guard = new GuardOptions { Enabled = false } });
        bench.Peer(bench.Static, "b", "192.0.2.2");
        for (int i = 0; i < 50_000; i++)
        {
            bench.Core.Upsert(bench.Evpn, null, new MacRoute(new Vni(V), Mac(i + 1), To("b")));
        }

        bench.Core.Flush();
        bench.Evpn.BeginResync(ResyncScope.Plane);
        bench.Core.Upsert(bench.Evpn, null, new MacRoute(new Vni(V), Mac(50_000), To("b")));
        bench.Core.CompleteResync(bench.Evpn, ResyncScope.Plane);
        Assert.InRange(bench.Writer.MacCount(V), 20_000, 49_999);

        // What is given meanwhile is newer than the sweep.
        bench.Core.Upsert(bench.Evpn, null, new MacRoute(new Vni(V), Mac(49_999), To("b")));
        bench.Pass(TimeSpan.FromSeconds(5));
        Assert.Equal(2, bench.Writer.MacCount(V));
        Assert.False(bench.Core.HasWork);
    }

    private static Bench WithRoutes()
    {
        var bench = new Bench();
        bench.Peer(bench.Evpn, "b", "192.0.2.2");
        bench.Route(bench.Evpn, 1, "b");
        bench.Route(bench.Evpn, 2, "b");
        return bench;
    }
}
