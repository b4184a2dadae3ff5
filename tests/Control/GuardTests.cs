using Overlay.Control.Queries;
using Overlay.Control.Tables;
using Overlay.Control.Tests.Support;
using Overlay.Encap;
using Overlay.Forwarding;
using static Overlay.Control.Tests.Support.Bench;

namespace Overlay.Control.Tests;

/// <summary>The mass-withdraw guard: what it holds, for how long, and what it never holds.</summary>
public sealed class GuardTests
{
    private const int Many = 200;

    [Fact]
    public void A_sweep_of_few_goes_at_once()
    {
        Bench bench = WithRoutes();
        Resync(bench, bench.Etcd, from: 41);
        Assert.Equal(Many - 40, bench.Writer.MacCount(V));
        Assert.Equal("-", bench.Place(40));
        Assert.Empty(bench.Core.Alarms());
        Assert.Equal(0, Row(bench).Held);
    }

    [Fact]
    public void A_sweep_of_at_most_64_entries_goes_at_once_however_large_its_share_is()
    {
        var bench = new Bench();
        bench.Peer(bench.Etcd, "b", "192.0.2.2");
        Give(bench, bench.Etcd, 1, 63);
        Resync(bench, bench.Etcd, from: 1000, to: 0);
        Assert.Equal(0, bench.Writer.MacCount(V));
        Assert.Equal("", bench.Floods());
    }

    [Fact]
    public void A_sweep_of_much_is_held_in_force_and_stale_for_thirty_seconds()
    {
        Bench bench = WithRoutes();
        Resync(bench, bench.Etcd, from: 101);
        Assert.Equal(Many, bench.Writer.MacCount(V));
        Assert.Equal((FdbFlags.Stale, FdbFlags.None), (bench.Flags(100), bench.Flags(101)));
        GuardRow row = Row(bench);
        Assert.Equal((true, Many + 1, 100, 100L), (row.IsGuarded, row.Entries, row.Held, row.HeldTotal));
        Assert.Equal(TimeSpan.FromSeconds(30), row.Left);
        AlarmRow alarm = Assert.Single(bench.Core.Alarms());
        Assert.Equal(("mass_withdraw", "plane etcd"), (alarm.Name, alarm.Subject));
        Assert.Contains("100 of 201 entries", alarm.Sentence, StringComparison.Ordinal);

        bench.Pass(TimeSpan.FromSeconds(29));
        Assert.Equal(Many, bench.Writer.MacCount(V));
        bench.Pass(TimeSpan.FromSeconds(2));
        Assert.Equal(100, bench.Writer.MacCount(V));
        Assert.Equal((0, 100L, (TimeSpan?)null), (Row(bench).Held, Row(bench).Released, Row(bench).Left));
        Assert.Empty(bench.Core.Alarms());
    }

    [Fact]
    public void An_operator_lets_go_what_is_held()
    {
        Bench bench = WithRoutes();
        Resync(bench, bench.Etcd, from: 101);
        Assert.Equal("there is no control plane 'nobody'", bench.Core.Approve("nobody").Unknown);
        Assert.Equal(0, bench.Core.Approve("evpn").Approved);
        Assert.Equal(Many, bench.Writer.MacCount(V));
        Assert.Equal(new GuardApproval(100, null), bench.Core.Approve("etcd"));
        bench.Core.Flush();
        Assert.Equal(100, bench.Writer.MacCount(V));
        Assert.Equal((0, 100L, 0L), (Row(bench).Held, Row(bench).Approved, Row(bench).Released));
        Assert.Empty(bench.Core.Alarms());
    }

    [Fact]
    public void What_is_given_again_is_not_held_any_more()
    {
        Bench bench = WithRoutes();
        Resync(bench, bench.Etcd, from: 101);
        Give(bench, bench.Etcd, 1, 100);
        Assert.Equal(FdbFlags.None, bench.Flags(100));
        Assert.Equal((0, 100L), (Row(bench).Held, Row(bench).GivenAgain));
        bench.Pass(TimeSpan.FromSeconds(2));
        Assert.Empty(bench.Core.Alarms());
        bench.Pass(TimeSpan.FromSeconds(60));
        Assert.Equal(Many, bench.Writer.MacCount(V));
    }

