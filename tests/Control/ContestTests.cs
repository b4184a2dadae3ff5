using Overlay.Control.Queries;
using Overlay.Control.Tests.Support;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using static Overlay.Control.Tests.Support.Bench;

namespace Overlay.Control.Tests;

/// <summary>Ports against VTEPs: what is learned never blocks a port, and a port that takes a VTEP's host does not do it unseen. And tags, which the table does not tell apart.</summary>
public sealed class ContestTests
{
    [Fact]
    public void A_port_that_claims_a_vteps_host_has_it_and_both_are_named()
    {
        Bench bench = Ready();
        bench.FromVtep(1, "192.0.2.2");
        bench.OnPort(1, 0);
        Assert.Equal("p0", bench.Place(1));
        Contradict(bench, seconds: 3);
        Assert.Empty(bench.Core.Alarms());
        Contradict(bench, seconds: 3);
        Assert.Equal(("p0", FdbOrigin.Local, FdbFlags.None), (bench.Place(1), bench.Origin(1), bench.Flags(1)));
        AlarmRow alarm = Assert.Single(bench.Core.Alarms());
        Assert.Equal(("mac_contested", "vni 100"), (alarm.Name, alarm.Subject));
        Assert.EndsWith($"({Mac(1)}: port p0 has it, peer b claims it)", alarm.Sentence, StringComparison.Ordinal);
        FdbMoveRow row = Assert.Single(bench.Core.Moves(null, 10).Rows);
        Assert.Equal(("port p0", "peer b", 1), (row.Place, row.ContestedBy, row.InWindow));
        Assert.EndsWith("peer b claims it again and again", bench.Core.FdbWhy(new Vni(V), Mac(1)).Verdict, StringComparison.Ordinal);

        // It lasts as long as they do, and a window more.
        Contradict(bench, seconds: 300);
        Assert.Equal(("p0", FdbFlags.None, 1), (bench.Place(1), bench.Flags(1), bench.Core.Alarms().Length));
        bench.Pass(TimeSpan.FromSeconds(190), () => bench.Writer.Touch(V, Mac(1)));
        Assert.Empty(bench.Core.Alarms());
        Assert.Empty(bench.Core.Moves(null, 10).Rows);
    }

    [Fact]
    public void A_host_that_migrates_between_a_vtep_and_a_port_is_contested_by_nobody()
    {
        Bench bench = Ready();
        bench.FromVtep(1, "192.0.2.2");
        for (int round = 0; round < 2; round++)
        {
            bench.OnPort(1, 0);
            bench.Pass(TimeSpan.FromSeconds(20), () => bench.Writer.Touch(V, Mac(1)));
            Assert.Equal("p0", bench.Place(1));
            for (int half = 0; bench.Place(1) == "p0"; half++)
            {
                bench.Pass(TimeSpan.FromMilliseconds(500));
                bench.FromVtep(1, "192.0.2.2");
                Assert.True(half < 10);
            }

            bench.Pass(TimeSpan.FromSeconds(20), () => bench.FromVtep(1, "192.0.2.2"));
        }

        Assert.Equal(("b", FdbFlags.None), (bench.Place(1), bench.Flags(1)));
        Assert.Empty(bench.Core.Alarms());
    }

    [Fact]
    public void A_vtep_that_claims_what_never_moved_is_not_followed_and_costs_nothing()
    {
        Bench bench = Ready();
        bench.OnPort(1, 0);
        Contradict(bench, seconds: 20);
        Assert.Equal("p0", bench.Place(1));
        Assert.Empty(bench.Core.Alarms());
        Assert.Empty(bench.Core.Moves(null, 10).Rows);
        Assert.InRange(bench.Core.LearnCounters().Yielded, 20, 100);
    }

