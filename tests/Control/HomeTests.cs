using Overlay.Control.Queries;
using Overlay.Control.Tests.Support;
using Overlay.Encap;
using Overlay.Forwarding;
using static Overlay.Control.Tests.Support.Bench;

namespace Overlay.Control.Tests;

/// <summary>Where a MAC's home is, whoever claims it and whenever: p0, or VTEP b, is the victim's place, and the other claimant must never become its home.</summary>
public sealed class HomeTests
{
    [Fact]
    public void Who_has_the_mac_when_the_window_ends_does_not_get_its_home()
    {
        Bench bench = Ready();
        bench.OnPort(1, 0);
        bench.OnPort(1, 1);
        bench.OnPort(1, 0);
        Hold(bench, 179);
        bench.OnPort(1, 1);
        Hold(bench, 1.5);
        bench.OnPort(1, 0);
        bench.OnPort(1, 1);
        bench.OnPort(1, 0);
        Assert.Equal(FdbFlags.None, bench.Flags(1));
        bench.OnPort(1, 1);
        Assert.Equal(("p0", FdbFlags.Frozen), (bench.Place(1), bench.Flags(1)));
    }

    [Fact]
    public void Moves_before_and_after_a_boundary_count_together()
    {
        Bench bench = Ready();
        bench.OnPort(1, 0);
        bench.OnPort(1, 1);
        Hold(bench, 175);
        bench.OnPort(1, 0);
        bench.OnPort(1, 1);
        bench.OnPort(1, 0);
        Hold(bench, 6);

        // The first is older than the window now; the last three are not.
        bench.OnPort(1, 1);
        Assert.Equal(("p1", FdbFlags.None, 4), (bench.Place(1), bench.Flags(1), bench.Core.Moves(null, 1).Rows[0].InWindow));
        bench.OnPort(1, 0);
        Assert.Equal(("p0", FdbFlags.Frozen), (bench.Place(1), bench.Flags(1)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(9)]
    [InlineData(12)]
    [InlineData(40)]
    public void A_mac_is_frozen_by_the_move_that_the_limit_names(int limit)
    {
        var bench = new Bench(vni: v => v with { MoveLimit = limit });
        bench.OnPort(1, 0);
        for (int move = 1; move < limit; move++)
        {
            bench.OnPort(1, move % 2);
            Assert.Equal(FdbFlags.None, bench.Flags(1));
        }

        bench.OnPort(1, limit % 2);
        Assert.Equal(("p0", FdbFlags.Frozen), (bench.Place(1), bench.Flags(1)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_home_outlives_a_thaw(bool byOperator)
    {
        Bench bench = Ready();
        bench.OnPort(1, 0);
        Fight(bench, 1, 5);
        Assert.Equal(("p0", FdbFlags.Frozen), (bench.Place(1), bench.Flags(1)));
        if (byOperator)
        {
            Assert.Equal(1, bench.Core.Unfreeze(null, null).Unfrozen);
        }
        else
        {
            Hold(bench, 32);
        }

        // The claimant has it while the port is away for a moment, so the port's host is the one that moves first.
        bench.OnPort(1, 1);
        bench.Core.SetPort("p1", isUp: false, default);
        bench.Core.SetPort("p1", isUp: true, default);
        bench.OnPort(1, 1);
        bench.OnPort(1, 0);
        Fight(bench, 1, 3);
        Assert.Equal(("p0", FdbFlags.Frozen), (bench.Place(1), bench.Flags(1)));
    }

    [Fact]
    public void A_claimant_that_vanishes_and_comes_back_is_no_first_one()
    {
        Bench bench = Ready();
        bench.OnPort(1, 0);
        bench.OnPort(1, 1);
        bench.Core.SetPort("p1", isUp: false, default);
        Assert.Equal(("-", 0), (bench.Place(1), bench.Core.Vnis()[0].MacCount));
        Assert.Contains("no port, peer or plane", bench.Core.FdbWhy(new Vni(V), Mac(1)).Verdict, StringComparison.Ordinal);
        bench.Core.SetPort("p1", isUp: true, default);
        bench.OnPort(1, 1);
        bench.OnPort(1, 0);
        Fight(bench, 1, 3);
        Assert.Equal(("p0", FdbFlags.Frozen), (bench.Place(1), bench.Flags(1)));
    }

    [Fact]
    public void A_home_outlives_a_long_freeze_in_which_its_port_goes_away_for_a_moment()
    {
        var bench = new Bench(vni: static v => v with { FreezeTime = TimeSpan.FromHours(1) });
        bench.OnPort(1, 0);
        Fight(bench, 1, 5);
        Hold(bench, 200);
        Assert.Equal(("p0", FdbFlags.Frozen), (bench.Place(1), bench.Flags(1)));
        bench.Core.SetPort("p0", isUp: false, default);
        bench.Core.SetPort("p0", isUp: true, default);
        bench.OnPort(1, 1);
        bench.OnPort(1, 0);
        Fight(bench, 1, 4);
        Assert.Equal(("p0", FdbFlags.Frozen), (bench.Place(1), bench.Flags(1)));
    }

    [Fact]
    public void A_flush_forgets_the_moves_of_a_mac_that_is_nowhere()
    {
        Bench bench = Ready();
        bench.OnPort(1, 0);
        bench.OnPort(1, 1);
        bench.Core.SetPort("p1", isUp: false, default);
        Assert.Single(bench.Core.Moves(null, 10).Rows);
        bench.Core.FlushLearned(new FdbFilter(Vni: new Vni(V), Mac: Mac(1)), static _ => { });
        Assert.Empty(bench.Core.Moves(null, 10).Rows);
    }

    [Fact]
    public void A_port_that_is_full_ends_no_freeze_of_what_was_learned()
    {
        Bench bench = FrozenAtVtep();
        bench.OnPort(9, 0);
        bench.OnPort(1, 0);
        Assert.Equal(("b", FdbFlags.Frozen), (bench.Place(1), bench.Flags(1)));
        bench.OnPort(1, 1);
        Assert.Equal(("p1", FdbFlags.None, 0), (bench.Place(1), bench.Flags(1), bench.Core.Vnis()[0].Frozen));
    }

    [Fact]
    public void A_mac_that_is_frozen_where_it_was_learned_blocks_no_route()
    {
        Bench bench = FrozenAtVtep();
        bench.Peer(bench.Evpn, "d", "192.0.2.4");
        bench.Route(bench.Evpn, 1, "d");
        Assert.Equal(("d", FdbFlags.None, 0), (bench.Place(1), bench.Flags(1), bench.Core.Vnis()[0].Frozen));
    }

    [Fact]
    public void A_mac_that_dwells_for_a_window_is_at_home_there()
    {
        Bench bench = Ready();
        bench.OnPort(1, 0);
        bench.OnPort(1, 1);
        Hold(bench, 182);
        bench.OnPort(1, 0);
        bench.OnPort(1, 1);
        bench.OnPort(1, 0);
        bench.OnPort(1, 1);
        bench.OnPort(1, 0);
        Assert.Equal(("p1", FdbFlags.Frozen), (bench.Place(1), bench.Flags(1)));
    }

    [Fact]
    public void Nobody_is_at_home_on_a_port_that_has_left()
    {
        Bench bench = Ready();
        bench.OnPort(1, 0);
        bench.OnPort(1, 1);
        bench.ApplyVni(static v => v with { Ports = ["p1"] });
        bench.ApplyVni(static v => v with { Ports = ["p0", "p1"] });
        bench.OnPort(1, 0);
        Fight(bench, 1, 4);
        Assert.Equal(("p1", FdbFlags.Frozen), (bench.Place(1), bench.Flags(1)));
        bench.ApplyVni(static v => v with { Ports = ["p0"] });
        Assert.Equal(("-", 0), (bench.Place(1), bench.Core.Vnis()[0].Frozen));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public void A_vtep_that_a_prefix_admits_is_home_even_when_its_only_mac_was_taken(int limit)
    {
        var bench = new Bench(vni: v => v with { Allow = [Prefix("198.51.100.0/24")], Age = TimeSpan.FromSeconds(60), MoveLimit = limit });
        bench.FromVtep(1, "198.51.100.1");
        for (int move = 1; move <= limit; move++)
        {
            bench.FromVtep(1, move % 2 == 1 ? "198.51.100.2" : "198.51.100.1");
        }

        Assert.Equal(("198.51.100.1", FdbFlags.Frozen), (bench.Place(1), bench.Flags(1)));
        FdbMoveRow row = Assert.Single(bench.Core.Moves(null, 10).Rows);
        Assert.Equal(("peer 198.51.100.1", $"peer 198.51.100.{(limit == 5 ? 2 : 1)}"), (row.Place, row.To));

        // Both are forgotten when nothing needs them any more.
        bench.Pass(TimeSpan.FromSeconds(300));
        Assert.Equal(("-", "", 0), (bench.Place(1), bench.Allows(), bench.Writer.NextHopCount));
        Assert.Empty(bench.Core.Moves(null, 10).Rows);
    }

    [Fact]
    public void A_home_that_is_no_longer_admitted_is_none()
    {
        var bench = new Bench(vni: static v => v with { Allow = [Prefix("198.51.100.0/24")] });
        bench.FromVtep(1, "198.51.100.1");
        bench.FromVtep(1, "198.51.100.2");
        bench.ApplyVni(static v => v with { Allow = [Prefix("198.51.100.2/31")] });
        Assert.Equal("198.51.100.2", bench.Allows());
        for (int move = 1; move <= 5; move++)
        {
            bench.FromVtep(1, move % 2 == 1 ? "198.51.100.3" : "198.51.100.2");
        }

        Assert.Equal(("198.51.100.2", FdbFlags.Frozen), (bench.Place(1), bench.Flags(1)));
    }

    [Fact]
    public void Who_takes_a_mac_and_fills_its_port_cannot_keep_it()
    {
        var bench = new Bench(portLimit: 3);
        bench.OnPort(1, 0);
        bench.OnPort(1, 1);
        for (int mac = 2; mac <= 5; mac++)
        {
            bench.OnPort(mac, 0);
        }

        Assert.Equal((4, 1), (bench.Core.LearnCounters().InForce, bench.Core.LearnCounters().RefusedByPort));
        bench.OnPort(1, 0);
        Assert.Equal("p0", bench.Place(1));
        Fight(bench, 1, 3);
        Assert.Equal(("p0", FdbFlags.Frozen), (bench.Place(1), bench.Flags(1)));

        // A stranger to the port finds it full as ever.
        bench.OnPort(6, 1);
        bench.OnPort(6, 0);
        Assert.Equal("p1", bench.Place(6));
    }

    [Fact]
    public void Who_takes_a_mac_and_fills_its_vtep_cannot_keep_it()
    {
        var bench = new Bench(vni: static v => v with { RemoteLearning = true, VtepLearnLimit = 2 });
        bench.Peer(bench.Static, "b", "192.0.2.2");
        bench.Peer(bench.Static, "c", "192.0.2.3");
        bench.FromVtep(1, "192.0.2.2");
        bench.FromVtep(1, "192.0.2.3");
        bench.FromVtep(2, "192.0.2.2");
        bench.FromVtep(3, "192.0.2.2");
        bench.FromVtep(1, "192.0.2.2");
        Assert.Equal("b", bench.Place(1));
        bench.FromVtep(1, "192.0.2.3");
        bench.FromVtep(1, "192.0.2.2");
        bench.FromVtep(1, "192.0.2.3");
        Assert.Equal(("b", FdbFlags.Frozen), (bench.Place(1), bench.Flags(1)));
    }

    [Fact]
    public void Planes_hear_of_a_mac_that_a_freeze_takes_back_to_a_port()
    {
        var bench = new Bench(vni: static v => v with { RemoteLearning = true, MoveLimit = 4 });
        bench.Peer(bench.Static, "b", "192.0.2.2");
        bench.Evpn.Started();
        bench.OnPort(1, 0);
        for (int round = 0; round < 2; round++)
        {
            bench.Pass(TimeSpan.FromSeconds(4));
            bench.FromVtep(1, "192.0.2.2");
            Assert.Equal("b", bench.Place(1));
            _ = bench.Told(bench.Evpn);
            bench.OnPort(1, 0);
        }

        Assert.Equal(("p0", FdbFlags.Frozen, FdbOrigin.Local), (bench.Place(1), bench.Flags(1), bench.Origin(1)));
        LocalEvent fact = Assert.Single(bench.Told(bench.Evpn));
        Assert.Equal((LocalEventKind.MacMoved, Mac(1), "p0"), (fact.Kind, fact.Mac, fact.Port));
    }

    private static UnderlayPrefix Prefix(string text)
    {
        Assert.True(UnderlayPrefix.TryParse(text, out UnderlayPrefix prefix));
        return prefix;
    }

    private static Bench Ready() => new();

    /// <summary>Learned from b and c in turn, and frozen at b; a port takes one MAC.</summary>
    private static Bench FrozenAtVtep()
    {
        var bench = new Bench(vni: static v => v with { RemoteLearning = true }, portLimit: 1);
        bench.Peer(bench.Static, "b", "192.0.2.2");
        bench.Peer(bench.Static, "c", "192.0.2.3");
        for (int move = 0; move <= 5; move++)
        {
            bench.FromVtep(1, move % 2 == 0 ? "192.0.2.2" : "192.0.2.3");
        }

        Assert.Equal(("b", FdbFlags.Frozen), (bench.Place(1), bench.Flags(1)));
        return bench;
    }

    /// <summary>Time passes, and whoever has the MAC goes on using it.</summary>
    private static void Hold(Bench bench, double seconds) => bench.Pass(TimeSpan.FromSeconds(seconds), () => bench.Writer.Touch(V, Mac(1)));

    /// <summary>From p0 to p1 and back, so many moves.</summary>
    private static void Fight(Bench bench, int mac, int moves)
    {
        for (int move = 1; move <= moves; move++)
        {
            bench.OnPort(mac, move % 2);
        }
    }
}
