using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Overlay.Control;
using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Forwarding;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.InMemory;

namespace Overlay.Bench;

/// <summary>
/// Learning from frame to table, with the real pipeline of one worker and the real control loop on its own thread: new MACs a second in one VNI, the memory of a million,
/// lookups at a million beside a thousand, the longest pause of the collector while 10,000 entries a second change, and ten million invented MACs.
/// Run as <c>dotnet run -c Release --project bench -- learning</c>; a minute, a few lines.
/// </summary>
internal static class LearningReport
{
    private const int Million = 1_000_000;
    private static readonly Vni Hundred = new(100);

    public static async Task RunAsync()
    {
        await LearnAsync();
        Look();
        await FloodAsync();
    }

    // A million frames with a new source each: a hint that does not fit into the ring is lost and its frame sent again, as a host would.
    private static async Task LearnAsync()
    {
        MemoryNode node = Node(2 * Million);
        await using ControlLoop control = await StartAsync(node, 2 * Million);
        for (int warm = 0; warm < 2; warm++)
        {
            _ = Send(node, 0x02_BB_00_00_00_00UL, 100_000, everyOne: true);
            _ = await control.FdbFlush(new Control.Queries.FdbFilter(Vni: Hundred));
        }

        long before = GC.GetTotalMemory(forceFullCollection: true);
        TimeSpan processor = Environment.CpuUsage.TotalTime;
        long began = Stopwatch.GetTimestamp();
        long frames = Send(node, 0x02_AA_00_00_00_00UL, Million, everyOne: true);
        TimeSpan took = Stopwatch.GetElapsedTime(began);
        processor = Environment.CpuUsage.TotalTime - processor;
        long used = GC.GetTotalMemory(forceFullCollection: true) - before;
        Print($"learned {node.Forwarding.FdbCount} MACs in one VNI in {took.TotalSeconds:0.00} s: {Million / took.TotalSeconds:0} a second ({frames} frames; {processor.TotalNanoseconds / Million:0} ns of processor time a MAC, of the worker, the control loop and this program)");
        Print($"memory of them: {used >> 20} MiB, {used / Million} octets each; of these the forwarding table {(long)(2 << 20) * 18 >> 20} MiB");
        await ChurnAsync(node, control);
    }

    // Entries are flushed and learned again, ten thousand a second, for ten seconds.
    private static async Task ChurnAsync(MemoryNode node, ControlLoop control)
    {
        var longest = TimeSpan.Zero;
        int collections = GC.CollectionCount(0) + GC.CollectionCount(1) + GC.CollectionCount(2);
        long began = Stopwatch.GetTimestamp();
        TimeSpan pausedBefore = GC.GetTotalPauseDuration();
        for (int round = 0; Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(10); round++)
        {
            for (int i = 0; i < 100; i++)
            {
                ulong mac = 0x02_AA_00_00_00_00UL + (ulong)(((round * 100) + i) % Million);
                _ = await control.FdbFlush(new Control.Queries.FdbFilter(Hundred, Mac: new MacAddress(mac)));
                _ = Send(node, mac, 1, everyOne: false);
            }

            // One collection of the youngest a round and of everything now and then, as a busy daemon's API would cause.
            GC.Collect(round % 100 == 99 ? 2 : 0, GCCollectionMode.Forced, blocking: true);
            TimeSpan pause = GC.GetGCMemoryInfo(GCKind.Any).PauseDurations[0];
            longest = pause > longest ? pause : longest;
            TimeSpan due = TimeSpan.FromMilliseconds(10 * (round + 1)) - Stopwatch.GetElapsedTime(began);
            if (due > TimeSpan.Zero)
            {
                await Task.Delay(due);
            }
        }

        collections = GC.CollectionCount(0) + GC.CollectionCount(1) + GC.CollectionCount(2) - collections;
        Print($"longest pause of the collector with a million entries and about 10,000 updates a second: {longest.TotalMilliseconds:0.00} ms ({collections} collections, {(GC.GetTotalPauseDuration() - pausedBefore).TotalMilliseconds:0} ms in all)");
    }

    private static void Look()
    {
        double thousand = double.MaxValue;
        double few = double.MaxValue;
        double many = double.MaxValue;
        (Fdb Small, MacAddress[] SmallMacs) = Filled(1000);
        (Fdb Large, MacAddress[] LargeMacs) = Filled(Million);
        for (int round = 0; round < 7; round++)
        {
            thousand = Math.Min(thousand, Nanoseconds(Small, SmallMacs));
            few = Math.Min(few, Nanoseconds(Large, LargeMacs[..4096]));
            many = Math.Min(many, Nanoseconds(Large, LargeMacs));
        }

        Print($"a lookup: {thousand:0.0} ns at 1,000 entries; at 1,000,000 {few:0.0} ns with 4,096 MACs in use ({few / thousand:0.0} times), {many:0.0} ns with 100,000 ({many / thousand:0.0} times)");
    }

    // Ten million frames with invented sources into the default limits: a port takes 4,096 of them.
    private static async Task FloodAsync()
    {
        MemoryNode node = Node(65_536, macLimit: 4096);
        await using ControlLoop control = await StartAsync(node, 1 << 20);
        _ = Send(node, 0x02_CC_00_00_00_00UL, 100_000, everyOne: false);
        long before = Environment.WorkingSet;
        long began = Stopwatch.GetTimestamp();
        _ = Send(node, 0x02_DD_00_00_00_00UL, 10 * Million, everyOne: false);
        TimeSpan took = Stopwatch.GetElapsedTime(began);
        Print($"10,000,000 invented MACs from one port in {took.TotalSeconds:0.0} s ({10 * Million / took.TotalSeconds:0} frames a second): {node.Forwarding.FdbCount} learned, working set {before >> 20} -> {Environment.WorkingSet >> 20} MiB");
    }

