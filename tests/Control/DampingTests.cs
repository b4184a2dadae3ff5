using Overlay.Control.Queries;
using Overlay.Control.Tests.Support;
using Overlay.Encap;
using Overlay.Forwarding;
using static Overlay.Control.Tests.Support.Bench;

namespace Overlay.Control.Tests;

/// <summary>Moves, damping and freezing; and the way of a workload that migrates.</summary>
public sealed class DampingTests
{
    [Fact]
    public void The_fifth_move_within_three_minutes_freezes_a_mac_where_it_was_first()
    {
        Bench bench = Ready();
        bench.OnPort(1, 0);
        for (int move = 1; move <= 4; move++)
        {
            bench.OnPort(1, move % 2);
            Assert.Equal(($"p{move % 2}", FdbFlags.None), (bench.Place(1), bench.Flags(1)));
        }

        bench.OnPort(1, 1);
        Assert.Equal(("p0", FdbFlags.Frozen), (bench.Place(1), bench.Flags(1)));
        FdbMoveRow row = Assert.Single(bench.Core.Moves(null, 10).Rows);
        Assert.Equal((Mac(1), "port p0", "port p1", "port p0", 5, 1), (row.Mac, row.From, row.To, row.Place, row.InWindow, row.Freezes));
        Assert.Equal(30, row.FrozenFor!.Value.TotalSeconds, 1.0);
        AlarmRow alarm = Assert.Single(bench.Core.Alarms());
        Assert.Equal(("mac_frozen", "vni 100"), (alarm.Name, alarm.Subject));
        Assert.Equal((1, 1), (bench.Core.Vnis()[0].Frozen, bench.Core.LearnCounters().Frozen));
        Assert.Contains("frozen", bench.Core.FdbWhy(new Vni(V), Mac(1)).Verdict, StringComparison.Ordinal);

        // Hints that were on their way change nothing, and another MAC is not concerned.
        bench.OnPort(1, 1);
        bench.OnPort(2, 1);
        Assert.Equal(("p0", "p1"), (bench.Place(1), bench.Place(2)));
        Assert.Equal(1, bench.Core.LearnCounters().RefusedFrozen);
    }

    [Fact]
    public void An_even_number_of_moves_takes_the_mac_home_too()
    {
        var bench = new Bench(vni: static v => v with { MoveLimit = 4 });
        Flap(bench, 1, 4);
        Assert.Equal(("p0", FdbFlags.Frozen), (bench.Place(1), bench.Flags(1)));
        Assert.Equal(1, bench.Core.LearnCounters().InForce);
        _ = bench.Told(bench.Evpn);
    }

    [Fact]
    public void Moves_that_are_far_apart_freeze_nothing()
    {
        Bench bench = Ready();
        bench.OnPort(1, 0);
        for (int move = 1; move <= 20; move++)
        {
            bench.OnPort(1, move % 2);
            bench.Pass(TimeSpan.FromSeconds(46), () => bench.Writer.Touch(V, Mac(1)));
        }

        Assert.Equal(("p0", FdbFlags.None, 20), (bench.Place(1), bench.Flags(1), bench.Core.FdbWhy(new Vni(V), Mac(1)).Moves));
    }

    [Fact]
    public void A_frozen_mac_may_move_again_after_a_while_and_each_freeze_is_longer()
    {
        Bench bench = Ready();
        Flap(bench, 1, 5);
        bench.Pass(TimeSpan.FromSeconds(28));
        Assert.Equal(FdbFlags.Frozen, bench.Flags(1));
        bench.Pass(TimeSpan.FromSeconds(4));
        Assert.Equal(FdbFlags.None, bench.Flags(1));
        Assert.Empty(bench.Core.Alarms());
        bench.OnPort(1, 1);
        Assert.Equal("p1", bench.Place(1));
        for (int move = 2; move <= 5; move++)
        {
            bench.OnPort(1, move % 2);
        }

        // Never longer than sixteen times the first.
        foreach (int expected in new[] { 60, 120, 240, 480, 480 })
        {
            FdbMoveRow row = Assert.Single(bench.Core.Moves(null, 10).Rows);
            Assert.Equal(expected, row.FrozenFor!.Value.TotalSeconds);
            bench.Pass(TimeSpan.FromSeconds(expected + 1), () => bench.Writer.Touch(V, Mac(1)));
            Assert.Equal(FdbFlags.None, bench.Flags(1));
            Flap(bench, 1, 5);
        }
    }

