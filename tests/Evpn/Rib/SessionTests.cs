using Overlay.Control.Evpn.Bgp.Session;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Control.Evpn.Queries;
using Overlay.Control.Evpn.Tests.Rib.Support;
using static Overlay.Control.Evpn.Tests.Rib.Support.RibBench;

namespace Overlay.Control.Evpn.Tests.Rib;

/// <summary>Sessions that come and go: what is stale, what is swept, and that nothing is lost with a session.</summary>
public sealed class SessionTests
{
    [Fact]
    public void A_lost_session_removes_nothing_and_End_of_RIB_sweeps_what_was_not_given_again()
    {
        var bench = new RibBench();
        FakeSession first = bench.Open("192.0.2.9");
        bench.Announce(first, "192.0.2.2", 1, ip: "10.0.0.1");
        bench.Announce(first, "192.0.2.2", 2, ip: "10.0.0.2");
        bench.Announce(first, FloodFrom("192.0.2.2"), FloodRoute("192.0.2.2"));
        bench.EndOfRib(first);
        SortedSet<string> before = bench.Sink.All();
        bench.Lose(first);
        Assert.Equal(before, bench.Sink.All());
        Assert.Contains("192.0.2.9", bench.Sink.Lost);
        Assert.All(bench.Rows(), static r => Assert.True(r.IsStale));

        bench.Sink.Done.Clear();
        FakeSession second = bench.Open("192.0.2.9");
        Assert.Equal(["begin 192.0.2.9", "up 192.0.2.9"], bench.Sink.Done);
        bench.Announce(second, "192.0.2.2", 2, ip: "10.0.0.2");
        Assert.Equal(before, bench.Sink.All());
        bench.EndOfRib(second);
        Assert.Equal("-", bench.Place(1));
        Assert.NotEqual("-", bench.Place(2));
        Assert.Equal(2, bench.Sink.Count);

        // The control loop swept: its guard had the say, so nothing was taken back one by one.
        Assert.Equal(3, bench.Sink.Swept);
        Assert.DoesNotContain(bench.Sink.Done, static d => d.StartsWith('-'));
        Assert.Equal(3, bench.Rib.Figures().Swept + 1);
    }