    private static MemoryNode Node(int limit, int macLimit = 4 * Million)
    {
        var node = new MemoryNode([UnderlayAddress.Parse("192.0.2.1")]);
        node.Apply(Topology(limit, macLimit));
        node.Underlay.Keeps = false;
        node.Device("p").Keeps = false;
        node.Device("q").Keeps = false;
        return node;
    }

    private static TopologySpec Topology(int limit, int macLimit) => new()
    {
        Ports = ImmutableSortedDictionary<string, PortSpec>.Empty
            .Add("p", new PortSpec { Name = "p", Device = "p", MacLimit = macLimit })
            .Add("q", new PortSpec { Name = "q", Device = "q" }),
        Vnis = [new VniSpec { Vni = Hundred, Ports = ["p", "q"], LearnLimit = limit }],
    };

    private static async Task<ControlLoop> StartAsync(MemoryNode node, int limit)
    {
        var control = new ControlLoop(node.Forwarding, new ControlOptions { LearnLimit = limit }, TimeProvider.System, NullLoggerFactory.Instance);
        control.Start();
        PortSpec p = node.Port("p").Spec;
        await control.SetTopology(Topology(limit, p.MacLimit), new Dictionary<string, PortId> { ["p"] = node.Port("p").Id, ["q"] = node.Port("q").Id });
        node.Learn(Hundred, new MacAddress(0x02_00_00_00_00_01UL), FdbTarget.ToPort(node.Port("q").Id));
        return control;
    }

    /// <summary>Frames from one port to a MAC on the other, a source each from <paramref name="first"/> on; with <paramref name="everyOne"/> until all of them are learned.</summary>
    private static long Send(MemoryNode node, ulong first, int count, bool everyOne)
    {
        var worker = node.Forwarding.Quiescence.RegisterWorker();
        byte[] frame = Frames.UdpV4(new MacAddress(0x02_00_00_00_00_01UL), new MacAddress(first), payloadLength: 22);
        PacketBatch batch = node.FrameBatch;
        List<ulong> waiting = [];
        long sent = 0;
        for (int at = 0; at < count;)
        {
            int size = Math.Min(64, count - at);
            Fill(batch, frame, size, i => first + (ulong)(at + i));
            Process(node, worker, batch);
            for (int i = 0; everyOne && i < size; i++) waiting.Add(first + (ulong)(at + i));
            at += size;
            sent += size;
            if (waiting.Count >= 4096 || (everyOne && at == count)) sent += Again(node, worker, batch, frame, waiting);
        }

        return sent;
    }

    // Waits until those are learned, and sends again what a full ring lost.
    private static long Again(MemoryNode node, WorkerEpoch worker, PacketBatch batch, byte[] frame, List<ulong> waiting)
    {
        long sent = 0;
        for (int look = 0; waiting.Count > 0; look++)
        {
            _ = waiting.RemoveAll(mac => node.Forwarding.TryGetMac(Hundred, new MacAddress(mac), out _));
            if (look % 64 == 63 && waiting.Count > 0)
            {
                int size = Math.Min(64, waiting.Count);
                Fill(batch, frame, size, i => waiting[i]);
                Process(node, worker, batch);
                sent += size;
            }
        }

        return sent;
    }

    private static void Fill(PacketBatch batch, byte[] frame, int count, Func<int, ulong> mac)
    {
        batch.Clear();
        for (int i = 0; i < count; i++)
        {
            new MacAddress(mac(i)).WriteTo(frame.AsSpan(MacAddress.Length));
            batch.Add(frame);
        }
    }

    private static void Process(MemoryNode node, WorkerEpoch worker, PacketBatch batch)
    {
        worker.Enter();
        node.Encap.Process(node.Port("p"), 0, batch);
        worker.Exit();
    }

    private static (Fdb Fdb, MacAddress[] Macs) Filled(int entries)
    {
        Random random = new(entries);
        Fdb fdb = new(new FdbBudget());
        MacAddress[] macs = new MacAddress[entries];
        for (int i = 0; i < entries; i++)
        {
            macs[i] = new MacAddress((ulong)random.NextInt64(1L << 48) & ~0x0100_0000_0000UL);
            _ = fdb.TryWrite(macs[i], FdbTarget.ToNextHop(new NextHopId(i)), FdbOrigin.Learned, FdbFlags.None, 0);
        }

        random.Shuffle(macs);
        return (fdb, [.. macs.Take(100_000)]);
    }

    private static double Nanoseconds(Fdb fdb, MacAddress[] macs)
    {
        ulong sum = 0;
        int rounds = 2 * Million / macs.Length;
        long began = Stopwatch.GetTimestamp();
        for (int round = 0; round < rounds; round++)
        {
            foreach (MacAddress mac in macs) sum += fdb.Find(mac).Raw;
        }

        TimeSpan took = Stopwatch.GetElapsedTime(began);
        return sum == 0 ? double.NaN : took.TotalNanoseconds / rounds / macs.Length;
    }

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
