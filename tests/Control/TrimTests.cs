using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Overlay.Control.Queries;
using Overlay.Control.Tables;
using Overlay.Control.Tests.Support;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Ports;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using static Overlay.Control.Tests.Support.Bench;

namespace Overlay.Control.Tests;

[Collection(nameof(SizeTests))]
public sealed class TrimTests
{
    [Fact]
    public void Whoever_fills_one_vni_after_the_other_leaves_no_memory_behind()
    {
        const int Vnis = 40;
        const int Each = 16_384;
        var time = new ManualTime();
        var state = new ForwardingState();
        var core = new ControlCore(state, new ControlOptions(), time, NullLogger.Instance);
        var topology = new TopologySpec
        {
            Ports = ImmutableSortedDictionary<string, PortSpec>.Empty.Add("p0", new PortSpec { Name = "p0", Device = "t0", MacLimit = Each }),
            Vnis = [.. Enumerable.Range(1, Vnis).Select(static i => new VniSpec { Vni = new Vni((uint)i), Ports = ["p0"] })],
        };
        PortId id = state.AllocatePortId();
        state.ApplyTopology(topology, new Dictionary<string, Port>(), []);
        core.SetTopology(topology, new Dictionary<string, PortId> { ["p0"] = id });
        core.Flush();
        long before = GC.GetTotalMemory(true);
        for (uint vni = 1; vni <= Vnis; vni++)
        {
            for (int i = 0; i < Each; i++)
            {
                core.Hint(new LearnHint { Vni = new Vni(vni), Mac = Mac(1000 + i), Seen = FdbTarget.ToPort(id) });
            }

            Assert.Equal(Each, state.FdbCount);
            int removed = -1;
            core.FlushLearned(new FdbFilter(), result => removed = result.Removed);
            core.FinishWork();
            Assert.Equal((Each, 0), (removed, state.FdbCount));
            time.Advance(TimeSpan.FromSeconds(1));
            core.Tick();
            core.Flush();
        }

        // The peaks of all of them together are 50 MiB and more.
        Assert.InRange((GC.GetTotalMemory(true) - before) / 1024, -8192, 4096);
        GC.KeepAlive(core);
    }

    [Fact]
    public void What_is_left_of_a_full_vni_is_as_it_was()
    {
        const int Count = 6000;
        var bench = new Bench(portLimit: Count);
        bench.Peer(bench.Static, "b", "192.0.2.2");
        bench.Peer(bench.Evpn, "c", "192.0.2.3");
        bench.ApplyVni(static v => v with { RemoteLearning = true });
        for (int mac = 1; mac <= Count; mac++)
        {
            bench.OnPort(mac, mac % 7 == 0 ? 1 : 0);
            if (mac % 70 == 0)
            {
                bench.Route(bench.Evpn, mac, "c");
            }
        }

        for (int mac = 70; mac <= Count; mac += 140)
        {
            // Moved back: sequence, moves, and a candidate that waits.
            bench.OnPort(mac, 0);
        }

        string[] Places() => [.. Enumerable.Range(1, Count).Where(static m => m % 7 == 0).Select(m => $"{m} {bench.Place(m)} {bench.Core.FdbWhy(new Vni(V), Mac(m)).Verdict}")];
        bench.Core.FlushLearned(new FdbFilter(Port: "p0"), static _ => { });
        bench.Core.FinishWork();
        bench.Core.Flush();
        string[] before = Places();
        bench.Pass(TimeSpan.FromSeconds(2));
        Assert.Equal(before.Length, Places().Length);
        Assert.Equal(before, Places());
        Assert.Equal(bench.Writer.MacCount(V), bench.Core.FdbShow(new Vni(V), 0, 100_000).Rows.Length);

        // Everything still finds its way.
        for (int mac = 1; mac <= Count; mac++)
        {
            bench.OnPort(mac, 0);
            Assert.Equal("p0", bench.Place(mac));
        }

        for (int mac = 70; mac <= Count; mac += 70)
        {
            bench.Withdraw(bench.Evpn, mac);
        }

        bench.Core.SetPort("p0", isUp: false, default);
        bench.Core.Flush();
        Assert.Equal(0, bench.Writer.MacCount(V));
        Assert.Equal(0, bench.Core.LearnCounters().InForce);
    }
}