    [Fact]
    public void When_few_are_left_the_rest_goes_but_not_while_more_is_given_again()
    {
        Bench bench = WithRoutes();
        Resync(bench, bench.Etcd, from: 101);

        // Sixty are left, which is few; but a second that gave some again is followed by another look.
        Give(bench, bench.Etcd, 1, 40);
        Assert.Equal(60, Row(bench).Held);
        bench.Pass(TimeSpan.FromSeconds(1));
        Assert.Equal(60, Row(bench).Held);
        bench.Pass(TimeSpan.FromSeconds(2));
        Assert.Equal(0, Row(bench).Held);
        Assert.Equal(Many - 60, bench.Writer.MacCount(V));
    }

    [Fact]
    public void During_a_resync_few_that_are_left_stay()
    {
        Bench bench = WithRoutes();
        Resync(bench, bench.Etcd, from: 101);
        bench.Etcd.BeginResync(ResyncScope.Plane);
        Give(bench, bench.Etcd, 1, 90);
        bench.Pass(TimeSpan.FromSeconds(5));
        Assert.Equal(10, Row(bench).Held);
        Give(bench, bench.Etcd, 91, Many);
        bench.Flood(bench.Etcd, "b");
        bench.Describe(bench.Etcd, Vtep("b", "192.0.2.2"));
        bench.Complete(bench.Etcd, ResyncScope.Plane);
        bench.Pass(TimeSpan.FromSeconds(60));
        Assert.Equal(Many, bench.Writer.MacCount(V));
    }

    [Fact]
    public void What_its_owner_withdraws_goes_at_once_held_or_not()
    {
        Bench bench = WithRoutes();
        for (int mac = 1; mac <= 150; mac++)
        {
            bench.Withdraw(bench.Etcd, mac);
        }

        Assert.Equal(50, bench.Writer.MacCount(V));
        Give(bench, bench.Etcd, 1, 150);
        Resync(bench, bench.Etcd, from: 101);
        bench.Withdraw(bench.Etcd, 7);
        Assert.Equal("-", bench.Place(7));
        Assert.Equal(99, Row(bench).Held);
    }

    [Fact]
    public void What_is_held_does_not_delay_a_replacement_or_a_move()
    {
        Bench bench = WithRoutes();
        bench.Peer(bench.Evpn, "c", "192.0.2.3");
        bench.Peer(bench.Ovsdb, "d", "192.0.2.4");
        bench.Route(bench.Ovsdb, 3, "d");
        Assert.Equal("d", bench.Place(3));
        Resync(bench, bench.Etcd, from: 101);

        // Another plane has it, its owner moves it, a port sees it.
        bench.Route(bench.Evpn, 1, "c");
        bench.Route(bench.Etcd, 2, "c");
        bench.OnPort(4, 1);
        Assert.Equal(("c", "c", "d", "p1"), (bench.Place(1), bench.Place(2), bench.Place(3), bench.Place(4)));
    }

    [Fact]
    public void A_plane_of_less_rank_has_what_is_held_of_a_better_one()
    {
        var bench = new Bench();
        bench.Peer(bench.Evpn, "b", "192.0.2.2");
        bench.Peer(bench.Etcd, "c", "192.0.2.3");
        Give(bench, bench.Evpn, 1, Many);
        bench.Route(bench.Etcd, 5, "c");
        Assert.Equal("b", bench.Place(5));
        Resync(bench, bench.Evpn, from: 101);
        Assert.Equal(("c", "b"), (bench.Place(5), bench.Place(6)));
    }

    [Fact]
    public void A_lease_that_ends_takes_its_routes_along_at_once()
    {
        var bench = new Bench();
        bench.Peer(bench.Etcd, "b", "192.0.2.2");
        for (int mac = 1; mac <= Many; mac++)
        {
            bench.Route(bench.Etcd, mac, "b", expiry: TimeSpan.FromSeconds(mac <= 150 ? 5 : 500));
        }

        bench.Pass(TimeSpan.FromSeconds(7));
        Assert.Equal(50, bench.Writer.MacCount(V));

        // Held or not.
        for (int mac = 1; mac <= 150; mac++)
        {
            bench.Route(bench.Etcd, mac, "b", expiry: TimeSpan.FromSeconds(5));
        }

        Resync(bench, bench.Etcd, from: 151);
        Assert.Equal(150, Row(bench).Held);
        bench.Pass(TimeSpan.FromSeconds(7));
        Assert.Equal(50, bench.Writer.MacCount(V));
    }

    [Fact]
    public void A_vtep_that_its_owner_takes_back_goes_at_once_with_its_routes()
    {
        Bench bench = WithRoutes();
        bench.Core.WithdrawVtep(bench.Etcd, null, new VtepEndpoint("b"));
        bench.Core.Flush();
        Assert.Equal(0, bench.Writer.MacCount(V));
        Assert.Empty(bench.Core.Alarms());
    }