    [Fact]
    public void A_mac_that_is_frozen_where_it_was_learned_blocks_no_port()
    {
        Bench bench = Ready();
        bench.FromVtep(1, "192.0.2.2");
        for (int move = 1; move <= 5; move++)
        {
            bench.FromVtep(1, move % 2 == 1 ? "192.0.2.3" : "192.0.2.2");
        }

        Assert.Equal(("b", FdbFlags.Frozen), (bench.Place(1), bench.Flags(1)));
        bench.OnPort(1, 1);
        Assert.Equal(("p1", FdbFlags.None, 0), (bench.Place(1), bench.Flags(1), bench.Core.Vnis()[0].Frozen));
        bench.Pass(TimeSpan.FromSeconds(1.5), () => bench.Writer.Touch(V, Mac(1)));
        Assert.Empty(bench.Core.Alarms());
    }

    [Fact]
    public void A_port_among_the_claimants_is_home_before_a_vtep_that_was_first()
    {
        Bench bench = Ready();
        bench.FromVtep(1, "192.0.2.2");
        for (int move = 1; move <= 5; move++)
        {
            bench.OnPort(1, (move + 1) % 2);
        }

        Assert.Equal(("p0", FdbFlags.Frozen, FdbOrigin.Local), (bench.Place(1), bench.Flags(1), bench.Origin(1)));
    }

    [Fact]
    public void A_stranger_whose_mac_a_port_has_makes_no_vtep()
    {
        Assert.True(UnderlayPrefix.TryParse("198.51.100.0/24", out UnderlayPrefix prefix));
        var bench = new Bench(vni: v => v with { RemoteLearning = true, Allow = [prefix] });
        bench.OnPort(1, 0);
        bench.OnPort(2, 0);
        for (int move = 1; move <= 5; move++)
        {
            bench.OnPort(2, move % 2);
        }

        Assert.Equal(FdbFlags.Frozen, bench.Flags(2));
        int before = bench.Writer.Writes;
        for (int i = 1; i <= 20; i++)
        {
            bench.FromVtep(1, $"198.51.100.{i}");
            bench.FromVtep(2, $"198.51.100.{i}");
        }

        Assert.Equal((before, "p0", "p0"), (bench.Writer.Writes, bench.Place(1), bench.Place(2)));
        Assert.Equal((20, 20), (bench.Core.LearnCounters().Yielded, bench.Core.LearnCounters().RefusedFrozen));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Where_tags_are_carried_moves_are_counted_and_freeze_nothing(bool byPort)
    {
        Bench bench = Ready();
        for (int move = 0; move <= 5; move++)
        {
            bench.OnPort(2, move % 2);
        }

        Assert.Equal(FdbFlags.Frozen, bench.Flags(2));
        if (byPort)
        {
            bench.Apply(bench.Topology with { Ports = bench.Topology.Ports.SetItem("p1", bench.Topology.Ports["p1"] with { Mode = PortMode.Transparent }) });
        }
        else
        {
            bench.ApplyVni(static v => v with { Transparent = true });
        }

        Assert.Equal(FdbFlags.None, bench.Flags(2));
        for (int move = 0; move <= 20; move++)
        {
            bench.OnPort(1, move % 2);
            Assert.Equal($"p{move % 2}", bench.Place(1));
        }

        Assert.Equal(20, bench.Core.Moves(null, 10).Rows[0].InWindow);
        Contradict(bench, seconds: 10);
        Assert.Empty(bench.Core.Alarms());
    }

    private static Bench Ready()
    {
        var bench = new Bench(vni: static v => v with { RemoteLearning = true });
        bench.Peer(bench.Static, "b", "192.0.2.2");
        bench.Peer(bench.Static, "c", "192.0.2.3");
        return bench;
    }

    /// <summary>The port's host goes on, and so does the one behind b.</summary>
    private static void Contradict(Bench bench, int seconds) => bench.Pass(TimeSpan.FromSeconds(seconds), () =>
    {
        bench.Writer.Touch(V, Mac(1));
        bench.FromVtep(1, "192.0.2.2");
    });
}
