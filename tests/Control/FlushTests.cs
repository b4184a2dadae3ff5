using Overlay.Control.Queries;
using Overlay.Control.Tests.Support;
using Overlay.Encap;
using static Overlay.Control.Tests.Support.Bench;

namespace Overlay.Control.Tests;

public sealed class FlushTests
{
    [Fact]
    public void A_flush_by_vni_leaves_other_vnis_alone()
    {
        Bench bench = Filled();
        Assert.Equal(new FdbFlushResult(4, null), Flush(bench, new FdbFilter(Vni: new Vni(V))));
        Assert.Equal("- - - -", Places(bench));
        Assert.Equal("p0", bench.Place(1, W));
    }

    [Fact]
    public void A_flush_by_port_takes_what_was_seen_there_in_all_vnis()
    {
        Bench bench = Filled();
        Assert.Equal(new FdbFlushResult(2, null), Flush(bench, new FdbFilter(Port: "p0")));
        Assert.Equal("- p1 b c", Places(bench));
        Assert.Equal("-", bench.Place(1, W));
    }

    [Fact]
    public void A_flush_by_vtep_takes_what_was_learned_from_it()
    {
        Bench bench = Filled();
        Assert.Equal(new FdbFlushResult(1, null), Flush(bench, new FdbFilter(Peer: "b")));
        Assert.Equal("p0 p1 - c", Places(bench));
    }

    [Fact]
    public void A_flush_takes_any_name_of_a_vtep()
    {
        Bench bench = Filled();
        bench.Flood(bench.Evpn, "192.0.2.2");
        Assert.Equal(new FdbFlushResult(1, null), Flush(bench, new FdbFilter(Peer: "192.0.2.2")));
        Assert.Equal("p0 p1 - c", Places(bench));
    }

    [Fact]
    public void A_flush_by_mac_takes_it_in_one_vni_or_in_all()
    {
        Bench bench = Filled();
        Assert.Equal(1, Flush(bench, new FdbFilter(Vni: new Vni(W), Mac: Mac(1))).Removed);
        Assert.Equal(("p0", "-"), (bench.Place(1), bench.Place(1, W)));
        bench.OnPort(1, 0, W);
        Assert.Equal(2, Flush(bench, new FdbFilter(Mac: Mac(1))).Removed);
        Assert.Equal(("-", "-"), (bench.Place(1), bench.Place(1, W)));
        Assert.Equal(0, Flush(bench, new FdbFilter(Port: "p0", Mac: Mac(2))).Removed);
        Assert.Equal("p1", bench.Place(2));
    }

    [Fact]
    public void A_flush_of_everything_leaves_static_macs_routes_of_planes_and_a_ports_own_address()
    {
        Bench bench = Filled();
        bench.Route(bench.Static, 10, "b");
        bench.Route(bench.Evpn, 11, "c");
        bench.Core.SetPort("p0", isUp: true, Mac(50));
        Assert.Equal(5, Flush(bench, new FdbFilter()).Removed);
        Assert.Equal(("b", "c", "p0"), (bench.Place(10), bench.Place(11), bench.Place(50)));
        Assert.Equal((0, 5), (bench.Core.LearnCounters().InForce, bench.Core.LearnCounters().Flushed));

        // What was flushed is learned again with its next frame.
        bench.OnPort(1, 0);
        Assert.Equal("p0", bench.Place(1));
    }

    [Fact]
    public void Planes_hear_that_a_flushed_local_mac_is_gone()
    {
        Bench bench = Filled();
        bench.Evpn.Started();
        _ = bench.Told(bench.Evpn);
        _ = Flush(bench, new FdbFilter(Port: "p1"));
        LocalEvent fact = Assert.Single(bench.Told(bench.Evpn));
        Assert.Equal((LocalEventKind.MacAged, Mac(2)), (fact.Kind, fact.Mac));
    }

    [Fact]
    public void What_a_flush_names_must_exist()
    {
        Bench bench = Filled();
        Assert.Equal("VNI 999 is not configured", Flush(bench, new FdbFilter(Vni: new Vni(999))).Unknown);
        Assert.Equal("there is no port 'p9'", Flush(bench, new FdbFilter(Port: "p9")).Unknown);
        Assert.Equal("there is no peer 'nobody'", Flush(bench, new FdbFilter(Peer: "nobody")).Unknown);
        Assert.Equal("p0 p1 b c", Places(bench));
    }

    [Fact]
    public void A_flush_of_many_goes_in_slices_and_says_when_it_is_done()
    {
        var bench = new Bench(vni: static v => v with { LearnLimit = 50_000 }, portLimit: 50_000);
        for (int i = 1; i <= 40_000; i++)
        {
            bench.Core.Hint(new Forwarding.LearnHint { Vni = new Vni(V), Mac = Mac(i), Seen = Forwarding.FdbTarget.ToPort(new Forwarding.PortId(0)) });
        }

        FdbFlushResult? result = null;
        bench.Core.FlushLearned(new FdbFilter(Vni: new Vni(V)), r => result = r);
        Assert.Null(result);
        Assert.InRange(bench.Writer.MacCount(V), 1, 39_999);
        bench.Pass(TimeSpan.FromSeconds(2));
        Assert.Equal(new FdbFlushResult(40_000, null), result);
        Assert.Equal(0, bench.Writer.MacCount(V));
    }

    private static Bench Filled()
    {
        var bench = new Bench(vni: static v => v with { RemoteLearning = true });
        bench.Apply(bench.Topology with { Vnis = [bench.Topology.Vnis[0], bench.Topology.Vnis[1] with { Ports = ["p0"] }] });
        bench.Peer(bench.Static, "b", "192.0.2.2");
        bench.Peer(bench.Static, "c", "192.0.2.3");
        bench.OnPort(1, 0);
        bench.OnPort(2, 1);
        bench.FromVtep(3, "192.0.2.2");
        bench.FromVtep(4, "192.0.2.3");
        bench.OnPort(1, 0, W);
        Assert.Equal("p0 p1 b c", Places(bench));
        return bench;
    }

    private static string Places(Bench bench) => string.Join(' ', Enumerable.Range(1, 4).Select(i => bench.Place(i)));

    private static FdbFlushResult Flush(Bench bench, FdbFilter filter)
    {
        FdbFlushResult? result = null;
        bench.Core.FlushLearned(filter, r => result = r);
        bench.Core.FinishWork();
        bench.Core.Flush();
        return result!;
    }
}