    [Fact]
    public void Everything_that_a_session_takes_back_for_good_goes_at_once()
    {
        Bench bench = WithRoutes();
        bench.Etcd.BeginResync(ResyncScope.Plane);
        bench.Core.CompleteResync(bench.Etcd, ResyncScope.Plane, isMeant: true);
        bench.Core.Flush();
        Assert.Equal(0, bench.Writer.MacCount(V));
    }

    [Fact]
    public void Held_descriptions_groups_and_floods_go_with_what_needs_them()
    {
        var bench = new Bench();
        bench.Peer(bench.Etcd, "b", "192.0.2.2");
        bench.Core.UpsertGroup(bench.Etcd, 1, [To("b")]);
        Give(bench, bench.Etcd, 1, 150);
        bench.Core.Upsert(bench.Etcd, null, new MacRoute(new Vni(V), Mac(151), NextHopRef.ToGroup(1)));
        bench.Core.Upsert(bench.Etcd, null, new NeighborRoute(new Vni(V), Ip("10.0.0.1"), Mac(1)));
        bench.Core.Flush();
        Resync(bench, bench.Etcd, from: 1000, to: 0);
        Assert.Equal(("b", "192.0.2.2", "[b]", 153), (bench.Floods(), bench.Allows(), bench.Place(151), Row(bench).Held));
        Assert.Single(bench.Core.Neighbors(null));
        bench.Pass(TimeSpan.FromSeconds(32));
        Assert.Equal(("", "", 0), (bench.Floods(), bench.Allows(), bench.Writer.MacCount(V)));
        Assert.Empty(bench.Core.Neighbors(null));
        Assert.Equal((0, 0), (bench.Core.RouteCount, bench.Writer.NextHopCount));
        Assert.Empty(bench.Core.Vteps());
        Assert.Equal(0, bench.Etcd.Entries);
    }

    [Fact]
    public void Foreign_withdraws_of_few_go_at_once_and_of_many_are_held_however_they_come()
    {
        Bench bench = WithRoutes();
        WithdrawForeign(bench, 1, 10);
        Assert.Equal(Many - 10, bench.Writer.MacCount(V));

        // One by one, with a flush behind each: those that went already count.
        for (int mac = 11; mac <= 150; mac++)
        {
            WithdrawForeign(bench, mac, mac);
        }

        Assert.Equal(Many - 64, bench.Writer.MacCount(V));
        Assert.Equal((FdbFlags.Stale, 86), (bench.Flags(150), Row(bench).Held));
        bench.Pass(TimeSpan.FromSeconds(32));
        Assert.Equal(50, bench.Writer.MacCount(V));
    }

    [Fact]
    public void Foreign_withdraws_of_everything_are_held_and_their_owners_give_them_again()
    {
        Bench bench = WithRoutes();
        bench.Core.Upsert(bench.Etcd, null, new NeighborRoute(new Vni(V), Ip("10.0.0.1"), Mac(1)));
        for (int mac = 1; mac <= Many; mac++)
        {
            bench.Core.WithdrawMac(bench.Etcd, null, new Vni(V), Mac(mac), WithdrawCause.Foreign);
        }

        bench.Core.WithdrawFlood(bench.Etcd, null, new Vni(V), To("b"), WithdrawCause.Foreign);
        bench.Core.WithdrawNeighbor(bench.Etcd, null, new Vni(V), Ip("10.0.0.1"), WithdrawCause.Foreign);
        bench.Core.WithdrawVtep(bench.Etcd, null, new VtepEndpoint("b"), WithdrawCause.Foreign);
        bench.Core.Flush();
        Assert.Equal((Many, "b", Many + 2), (bench.Writer.MacCount(V), bench.Floods(), Row(bench).Held));
        bench.Peer(bench.Etcd, "b", "192.0.2.2");
        bench.Core.Upsert(bench.Etcd, null, new NeighborRoute(new Vni(V), Ip("10.0.0.1"), Mac(1)));
        Give(bench, bench.Etcd, 1, Many);
        Assert.Equal(0, Row(bench).Held);
        bench.Pass(TimeSpan.FromSeconds(60));
        Assert.Equal((Many, "b"), (bench.Writer.MacCount(V), bench.Floods()));
        Assert.Single(bench.Core.Neighbors(null));
        Assert.Empty(bench.Core.Alarms());
    }

