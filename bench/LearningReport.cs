using System.Diagnostics;
using System.Globalization;
using Overlay.Control;
using Overlay.Dataplane.Forwarding;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Bench;

/// <summary>
/// Learning from frame to table, with the real pipeline of one worker and the real control loop on its own thread: new MACs a second in one VNI, the memory of a million,
/// lookups at a million beside a thousand, the longest pause of the collector while 10,000 entries a second change, and ten million invented MACs.
/// Run as <c>dotnet run -c Release --project bench -- learning</c>; a minute, a few lines.
/// </summary>
internal static class LearningReport
{
    private const int Million = 1_000_000;

    // What may be under way between the worker and the tables: a little less than the ring of a worker holds.
    private const int Window = 3_584;
    private static readonly Vni Hundred = new(100);

    public static async Task RunAsync()
    {
        await WarmAsync();
        await LearnAsync();
        Look();
        await FloodAsync();
    }

    // What the compiler is to have done before anything is measured, on a node of its own.
    private static async Task WarmAsync()
    {
        var node = new LearningNode(Million, 4 * Million);
        await using ControlLoop control = await node.StartAsync(Million);
        for (int round = 0; round < 4; round++)
        {
            _ = SendAll(node, 0, 150_000);
            _ = await control.FdbFlush(new Control.Queries.FdbFilter(Vni: Hundred));
        }
    }

    // A million frames with a new source each. Hints that a full ring lost are made again by the frames that follow, as a host's would be.
    private static async Task LearnAsync()
    {
        var node = new LearningNode(2 * Million, 4 * Million);
        await using ControlLoop control = await node.StartAsync(2 * Million);
        _ = SendAll(node, 2 * Million, 1);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        TimeSpan processor = Environment.CpuUsage.TotalTime;
        long began = Stopwatch.GetTimestamp();
        long frames = SendAll(node, 0, Million);
        TimeSpan took = Stopwatch.GetElapsedTime(began);
        processor = Environment.CpuUsage.TotalTime - processor;
        long used = GC.GetTotalMemory(forceFullCollection: true) - before;
        Print($"learned {node.Count} MACs in one VNI in {took.TotalSeconds:0.00} s: {Million / took.TotalSeconds:0} a second ({frames} frames; {processor.TotalNanoseconds / Million:0} ns of processor time a MAC, of the worker, the control loop and this program)");
        Print($"memory of them, forwarding table and bookkeeping: {used / 1048576.0:0.0} MiB, {used / Million} octets each");
        await ChurnAsync(node, control);
        _ = await control.FdbFlush(new Control.Queries.FdbFilter(Vni: Hundred));
        await Task.Delay(TimeSpan.FromSeconds(3));
        long left = GC.GetTotalMemory(forceFullCollection: true) - before;
        Print($"memory left three seconds after all of them were flushed: {left / 1048576.0:0.0} MiB");
    }

    // Entries are flushed and learned again, ten thousand a second, for ten seconds.
    private static async Task ChurnAsync(LearningNode node, ControlLoop control)
    {
        var longest = TimeSpan.Zero;
        var longestFull = TimeSpan.Zero;
        int collections = GC.CollectionCount(0);
        long began = Stopwatch.GetTimestamp();
        TimeSpan pausedBefore = GC.GetTotalPauseDuration();
        int updates = 0;
        for (int round = 0; Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(10); round++)
        {
            for (int i = 0; i < 50; i++)
            {
                int mac = ((round * 50) + i) % Million;
                _ = await control.FdbFlush(new Control.Queries.FdbFilter(Hundred, Mac: node.MacOf(mac)));
                node.Send(mac, 1);
                updates += 2;
            }

            // One collection of the youngest a round and of everything once a second, as a busy daemon's API would cause.
            bool isFull = round % 100 == 99;
            GC.Collect(isFull ? 2 : 0, GCCollectionMode.Forced, blocking: true);
            TimeSpan pause = GC.GetGCMemoryInfo(GCKind.Any).PauseDurations[0];
            longest = pause > longest ? pause : longest;
            longestFull = isFull && pause > longestFull ? pause : longestFull;
            TimeSpan due = TimeSpan.FromMilliseconds(10 * (round + 1)) - Stopwatch.GetElapsedTime(began);
            if (due > TimeSpan.Zero)
            {
                await Task.Delay(due);
            }
        }

        double rate = updates / Stopwatch.GetElapsedTime(began).TotalSeconds;
        collections = GC.CollectionCount(0) - collections;
        Print($"longest pause of the collector with a million entries and {rate:0} updates a second: {longest.TotalMilliseconds:0.00} ms ({collections} collections, {(GC.GetTotalPauseDuration() - pausedBefore).TotalMilliseconds:0} ms in all; of everything: {longestFull.TotalMilliseconds:0.00} ms)");
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
        var node = new LearningNode(65_536, macLimit: 4096);
        await using ControlLoop control = await node.StartAsync(1 << 20);
        node.Send(20 * Million, 100_000);
        long before = Environment.WorkingSet;
        long began = Stopwatch.GetTimestamp();
        node.Send(0, 10 * Million);
        TimeSpan took = Stopwatch.GetElapsedTime(began);
        Print($"10,000,000 invented MACs from one port in {took.TotalSeconds:0.0} s ({10 * Million / took.TotalSeconds:0} frames a second): {node.Count} learned, working set {before >> 20} -> {Environment.WorkingSet >> 20} MiB");
    }

    /// <summary>Frames with a source each until all of these are learned; the next are sent while the ones before are being learned.</summary>
    private static long SendAll(LearningNode node, int first, int count)
    {
        int wanted = node.Count + count;
        int before = node.Count;
        long frames = 0;
        for (int at = 0; at < count; at += 64)
        {
            var spin = new SpinWait();
            long since = Stopwatch.GetTimestamp();
            while (at - (node.Count - before) > Window && Stopwatch.GetElapsedTime(since) < TimeSpan.FromMilliseconds(100))
            {
                spin.SpinOnce(sleep1Threshold: -1);
            }

            int size = Math.Min(64, count - at);
            node.Send(first + at, size);
            frames += size;
        }

        // Few, if any.
        while (node.Count < wanted)
        {
            Thread.Sleep(5);
            for (int at = 0; at < count && node.Count < wanted; at++)
            {
                if (!node.Has(first + at))
                {
                    node.Send(first + at, 1);
                    frames++;
                }
            }
        }

        return frames;
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
