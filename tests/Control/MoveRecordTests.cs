using Microsoft.Extensions.Logging;
using Overlay.Control.Queries;
using Overlay.Control.Tests.Support;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using static Overlay.Control.Tests.Support.Bench;

namespace Overlay.Control.Tests;

/// <summary>What is remembered of moves: how much, of whom, and what happens beyond.</summary>
public sealed class MoveRecordTests
{
    /// <summary>The least that a VNI may have at most, and the least that it has whatever others do.</summary>
    private const int OfVni = 1024;
    private const int Reserved = 64;

    [Fact]
    public void What_is_remembered_of_a_vni_is_bounded_and_the_oldest_that_moved_once_makes_room()
    {
        Bench bench = Ready();
        bench.OnPort(2 * OfVni, 0);
        bench.Pass(TimeSpan.FromSeconds(182), () => bench.Writer.Touch(V, Mac(2 * OfVni)));
        Move(bench, 1, 2 * OfVni);
        Assert.Equal(OfVni, bench.Core.Moves(null, 10_000).Rows.Length);
        Assert.True(bench.Core.Moves(null, 2).IsTruncated);
        Assert.Equal("move_record_limit", Assert.Single(bench.Core.Alarms()).Name);

        // The latest is damped: it is remembered, and it was where it is for long before anything was forgotten.
        Fight(bench, 2 * OfVni, 5);
        Assert.Equal(("p0", FdbFlags.Frozen), (bench.Place(2 * OfVni), bench.Flags(2 * OfVni)));
        bench.Pass(TimeSpan.FromSeconds(182));
        Assert.Empty(bench.Core.Alarms());
        Assert.InRange(bench.Core.Moves(null, 10_000).Rows.Length, 0, 1);
    }

    [Fact]
    public void Macs_that_moved_more_than_once_make_no_room_and_others_move_undamped()
    {
        Bench bench = Ready();
        Move(bench, 1, OfVni);
        for (int mac = 1; mac <= OfVni; mac++)
        {
            bench.OnPort(mac, 0);
        }

        int late = OfVni + 1;
        bench.OnPort(late, 0);
        Fight(bench, late, 20);
        Assert.Equal(("p0", FdbFlags.None, 20), (bench.Place(late), bench.Flags(late), bench.Core.LearnCounters().Undamped));
        Assert.Equal("move_record_limit", Assert.Single(bench.Core.Alarms()).Name);
    }

    [Fact]
    public void Who_makes_us_forget_where_a_mac_was_does_not_get_it_frozen_at_himself()
    {
        Bench bench = Ready();
        bench.OnPort(1, 0);
        bench.OnPort(1, 1);
        Move(bench, 2, OfVni);
        bench.OnPort(1, 0);
        Fight(bench, 1, 9);
        Assert.Equal(("p1", FdbFlags.None), (bench.Place(1), bench.Flags(1)));
        Assert.True(bench.Core.LearnCounters().Undamped > 0);

        // Nor does who gets a MAC forgotten, and then makes it vanish and come back, as one that nobody knows.
        bench.OnPort(9000, 0);
        Move(bench, 2 + OfVni, 1);
        Fight(bench, 9000, 5);
        Assert.Equal(("p1", FdbFlags.None), (bench.Place(9000), bench.Flags(9000)));

        // A MAC that stayed for a window is at home again.
        bench.Pass(TimeSpan.FromSeconds(182), () => bench.Writer.Touch(V, Mac(1)));
        bench.OnPort(1, 0);
        Fight(bench, 1, 4);
        Assert.Equal(("p1", FdbFlags.Frozen), (bench.Place(1), bench.Flags(1)));
    }

    [Fact]
    public void One_vnis_moves_leave_another_some_room()
    {
        var bench = new Bench(new ControlOptions { MoveRecordLimit = OfVni });
        bench.Apply(bench.Topology with { Vnis = [bench.Topology.Vnis[0], bench.Topology.Vnis[1] with { Ports = ["p0", "p1"] }] });
        Move(bench, 1, OfVni);
        for (int mac = 1; mac <= Reserved + 1; mac++)
        {
            for (int move = 0; move <= 4; move++)
            {
                bench.OnPort(mac, move % 2, W);
            }
        }

        Assert.Equal((OfVni, Reserved), (bench.Core.Moves(new Vni(V), 10_000).Rows.Length, bench.Core.Moves(new Vni(W), 10_000).Rows.Length));
        bench.OnPort(Reserved, 1, W);
        bench.OnPort(Reserved + 1, 1, W);
        Assert.Equal((FdbFlags.Frozen, FdbFlags.None), (bench.Flags(Reserved, W), bench.Flags(Reserved + 1, W)));
        Assert.Equal("vni 200", Assert.Single(bench.Core.Alarms(), static a => a.Name == "move_record_limit").Subject);
    }