    [Fact]
    public void A_foreign_withdraw_of_a_vtep_is_held_with_its_routes()
    {
        Bench bench = WithRoutes();
        bench.Core.WithdrawVtep(bench.Etcd, null, new VtepEndpoint("b"), WithdrawCause.Foreign);
        bench.Core.Flush();
        Assert.Equal((Many, "b", Many + 1), (bench.Writer.MacCount(V), bench.Floods(), Row(bench).Held));
        _ = bench.Core.Approve(null);
        bench.Core.Flush();
        Assert.Equal((0, ""), (bench.Writer.MacCount(V), bench.Floods()));
        Assert.Empty(bench.Core.Vteps());
    }

    [Fact]
    public void A_foreign_withdraw_that_is_followed_by_a_put_changes_nothing()
    {
        Bench bench = WithRoutes();
        int writes = bench.Writer.MacWrites;
        bench.Core.WithdrawMac(bench.Etcd, null, new Vni(V), Mac(1), WithdrawCause.Foreign);
        bench.Core.Upsert(bench.Etcd, null, new MacRoute(new Vni(V), Mac(1), To("b")));
        bench.Core.Flush();
        Assert.Equal(("b", writes), (bench.Place(1), bench.Writer.MacWrites));
    }

    [Fact]
    public void Sweeps_of_one_vni_after_the_other_are_judged_together()
    {
        var bench = new Bench();
        bench.Peer(bench.Etcd, "b", "192.0.2.2");
        bench.Flood(bench.Etcd, "b", W);
        Give(bench, bench.Etcd, 1, 250);
        Give(bench, bench.Etcd, 1, 50, W);
        bench.Etcd.BeginResync(ResyncScope.OfVni(new Vni(W)));
        bench.Complete(bench.Etcd, ResyncScope.OfVni(new Vni(W)));
        Assert.Equal((0, 250), (bench.Writer.MacCount(W), bench.Writer.MacCount(V)));
        bench.Etcd.BeginResync(ResyncScope.OfVni(new Vni(V)));
        Give(bench, bench.Etcd, 41, 250);
        bench.Flood(bench.Etcd, "b");
        bench.Complete(bench.Etcd, ResyncScope.OfVni(new Vni(V)));
        Assert.Equal((250, 40), (bench.Writer.MacCount(V), Row(bench).Held));

        // Each for itself is nothing to hold.
        bench.Pass(TimeSpan.FromSeconds(32));
        Assert.Equal(210, bench.Writer.MacCount(V));
    }

    [Fact]
    public void Resyncs_of_two_sessions_nest_and_each_is_judged()
    {
        var bench = new Bench();
        bench.Peer(bench.Evpn, "b", "192.0.2.2");
        foreach (string session in new[] { "rr1", "rr2" })
        {
            for (int mac = 1; mac <= 100; mac++)
            {
                bench.Route(bench.Evpn, session == "rr1" ? mac : mac + 100, "b", session: session);
            }
        }

        bench.Evpn.BeginResync(ResyncScope.OfSession("rr1"));
        bench.Evpn.BeginResync(ResyncScope.OfSession("rr2"));
        for (int mac = 1; mac <= 100; mac++)
        {
            bench.Route(bench.Evpn, mac + 100, "b", session: "rr2");
        }

        bench.Complete(bench.Evpn, ResyncScope.OfSession("rr1"));
        Assert.Equal((200, 100), (bench.Writer.MacCount(V), Row(bench, "evpn").Held));
        bench.Complete(bench.Evpn, ResyncScope.OfSession("rr2"));
        Assert.Equal((200, 100), (bench.Writer.MacCount(V), Row(bench, "evpn").Held));
        Assert.Equal((FdbFlags.Stale, FdbFlags.None), (bench.Flags(100), bench.Flags(101)));
        bench.Pass(TimeSpan.FromSeconds(32));
        Assert.Equal(100, bench.Writer.MacCount(V));
    }

    [Fact]
    public void A_second_mass_begins_the_time_anew_and_a_few_do_not()
    {
        Bench bench = WithRoutes();
        Resync(bench, bench.Etcd, from: 101);
        bench.Pass(TimeSpan.FromSeconds(20));
        WithdrawForeign(bench, 101, 101);
        Assert.Equal(101, Row(bench).Held);
        Assert.InRange(Row(bench).Left!.Value.TotalSeconds, 9, 11);
        Resync(bench, bench.Etcd, from: 181);
        Assert.Equal(180, Row(bench).Held);
        Assert.Equal(TimeSpan.FromSeconds(30), Row(bench).Left);
    }

