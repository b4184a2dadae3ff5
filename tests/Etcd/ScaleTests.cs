using System.Diagnostics;
using Overlay.Control.Etcd.Tests.Support;
using static Overlay.Control.Etcd.Tests.Support.EtcdCluster;

namespace Overlay.Control.Etcd.Tests;

/// <summary>A hundred thousand keys. How long that takes is measured by bench/etcd; what is printed here is for information.</summary>
public sealed class ScaleTests(ITestOutputHelper output)
{
    private const int Many = 100_000;

    [Fact]
    public async Task A_hundred_thousand_keys_come_into_force_in_little_memory()
    {
        await using EtcdCluster cluster = await StartAsync(3);
        await cluster.PutAsync("/overlay/v1/vteps/x", """{"version":1,"vtep":"x","addresses":["192.0.2.77"]}""");
        await using Node a = new Node("a", "192.0.2.1", cluster.Endpoints, static o => o with { Lease = TimeSpan.FromSeconds(60) }, vnis: [200]).Start();
        await UntilAsync(() => Task.FromResult(a.Plane.Status() is { State: "in-touch", KeysWritten: > 0 }), "in touch");
        await MissTests.FillAsync(cluster, Many, "x");
        long before = Resident();
        a.SetTopology(Node.Topology(100));
        long began = Stopwatch.GetTimestamp();
        await UntilAsync(() => Task.FromResult(a.Dataplane.Forwarding.FdbCount >= Many), "in force", 120);
        TimeSpan took = Stopwatch.GetElapsedTime(began);
        long grown = Resident() - before;
        output.WriteLine($"{Many} keys in force after {took.TotalSeconds:0.00} s; resident {before >> 20} MiB before, {grown >> 20} MiB more after");

        // It may shrink: what other tests left is given back meanwhile.
        Assert.True(grown < 96 << 20, $"{grown >> 20} MiB");
    }

    [Fact]
    public async Task Of_a_hundred_thousand_keys_only_what_is_missed_is_held()
    {
        await using EtcdCluster cluster = await StartAsync(1);
        await MissTests.FillAsync(cluster, Many, "x");
        await using var script = new Script(MissTests.OnDemand(cluster), 100);
        await UntilAsync(() => Task.FromResult(script.Plane.Status().State == "in-touch"), "in touch");
        for (int i = 1; i <= 100; i++)
        {
            script.Miss(100, i * 1000);
        }

        await UntilAsync(() => Task.FromResult(Enumerable.Range(1, 100).All(i => script.Place(i * 1000) == "x")), "answered");
        Assert.Equal(100, script.Plane.Status().Answers);
    }

    private static long Resident()
    {
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        using var self = Process.GetCurrentProcess();
        return self.WorkingSet64;
    }
}