    [Fact]
    public void Without_End_of_RIB_the_stale_path_time_sweeps()
    {
        var bench = new RibBench();
        FakeSession first = bench.Open("192.0.2.9");
        bench.Announce(first, "192.0.2.2", 1);
        bench.Announce(first, "192.0.2.2", 2);
        bench.EndOfRib(first);
        bench.Lose(first);
        FakeSession second = bench.Open("192.0.2.9");
        bench.Announce(second, "192.0.2.2", 2);
        bench.Clock.Advance(DefaultOptions.StalePathTime - TimeSpan.FromSeconds(1));
        bench.Rib.Tick();
        Assert.NotEqual("-", bench.Place(1));
        bench.Clock.Advance(TimeSpan.FromSeconds(1));
        bench.Rib.Tick();
        Assert.Equal("-", bench.Place(1));
        Assert.NotEqual("-", bench.Place(2));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_Hard_Reset_or_a_removal_takes_all_at_once(bool isHard)
    {
        BgpCloseKind kind = isHard ? BgpCloseKind.NotificationReceived : BgpCloseKind.Removed;
        var bench = new RibBench();
        FakeSession peer = bench.Open("192.0.2.9");
        FakeSession other = bench.Open("192.0.2.8");
        bench.Announce(peer, "192.0.2.2", 1);
        bench.Announce(peer, "192.0.2.2", 2, ip: "10.0.0.2");
        bench.Announce(other, "192.0.2.2", 2);
        bench.Lose(peer, kind, isHard);
        Assert.Equal("-", bench.Place(1));
        Assert.Equal("192.0.2.8 192.0.2.2 Vxlan 0", bench.Place(2));
        Assert.Empty(bench.Sink.At("ip 100 10.0.0.2"));
        Assert.Contains("all 192.0.2.9", bench.Sink.Done);
        Assert.Equal(1, bench.Sink.Count);
    }

    [Fact]
    public void A_soft_notification_removes_nothing()
    {
        var bench = new RibBench();
        FakeSession peer = bench.Open("192.0.2.9");
        bench.Announce(peer, "192.0.2.2", 1);
        bench.Lose(peer, BgpCloseKind.NotificationReceived);
        Assert.NotEqual("-", bench.Place(1));
    }

    [Fact]
    public void A_neighbour_that_was_removed_while_it_was_lost_is_forgotten()
    {
        var bench = new RibBench();
        FakeSession peer = bench.Open("192.0.2.9");
        bench.Announce(peer, "192.0.2.2", 1);
        bench.Rib.Forget("192.0.2.9");
        Assert.NotEqual("-", bench.Place(1));
        bench.Lose(peer);
        bench.Rib.Forget("192.0.2.9");
        Assert.Equal(0, bench.Sink.Count);
        Assert.Empty(bench.Rib.PeerNames());
    }

    [Fact]
    public void A_live_peer_takes_over_from_a_lost_one_without_a_gap_and_gives_back()
    {
        var bench = new RibBench();
        FakeSession better = bench.Open("192.0.2.8", routerId: 1);
        FakeSession worse = bench.Open("192.0.2.9", routerId: 2);
        bench.Announce(better, "192.0.2.2", 1);
        bench.Announce(worse, "192.0.2.2", 1);
        bench.EndOfRib(better);
        bench.EndOfRib(worse);
        Assert.Equal("192.0.2.8 192.0.2.2 Vxlan 0", bench.Place(1));
        bench.Sink.Done.Clear();
        bench.Lose(better);
        Assert.Equal(["down 192.0.2.8", "+ mac 100 02:00:00:00:00:01 192.0.2.9 192.0.2.2 Vxlan 0", "- mac 100 02:00:00:00:00:01 192.0.2.8"], bench.Sink.Done);
        better = bench.Open("192.0.2.8", routerId: 1);
        bench.Announce(better, "192.0.2.2", 1);
        Assert.Equal("192.0.2.8 192.0.2.2 Vxlan 0", bench.Place(1));

        // Both are lost: the one in force stays.
        bench.Lose(worse);
        bench.Lose(better);
        Assert.Equal("192.0.2.8 192.0.2.2 Vxlan 0", bench.Place(1));
    }

    [Fact]
    public void A_stale_route_that_comes_into_force_during_a_resync_is_taken_back_by_its_sweep()
    {
        var bench = new RibBench();
        FakeSession better = bench.Open("192.0.2.8", routerId: 1);
        FakeSession worse = bench.Open("192.0.2.9", routerId: 2);
        bench.Announce(better, "192.0.2.2", 1);
        bench.Announce(worse, "192.0.2.2", 1);
        bench.Lose(worse);
        worse = bench.Open("192.0.2.9", routerId: 2);

        // Now the only one: given to the control loop behind the mark.
        bench.Withdraw(better, MacRoute("192.0.2.2", 1));
        Assert.Equal("192.0.2.9 192.0.2.2 Vxlan 0", bench.Place(1));
        bench.EndOfRib(worse);
        Assert.Equal("-", bench.Place(1));
    }

    [Fact]
    public void A_new_connection_takes_the_place_of_the_old_one()
    {
        var bench = new RibBench();
        FakeSession old = bench.Open("192.0.2.9");
        bench.Announce(old, "192.0.2.2", 1);
        FakeSession fresh = bench.Open("192.0.2.9");
        bench.Announce(fresh, "192.0.2.2", 2);
        bench.Lose(old, BgpCloseKind.Replaced);
        Assert.NotEqual("-", bench.Place(1));
        bench.EndOfRib(fresh);
        Assert.Equal("-", bench.Place(1));
        Assert.NotEqual("-", bench.Place(2));
        Assert.DoesNotContain("192.0.2.9", bench.Sink.Lost);
    }

    [Fact]
    public void A_framed_refresh_sweeps_what_it_left_out_and_makes_nothing_stale()
    {
        var bench = new RibBench();
        FakeSession peer = bench.Open("192.0.2.9");

        // RFC 7313 §4: not before End-of-RIB.
        bench.Routes.Refresh(peer, RouteRefreshKind.Begin);
        bench.Announce(peer, "192.0.2.2", 1);
        bench.Announce(peer, "192.0.2.2", 2);
        bench.Announce(peer, "192.0.2.2", 3);
        bench.Routes.Refresh(peer, RouteRefreshKind.End);
        bench.EndOfRib(peer);
        Assert.Equal(3, bench.Sink.Count);

        bench.Routes.Refresh(peer, RouteRefreshKind.Begin);
        Assert.All(bench.Rows(), static r => Assert.False(r.IsStale));
        bench.Announce(peer, "192.0.2.2", 2);
        bench.Announce(peer, "192.0.2.2", 4);
        bench.Withdraw(peer, MacRoute("192.0.2.2", 3));
        Assert.NotEqual("-", bench.Place(1));
        bench.Routes.Refresh(peer, RouteRefreshKind.End);
        Assert.Equal("-", bench.Place(1));
        Assert.NotEqual("-", bench.Place(2));
        Assert.NotEqual("-", bench.Place(4));
        Assert.Equal(2, bench.Sink.Count);
    }

    [Fact]
    public void A_peer_without_End_of_RIB_is_asked_for_a_framed_refresh_and_swept_at_its_end()
    {
        var bench = new RibBench();
        FakeSession first = bench.Open("192.0.2.9", gracefulRestart: false);
        Assert.Equal(0, first.Refreshes);
        bench.Announce(first, "192.0.2.2", 1);
        bench.Announce(first, "192.0.2.2", 2);
        bench.Lose(first);
        FakeSession second = bench.Open("192.0.2.9", gracefulRestart: false);
        Assert.Equal(1, second.Refreshes);
        bench.Announce(second, "192.0.2.2", 2);
        bench.Routes.Refresh(second, RouteRefreshKind.Begin);
        Assert.NotEqual("-", bench.Place(1));
        bench.Announce(second, "192.0.2.2", 2);
        bench.Routes.Refresh(second, RouteRefreshKind.End);
        Assert.Equal("-", bench.Place(1));
        Assert.NotEqual("-", bench.Place(2));
        Assert.False(bench.Rib.Complete(new EvpnNeighborRow { Name = second.Name, State = "established" }).HasEndOfRib);

        // And its time is not waited for any more.
        bench.Announce(second, "192.0.2.2", 3);
        bench.Clock.Advance(DefaultOptions.StalePathTime);
        bench.Sink.Done.Clear();
        bench.Rib.Tick();
        Assert.Empty(bench.Sink.Done);
    }

    [Fact]
    public void A_framed_refresh_that_does_not_end_is_ended_by_the_stale_path_time()
    {
        var bench = new RibBench();
        FakeSession peer = bench.Open("192.0.2.9");
        bench.Announce(peer, "192.0.2.2", 1);
        bench.Announce(peer, "192.0.2.2", 2);
        bench.EndOfRib(peer);
        bench.Clock.Advance(TimeSpan.FromHours(1));
        bench.Routes.Refresh(peer, RouteRefreshKind.Begin);
        bench.Announce(peer, "192.0.2.2", 2);
        bench.Clock.Advance(DefaultOptions.StalePathTime - TimeSpan.FromSeconds(1));
        bench.Rib.Tick();
        Assert.NotEqual("-", bench.Place(1));
        bench.Clock.Advance(TimeSpan.FromSeconds(1));
        bench.Rib.Tick();
        Assert.Equal("-", bench.Place(1));
        Assert.NotEqual("-", bench.Place(2));
        Assert.Contains("complete 192.0.2.9", bench.Sink.Done);

        // What came too late sweeps nothing.
        bench.Announce(peer, "192.0.2.2", 3);
        bench.Routes.Refresh(peer, RouteRefreshKind.End);
        Assert.Equal(2, bench.Sink.Count);
    }

    [Fact]
    public void End_of_RIB_in_the_midst_of_a_refresh_sweeps_nothing()
    {
        var bench = new RibBench();
        FakeSession peer = bench.Open("192.0.2.9", gracefulRestart: false);
        bench.Announce(peer, "192.0.2.2", 1);
        bench.Announce(peer, "192.0.2.2", 2);
        bench.Routes.Refresh(peer, RouteRefreshKind.Begin);
        bench.Announce(peer, "192.0.2.2", 1);
        bench.EndOfRib(peer);
        Assert.Equal(2, bench.Sink.Count);
        bench.Clock.Advance(DefaultOptions.StalePathTime - TimeSpan.FromSeconds(1));
        bench.Rib.Tick();
        Assert.Equal(2, bench.Sink.Count);
        bench.Announce(peer, "192.0.2.2", 2);
        bench.Routes.Refresh(peer, RouteRefreshKind.End);
        Assert.Equal(2, bench.Sink.Count);
    }

    [Fact]
    public void A_refresh_without_a_frame_removes_nothing()
    {
        var bench = new RibBench();
        FakeSession peer = bench.Open("192.0.2.9");
        bench.Announce(peer, "192.0.2.2", 1);
        bench.EndOfRib(peer);
        bench.Announce(peer, "192.0.2.2", 2);
        bench.EndOfRib(peer);
        Assert.Equal(2, bench.Sink.Count);
    }

    [Fact]
    public void A_stale_hold_ends_what_a_lost_session_left()
    {
        var bench = new RibBench(staleHold: TimeSpan.FromSeconds(60));
        FakeSession peer = bench.Open("192.0.2.9");
        bench.Announce(peer, "192.0.2.2", 1);
        bench.Lose(peer);
        bench.Clock.Advance(TimeSpan.FromSeconds(59));
        bench.Rib.Tick();
        Assert.NotEqual("-", bench.Place(1));
        bench.Clock.Advance(TimeSpan.FromSeconds(1));
        bench.Rib.Tick();
        Assert.Equal("-", bench.Place(1));
    }

    [Fact]
    public void A_neighbours_row_says_what_it_gave()
    {
        var bench = new RibBench();
        FakeSession peer = bench.Open("192.0.2.9");
        bench.Announce(peer, "192.0.2.2", 1);
        EvpnNeighborRow row = bench.Rib.Complete(new EvpnNeighborRow { Name = peer.Name, State = "established" });
        Assert.Equal((1, 0, false), (row.Routes, row.StaleRoutes, row.HasEndOfRib));
        bench.EndOfRib(peer);
        bench.Lose(peer);
        row = bench.Rib.Complete(row);
        Assert.Equal((1, 1, false), (row.Routes, row.StaleRoutes, row.HasEndOfRib));
    }
}
