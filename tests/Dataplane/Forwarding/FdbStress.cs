using Overlay.Dataplane.Forwarding;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Dataplane.Tests.Forwarding;

/// <summary>
/// A writer that inserts, changes, removes and rebuilds while readers look up. Each target says which MAC it belongs to and how often that MAC was written,
/// so a reader knows a torn or false answer when it sees one:
/// the target of another MAC; an older target than it saw before; no entry for a MAC that is never removed; an entry for a MAC that never was there.
/// </summary>
internal static class FdbStress
{
    private const int MacCount = 2048;
    private const int StableCount = 256;
    private const int GenerationBits = 20;

    internal static Result Run(long lookups, int readers)
    {
        Fdb fdb = new(new FdbBudget());
        int[] generation = new int[MacCount];
        for (int mac = 0; mac < StableCount; mac++)
            Write(fdb, generation, mac);

        long wrong = 0;
        int reading = readers;
        Thread[] threads = new Thread[readers];
        for (int r = 0; r < readers; r++)
        {
            int seed = r;
            threads[r] = new Thread(() =>
            {
                Interlocked.Add(ref wrong, Read(fdb, (lookups + readers - 1) / readers, (uint)seed + 1));
                Interlocked.Decrement(ref reading);
            });
        }

        foreach (Thread thread in threads)
            thread.Start();

        long writes = 0;
        ulong passing = 0;
        Random random = new(11);
        while (Volatile.Read(ref reading) != 0)
        {
            int mac = random.Next(MacCount);
            switch (random.Next(4))
            {
                case 0 when mac >= StableCount:
                    fdb.Remove(Mac(mac));
                    break;
                case 1:
                    // MACs that come once and go: they fill the array with dead slots and force rebuilds.
                    fdb.TryWrite(Passing(passing), default, FdbOrigin.Learned, FdbFlags.None, 0);
                    fdb.Remove(Passing(passing++));
                    break;
                default:
                    Write(fdb, generation, mac);
                    break;
            }

            writes++;
        }

        foreach (Thread thread in threads)
            thread.Join();

        return new Result(lookups, writes, fdb.RebuildCount, wrong);
    }

    private static long Read(Fdb fdb, long lookups, uint seed)
    {
        int[] newest = new int[MacCount];
        long wrong = 0;
        uint random = seed * 2_654_435_761u;
        for (long i = 0; i < lookups; i++)
        {
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
            int mac = (int)(random & (MacCount - 1));
            if ((random >> 28) == 0)
            {
                wrong += fdb.Find(Never(random)).IsPresent ? 1 : 0;
                continue;
            }

            FdbEntry entry = fdb.Find(Mac(mac), out FdbUse use);
            use.Touch((ushort)(i >> 12));
            if (!entry.IsPresent)
            {
                wrong += mac < StableCount ? 1 : 0;
                continue;
            }

            int target = entry.Target.Index;
            int generation = target & ((1 << GenerationBits) - 1);
            if (target >> GenerationBits != mac || generation < newest[mac] || entry.Origin != FdbOrigin.Etcd || entry.Flags != FdbFlags.Stale)
                wrong++;

            newest[mac] = generation;
        }

        return wrong;
    }

    private static void Write(Fdb fdb, int[] generation, int mac)
    {
        // The generation would wrap after a million writes of one MAC; it stands still instead, which the readers allow.
        generation[mac] = Math.Min(generation[mac] + 1, (1 << GenerationBits) - 1);
        fdb.TryWrite(Mac(mac), FdbTarget.ToNextHop(new NextHopId((mac << GenerationBits) | generation[mac])), FdbOrigin.Etcd, FdbFlags.Stale, 0);
    }

    private static MacAddress Mac(int number) => new(0x02_00_00_00_00_00UL + (ulong)number);

    private static MacAddress Passing(ulong number) => new(0x06_00_00_00_00_00UL + (number & 0xFF_FFFF_FFFF));

    private static MacAddress Never(uint number) => new(0x0A_00_00_00_00_00UL + number);

    internal sealed record Result(long Lookups, long Writes, int Rebuilds, long Wrong);
}
