using Overlay.Control.HandOver;
using Overlay.Control.Tests.Support;
using Overlay.Encap;
using Overlay.Forwarding;
using static Overlay.Control.Tests.Support.Bench;

namespace Overlay.Control.Tests;

/// <summary>What planes had given is in force again after a restart, and stale until they have given it anew.</summary>
public sealed class KeptRouteTests
{
    private static readonly UnderlayAddress Host = Ip("10.0.0.7");

    [Fact]
    public void Routes_of_a_plane_are_in_force_and_stale_after_a_restart()
    {
        Bench bench = Restarted();
        Assert.Equal(("b", "c", "b"), (bench.Place(1), bench.Place(2), bench.Floods()));
        Assert.Equal(FdbOrigin.Evpn, bench.Origin(1));
        Assert.True(bench.Flags(1).HasFlag(FdbFlags.Stale) && bench.Flags(2).HasFlag(FdbFlags.Stale));
        Assert.True(bench.Flags(2).HasFlag(FdbFlags.Sticky));
        Assert.Contains("192.0.2.2", bench.Allows(), StringComparison.Ordinal);
        Assert.Equal(Mac(1), Assert.Single(bench.Core.Neighbors(null), n => n.Address == Host).Mac);
    }

    [Fact]
    public void What_a_session_gives_again_is_live_and_what_it_does_not_is_swept_at_its_end()
    {
        Bench bench = Restarted();
        bench.Evpn.BeginResync(ResyncScope.OfSession("rr1"));
        bench.Core.ReportConnected(bench.Evpn, "rr1", true);
        bench.Describe(bench.Evpn, Vtep("b", "192.0.2.2"), "rr1");
        bench.Route(bench.Evpn, 1, "b", sequence: 3, session: "rr1");
        Assert.False(bench.Flags(1).HasFlag(FdbFlags.Stale));
        bench.Complete(bench.Evpn, ResyncScope.OfSession("rr1"));
        Assert.Equal(("b", "c"), (bench.Place(1), bench.Place(2)));
        Assert.Equal("", bench.Floods());
    }

    [Fact]
    public void The_configuration_file_and_planes_that_are_gone_leave_nothing()
    {
        var before = new Bench();
        before.Peer(before.Static, "b", "192.0.2.2");
        before.Route(before.Static, 1, "b");
        Assert.DoesNotContain(before.Core.ExportRoutes(), kept => kept.Plane == before.Static.Name);
        Assert.Equal(0, new Bench().Core.RestoreRoutes(new KeptRoutes("gone", [], [], [], [])));
    }

    private static Bench Restarted()
    {
        var before = new Bench();
        before.Describe(before.Evpn, Vtep("b", "192.0.2.2"), "rr1");
        before.Describe(before.Evpn, Vtep("c", "192.0.2.3"), "rr2");
        before.Flood(before.Evpn, "b", session: "rr1");
        before.Route(before.Evpn, 1, "b", sequence: 3, session: "rr1");
        before.Route(before.Evpn, 2, "c", sticky: true, session: "rr2");
        before.Core.Upsert(before.Evpn, "rr1", new NeighborRoute(new Vni(V), Host, Mac(1)));
        before.Core.Flush();
        var after = new Bench();
        foreach (KeptRoutes kept in before.Core.ExportRoutes())
        {
            after.Core.RestoreRoutes(kept);
        }

        after.Core.Flush();
        return after;
    }
}