    [Fact]
    public void A_calm_window_makes_a_mac_unsuspicious()
    {
        Bench bench = Ready();
        Flap(bench, 1, 5);
        bench.Pass(TimeSpan.FromSeconds(230), () => bench.Writer.Touch(V, Mac(1)));
        Assert.Empty(bench.Core.Moves(null, 10).Rows);
        Flap(bench, 1, 5);
        Assert.Equal((30.0, 1), (bench.Core.Moves(null, 10).Rows[0].FrozenFor!.Value.TotalSeconds, bench.Core.Moves(null, 10).Rows[0].Freezes));
    }

    [Fact]
    public void An_operator_lets_a_frozen_mac_go()
    {
        Bench bench = Ready();
        Flap(bench, 1, 5);
        Flap(bench, 2, 5);
        Assert.Equal(new FdbUnfreezeResult(0, null), bench.Core.Unfreeze(new Vni(W), Mac(1)));
        Assert.Equal("VNI 999 is not configured", bench.Core.Unfreeze(new Vni(999), null).Unknown);
        Assert.Equal(new FdbUnfreezeResult(1, null), bench.Core.Unfreeze(new Vni(V), Mac(1)));
        Assert.Equal((FdbFlags.None, FdbFlags.Frozen), (bench.Flags(1), bench.Flags(2)));
        Assert.Equal("mac_frozen", Assert.Single(bench.Core.Alarms()).Name);
        Assert.Equal(1, bench.Core.Unfreeze(null, null).Unfrozen);
        Assert.Empty(bench.Core.Alarms());
        bench.OnPort(1, 1);
        Assert.Equal("p1", bench.Place(1));
    }

    [Fact]
    public void A_mac_claimed_by_a_second_vtep_is_frozen_at_the_first()
    {
        Bench bench = Ready();
        bench.FromVtep(1, "192.0.2.2");
        for (int move = 1; move <= 5; move++)
        {
            bench.FromVtep(1, move % 2 == 1 ? "192.0.2.3" : "192.0.2.2");
        }

        Assert.Equal(("b", FdbFlags.Frozen), (bench.Place(1), bench.Flags(1)));
        bench.FromVtep(1, "192.0.2.3");
        Assert.Equal("b", bench.Place(1));
        bench.Pass(TimeSpan.FromSeconds(32));
        bench.FromVtep(1, "192.0.2.3");
        Assert.Equal("c", bench.Place(1));
    }

    [Fact]
    public void A_plane_and_a_port_that_fight_leave_the_mac_with_the_first()
    {
        Bench bench = Ready();
        bench.Route(bench.Evpn, 1, "b", sequence: 1);
        for (uint move = 1; move <= 5; move++)
        {
            bench.OnPort(1, 0);
            if (move < 5)
            {
                bench.Route(bench.Evpn, 1, "b", sequence: (2 * move) + 1);
            }
        }

        Assert.Equal(("b", FdbFlags.Frozen), (bench.Place(1), bench.Flags(1)));
        bench.Withdraw(bench.Evpn, 1);
        Assert.Equal("-", bench.Place(1));
        bench.OnPort(1, 0);
        Assert.Equal(("p0", FdbFlags.None), (bench.Place(1), bench.Flags(1)));
        Assert.Equal(0, bench.Core.Vnis()[0].Frozen);
    }

    [Fact]
    public void A_plane_cannot_take_a_mac_that_is_frozen_on_a_port_but_the_configuration_can()
    {
        Bench bench = Ready();
        Flap(bench, 1, 5);
        bench.Route(bench.Evpn, 1, "b", sequence: 9);
        Assert.Equal(("p0", FdbFlags.Frozen), (bench.Place(1), bench.Flags(1)));
        bench.Route(bench.Static, 1, "c");
        Assert.Equal(("c", FdbFlags.None), (bench.Place(1), bench.Flags(1)));
        bench.Pass(TimeSpan.FromSeconds(2));
        Assert.Empty(bench.Core.Alarms());
    }

    [Fact]
    public void A_frozen_mac_is_free_when_its_port_goes()
    {
        Bench bench = Ready();
        Flap(bench, 1, 5);
        bench.Core.SetPort("p0", isUp: false, default);
        Assert.Equal("-", bench.Place(1));
        bench.OnPort(1, 1);
        Assert.Equal(("p1", FdbFlags.None, 0), (bench.Place(1), bench.Flags(1), bench.Core.Vnis()[0].Frozen));
    }