    [Fact]
    public void Nothing_of_moves_is_left_when_the_vni_goes()
    {
        Bench bench = Ready();
        bench.Peer(bench.Evpn, "b", "192.0.2.2");
        bench.Route(bench.Evpn, 1, "b");
        bench.OnPort(1, 0);
        bench.OnPort(2, 0);
        Fight(bench, 2, 5);
        bench.Writer.RemoveVni(V);
        bench.Apply(bench.Topology with { Vnis = [bench.Topology.Vnis[1]] });
        Assert.Empty(bench.Core.Moves(null, 10).Rows);
        bench.Writer.AddVni(V);
        bench.Apply(bench.Topology with { Vnis = [.. bench.Topology.Vnis, new VniSpec { Vni = new Vni(V), Ports = ["p0", "p1"] }] });
        Assert.Equal(("b", "-"), (bench.Place(1), bench.Place(2)));
        bench.OnPort(2, 1);
        bench.OnPort(2, 0);
        Assert.Equal("port p1", Assert.Single(bench.Core.Moves(null, 10).Rows).From);
    }

    [Fact]
    public void What_is_remembered_follows_its_macs_when_tables_shrink()
    {
        const int Many = 8000;
        var bench = new Bench(portLimit: Many);
        for (int mac = 1; mac <= Many; mac++)
        {
            bench.OnPort(mac, 0);
        }

        Fight(bench, Many, 4);
        bench.OnPort(Many - 1, 1);
        bench.Core.SetPort("p1", isUp: false, default);
        bench.Core.SetPort("p1", isUp: true, default);
        bench.Core.FlushLearned(new FdbFilter(Port: "p0"), static _ => { });
        Fight(bench, Many - 2, 1);
        bench.Pass(TimeSpan.FromSeconds(2));
        Assert.Equal(Mac(Many - 1), Assert.Single(bench.Core.Moves(null, 10).Rows).Mac);
        bench.OnPort(Many - 1, 1);
        bench.OnPort(Many - 1, 0);
        Fight(bench, Many - 1, 3);
        Assert.Equal(("p0", FdbFlags.Frozen), (bench.Place(Many - 1), bench.Flags(Many - 1)));
    }

    [Fact]
    public void Many_that_are_let_go_at_once_are_let_go_in_slices()
    {
        const int Many = 6000;
        var bench = new Bench(new ControlOptions { MoveRecordLimit = 16 * Many }, static v => v with { MoveLimit = 1 }, portLimit: Many);
        Move(bench, 1, Many);
        Assert.Equal(Many, bench.Core.Vnis()[0].Frozen);
        bench.Time.Advance(TimeSpan.FromSeconds(31));
        bench.Core.Tick();
        Assert.True(bench.Core.HasWork);
        Assert.InRange(bench.Core.Vnis()[0].Frozen, 1, Many - 1);
        bench.Core.Tick();
        Assert.Equal((0, false), (bench.Core.Vnis()[0].Frozen, bench.Core.HasWork));
    }

    [Fact]
    public void Tenants_that_move_macs_write_few_lines()
    {
        var log = new CountingLog();
        var bench = new Bench(log: log);
        for (int mac = 1; mac <= 40; mac++)
        {
            bench.OnPort(mac, 0);
            Fight(bench, mac, 5);
        }

        bench.Pass(TimeSpan.FromSeconds(1.5));
        Assert.Equal((10, 10), (log.Lines.Count(static l => l.Id == 3006), log.Lines.Count(static l => l.Id == 3008)));
        Assert.Equal(
            [(LogLevel.Warning, "30 more within a second, left out here: MACs frozen"), (LogLevel.Debug, "150 more within a second, left out here: MACs moved")],
            log.Lines.Where(static l => l.Id == 3012).Select(static l => (l.Level, l.Text)));
        bench.Pass(TimeSpan.FromSeconds(32));
        bench.OnPort(1, 1);
        Assert.Equal(11, log.Lines.Count(static l => l.Id == 3006));
    }

    private static Bench Ready() => new(new ControlOptions { MoveRecordLimit = 16 * OfVni }, portLimit: 10_000);

    /// <summary>Each from p0 to p1, once.</summary>
    private static void Move(Bench bench, int first, int count)
    {
        for (int mac = first; mac < first + count; mac++)
        {
            bench.OnPort(mac, 0);
            bench.OnPort(mac, 1);
        }
    }

    private static void Fight(Bench bench, int mac, int moves)
    {
        for (int move = 1; move <= moves; move++)
        {
            bench.OnPort(mac, move % 2);
        }
    }
}