    [Fact]
    public void Two_planes_are_guarded_each_for_itself()
    {
        Bench bench = WithRoutes();
        bench.Peer(bench.Ovsdb, "c", "192.0.2.3");
        Give(bench, bench.Ovsdb, 1001, 1100, vtep: "c");
        Resync(bench, bench.Etcd, from: 101);
        Assert.Equal((100, 0), (Row(bench).Held, Row(bench, "ovsdb").Held));
        bench.Ovsdb.BeginResync(ResyncScope.Plane);
        bench.Describe(bench.Ovsdb, Vtep("c", "192.0.2.3"));
        bench.Complete(bench.Ovsdb, ResyncScope.Plane);
        Assert.Equal((100, 101), (Row(bench).Held, Row(bench, "ovsdb").Held));
        _ = bench.Core.Approve("etcd");
        bench.Core.Flush();
        Assert.Equal((0, 101), (Row(bench).Held, Row(bench, "ovsdb").Held));
        Assert.Equal("plane ovsdb", Assert.Single(bench.Core.Alarms()).Subject);
    }

    [Fact]
    public void What_a_source_out_of_touch_gave_stays_until_it_is_back_or_an_operator_says_so()
    {
        Bench bench = WithRoutes();
        bench.Core.ReportConnected(bench.Etcd, null, true);
        Resync(bench, bench.Etcd, from: 101);
        bench.Core.ReportConnected(bench.Etcd, null, false);
        bench.Pass(TimeSpan.FromSeconds(60));
        Assert.Equal(Many, bench.Writer.MacCount(V));
        _ = bench.Core.Approve("etcd");
        bench.Core.Flush();
        Assert.Equal(100, bench.Writer.MacCount(V));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Switched_off_it_holds_nothing_and_keeps_nothing_that_is_held(bool before)
    {
        Bench bench = WithRoutes();
        var off = new GuardOptions { Enabled = false };
        if (before)
        {
            bench.Core.Configure(off, null);
        }

        Resync(bench, bench.Etcd, from: 101);
        bench.Core.Configure(off, null);
        bench.Core.Flush();
        Assert.Equal(100, bench.Writer.MacCount(V));
        Assert.False(Row(bench).IsGuarded);
        Assert.Empty(bench.Core.Alarms());
    }

    [Fact]
    public void A_reload_of_the_configuration_and_a_plane_without_stale_hold_are_not_guarded()
    {
        var bench = new Bench();
        PlaneState brief = bench.Plane("brief", RouteOrigin.Etcd, TimeSpan.Zero);
        foreach (PlaneState plane in new[] { bench.Static, brief })
        {
            bench.Peer(plane, "b", "192.0.2.2");
            Give(bench, plane, 1, Many);
            Resync(bench, plane, from: 101);
            Assert.Equal(100, bench.Writer.MacCount(V));
            plane.BeginResync(ResyncScope.Plane);
            bench.Complete(plane, ResyncScope.Plane);
        }

        Assert.Equal(0, bench.Writer.MacCount(V));
    }

    [Fact]
    public void Its_limits_are_settings()
    {
        Bench bench = WithRoutes();
        bench.Core.Configure(new GuardOptions { Share = 60, Entries = 10, Hold = TimeSpan.FromSeconds(5) }, null);
        Resync(bench, bench.Etcd, from: 101);
        Assert.Equal(100, bench.Writer.MacCount(V));
        bench.Pass(TimeSpan.FromSeconds(10));
        bench.Core.Configure(new GuardOptions { Share = 0, Entries = 10, Hold = TimeSpan.FromSeconds(5) }, null);
        Resync(bench, bench.Etcd, from: 112);
        Assert.Equal((100, 11), (bench.Writer.MacCount(V), Row(bench).Held));
        bench.Pass(TimeSpan.FromSeconds(7));
        Assert.Equal(89, bench.Writer.MacCount(V));
    }

    [Fact]
    public void Many_are_counted_marked_and_released_in_slices()
    {
        var bench = new Bench();
        bench.Peer(bench.Etcd, "b", "192.0.2.2");
        Give(bench, bench.Etcd, 1, 50_000);
        bench.Etcd.BeginResync(ResyncScope.Plane);
        bench.Describe(bench.Etcd, Vtep("b", "192.0.2.2"));
        bench.Core.CompleteResync(bench.Etcd, ResyncScope.Plane);
        Assert.True(bench.Core.HasWork);

        // While they are marked and released nothing is judged by how many are marked so far.
        for (int tick = 0; tick < 100 && bench.Core.HasWork; tick++)
        {
            bench.Time.Advance(TimeSpan.FromSeconds(1));
            bench.Core.Tick();
            bench.Core.Flush();
        }

        Assert.Equal((50_000, 50_001), (bench.Writer.MacCount(V), Row(bench).Held));
        bench.Pass(TimeSpan.FromSeconds(40));
        Assert.Equal((0, 0, false), (bench.Writer.MacCount(V), Row(bench).Held, bench.Core.HasWork));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void What_is_counted_is_what_there_is(int seed)
    {
        var random = new Random(seed);
        var bench = new Bench(new ControlOptions { Guard = new GuardOptions { Share = 10, Entries = 4 } });
        bench.Peer(bench.Static, "b", "192.0.2.2");
        bench.Peer(bench.Static, "c", "192.0.2.3");
        var given = new HashSet<int>();
        for (int step = 0; step < 3000; step++)
        {
            int mac = random.Next(1, 60);
            switch (random.Next(12))
            {
                case < 5:
                    bench.Route(bench.Etcd, mac, random.Next(2) == 0 ? "b" : "c", session: mac % 2 == 0 ? "s" : null);
                    _ = given.Add(mac);
                    break;
                case 5:
                    bench.Withdraw(bench.Etcd, mac, session: mac % 2 == 0 ? "s" : null);
                    _ = given.Remove(mac);
                    Assert.NotEqual(FdbOrigin.Etcd, bench.Origin(mac));
                    break;
                case < 8:
                    bench.Core.WithdrawMac(bench.Etcd, mac % 2 == 0 ? "s" : null, new Vni(V), Mac(mac), WithdrawCause.Foreign);
                    break;
                case 8:
                    bench.Etcd.BeginResync(random.Next(2) == 0 ? ResyncScope.Plane : ResyncScope.OfSession("s"));
                    break;
                case 9:
                    bench.Complete(bench.Etcd, random.Next(2) == 0 ? ResyncScope.Plane : ResyncScope.OfSession("s"));
                    break;
                case 10 when random.Next(5) == 0:
                    _ = bench.Core.Approve(null);
                    break;
                default:
                    bench.Pass(TimeSpan.FromSeconds(random.Next(1, 12)));
                    break;
            }

            bench.Core.Flush();
            int present = Enumerable.Range(1, 60).Count(m => bench.Origin(m) == FdbOrigin.Etcd);
            int stale = Enumerable.Range(1, 60).Count(m => bench.Flags(m).HasFlag(FdbFlags.Stale));
            Assert.Equal((present, stale), (Row(bench).Entries, Row(bench).Held));
            Assert.InRange(present, 0, given.Count);
            Assert.True(Row(bench).Left is not null || stale == 0);
        }

        bench.Pass(TimeSpan.FromSeconds(60));
        Assert.Equal(0, Row(bench).Held);
        Assert.Empty(bench.Core.Alarms());
    }

    private static Bench WithRoutes()
    {
        var bench = new Bench();
        bench.Peer(bench.Etcd, "b", "192.0.2.2");
        Give(bench, bench.Etcd, 1, Many);
        return bench;
    }

    private static void Give(Bench bench, PlaneState plane, int from, int to, uint vni = V, string vtep = "b")
    {
        for (int mac = from; mac <= to; mac++)
        {
            bench.Core.Upsert(plane, null, new MacRoute(new Vni(vni), Mac(mac), To(vtep)));
        }

        bench.Core.Flush();
    }

    /// <summary>Gives the VTEP, its flood route and some of the MACs again; nothing at all if that is none.</summary>
    private static void Resync(Bench bench, PlaneState plane, int from, int to = Many)
    {
        plane.BeginResync(ResyncScope.Plane);
        if (to > 0)
        {
            bench.Peer(plane, "b", "192.0.2.2");
            Give(bench, plane, from, to);
        }

        bench.Complete(plane, ResyncScope.Plane);
    }

    private static void WithdrawForeign(Bench bench, int from, int to)
    {
        for (int mac = from; mac <= to; mac++)
        {
            bench.Core.WithdrawMac(bench.Etcd, null, new Vni(V), Mac(mac), WithdrawCause.Foreign);
        }

        bench.Core.Flush();
    }

    private static GuardRow Row(Bench bench, string plane = "etcd") => bench.Core.GuardRows().Single(r => r.Plane == plane);
}