    [Fact]
    public void A_frozen_mac_ages_when_nobody_has_it_any_more()
    {
        var bench = new Bench(vni: static v => v with { FreezeTime = TimeSpan.FromHours(1) });
        Flap(bench, 1, 5);
        bench.Pass(TimeSpan.FromSeconds(330));
        Assert.Equal("-", bench.Place(1));
        Assert.Empty(bench.Core.Alarms());
        bench.Pass(TimeSpan.FromSeconds(182));
        Assert.Empty(bench.Core.Moves(null, 10).Rows);
    }

    [Fact]
    public void A_move_limit_of_zero_damps_nothing()
    {
        var bench = new Bench(vni: static v => v with { MoveLimit = 0 });
        Flap(bench, 1, 101);
        Assert.Equal(("p1", FdbFlags.None), (bench.Place(1), bench.Flags(1)));
        Assert.Empty(bench.Core.Moves(null, 10).Rows);
    }

    [Fact]
    public void A_workload_that_migrates_to_a_vtep_is_followed_once_it_is_silent_here()
    {
        Bench bench = Ready();
        bench.OnPort(1, 0);
        bench.Pass(TimeSpan.FromSeconds(10), () => bench.Writer.Touch(V, Mac(1)));
        bench.FromVtep(1, "192.0.2.2");
        Assert.Equal("p0", bench.Place(1));
        _ = bench.Told(bench.Evpn);

        // It leaves: nothing comes from the port, and its frames from the VTEP.
        double silent = 0;
        while (bench.Place(1) == "p0")
        {
            bench.Pass(TimeSpan.FromMilliseconds(500));
            bench.FromVtep(1, "192.0.2.2");
            silent += 0.5;
            Assert.True(silent < 10);
        }

        Assert.InRange(silent, 2, 5);
        Assert.Equal(("b", FdbOrigin.Learned), (bench.Place(1), bench.Origin(1)));
        Assert.Equal(LocalEventKind.MacAged, Assert.Single(bench.Told(bench.Evpn)).Kind);
        Assert.Equal(1, bench.Core.LearnCounters().Moved);

        // It comes back: at once.
        bench.OnPort(1, 0);
        Assert.Equal(("p0", FdbOrigin.Local), (bench.Place(1), bench.Origin(1)));
        Assert.Equal(LocalEventKind.MacMoved, Assert.Single(bench.Told(bench.Evpn)).Kind);
    }

    [Fact]
    public void A_vtep_cannot_take_a_host_that_speaks_nor_a_ports_own_address()
    {
        Bench bench = Ready();
        bench.Core.SetPort("p1", isUp: true, Mac(9));
        bench.OnPort(1, 0);
        bench.Pass(TimeSpan.FromSeconds(60), () =>
        {
            bench.Writer.Touch(V, Mac(1));
            bench.FromVtep(1, "192.0.2.2");
            bench.FromVtep(9, "192.0.2.2");
        });
        Assert.Equal(("p0", "p1"), (bench.Place(1), bench.Place(9)));
    }

    [Fact]
    public void A_vtep_that_claims_silent_hosts_again_and_again_is_frozen_out()
    {
        Bench bench = Ready();
        bench.OnPort(1, 0);
        for (int round = 0; round < 3; round++)
        {
            bench.Pass(TimeSpan.FromSeconds(4));
            bench.FromVtep(1, "192.0.2.2");
            bench.OnPort(1, 0);
        }

        Assert.Equal(("p0", FdbFlags.Frozen), (bench.Place(1), bench.Flags(1)));
    }

    private static Bench Ready()
    {
        var bench = new Bench(vni: static v => v with { RemoteLearning = true });
        bench.Peer(bench.Static, "b", "192.0.2.2");
        bench.Peer(bench.Static, "c", "192.0.2.3");
        bench.Core.Describe(bench.Evpn, null, Vtep("b", "192.0.2.2"));
        bench.Core.Flush();
        bench.Evpn.Started();
        _ = bench.Told(bench.Evpn);
        return bench;
    }

    /// <summary>Port 0 first, then from port to port.</summary>
    private static void Flap(Bench bench, int mac, int moves)
    {
        for (int i = 0; i <= moves; i++)
        {
            bench.OnPort(mac, i % 2);
        }
    }
}
