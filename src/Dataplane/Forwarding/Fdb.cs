using System.Runtime.CompilerServices;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Dataplane.Forwarding;

/// <summary>
/// The MAC table of one VNI: flat, open addressing with linear probing, two 64-bit words a slot, no object per entry.
/// <b>One writer</b> (the control thread), <b>any number of readers</b> (workers), no locks; a lookup allocates nothing and never waits.
/// </summary>
/// <remarks>
/// <para><b>A slot</b> is a key and a value side by side, so that a lookup touches one cache line as a rule:</para>
/// <code>
/// key    MAC(48) | VID(12, 0 today) | flags(4: bit 0 = slot is taken)      0 = never used
/// value  target(32) | origin(4) | flags(4) | version(24)                   origin 0 = dead ("tombstone")
/// </code>
/// <para><b>Protocol, for weak memory.</b></para>
/// <list type="number">
/// <item>The key of a slot is written <b>once</b> in the life of an array, from 0 to its MAC, and never again: a removed entry keeps its slot
/// and its key and gets a value without origin; the same MAC comes back into that slot; another MAC never does. So a key that a reader saw
/// is still the key when it reads the value, whatever happened in between: there is no ABA, and no pair to be torn. (A scheme that gives dead
/// slots to other MACs has to check a version around the pair and is wrong when the version wraps. This one needs no such check. The version
/// is kept in the value, so that a test or a trace can tell one write of a slot from the next.)</item>
/// <item>The value is one aligned 64-bit word: it is seen whole, old or new.</item>
/// <item>A new entry is published by writing the value first and the key after it with release; a reader reads the key with acquire and then the value
/// with acquire. A reader that sees the key thus sees that value or a later one, never the emptiness before it.</item>
/// <item>What a value points at (a next hop in its table) is stored with release before the value, and is read after it: the acquire
/// of the value orders the two.</item>
/// <item>Nothing ever moves within an array. When too many slots are taken (dead ones count), or a probe would be longer than
/// <see cref="MaxProbeCount"/>, or few entries are left, the writer builds a <b>new array</b> from the live entries and publishes it by one
/// release store of the reference. A reader that holds the old array sees the table as it was at that moment; it reads the reference anew at
/// its next lookup.</item>
/// </list>
/// <para><b>Adversarial keys.</b> The seed of the hash is random per table and never leaves the process, so nobody can choose MACs that collide. Should a probe
/// still grow beyond the bound, the array is rebuilt with another seed, larger: a lookup costs at most <see cref="MaxProbeCount"/> slots.</para>
/// <para><b>Last use</b> is a separate array of coarse epochs. A worker stores into it only when the epoch differs, so a busy entry costs one store
/// an epoch and its slot's cache line is never dirtied by readers. A store that races with a rebuild may go to the old array: the entry then
/// looks one epoch older than it is until its next frame.</para>
/// </remarks>
public sealed class Fdb
{
    /// <summary>Slots a lookup looks at, at most.</summary>
    public const int MaxProbeCount = 256;

    private const ulong TakenBit = 1;
    private readonly FdbBudget _budget;
    private FdbSlots _slots;
    private int _liveCount;
    private int _takenCount;
    // By the four bits of an origin.
    private readonly int[] _originCounts = new int[16];

    /// <summary>Makes an empty table.</summary>
    /// <param name="budget">What it takes room from.</param>
    public Fdb(FdbBudget budget)
    {
        _budget = budget;
        _slots = NewSlots();
    }

    /// <summary>Entries in it. Exact for the writer; others may see it a little late.</summary>
    public int Count => Volatile.Read(ref _liveCount);

    /// <summary>Entries of an origin. Exact for the writer; others may see it a little late.</summary>
    public int CountOf(FdbOrigin origin) => Volatile.Read(ref _originCounts[(int)origin]);

    /// <summary>Slots of the current array.</summary>
    internal int Size => Volatile.Read(ref _slots).Size;

    /// <summary>Number of the array in use, from 0; a cursor of <see cref="Read"/> is without gaps as long as it stays the same.</summary>
    internal int RebuildCount { get; private set; }

    /// <summary>Looks a destination up.</summary>
    /// <returns>The entry; default if there is none.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public FdbEntry Find(MacAddress mac)
    {
        FdbSlots slots = Volatile.Read(ref _slots);
        int slot = slots.IndexOf(KeyOf(mac));
        return slot < 0 ? default : slots.ValueAt(slot);
    }

    /// <summary>Looks a source up.</summary>
    /// <param name="mac">The source MAC.</param>
    /// <param name="use">Where its last use is noted.</param>
    /// <returns>The entry; default if there is none.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public FdbEntry Find(MacAddress mac, out FdbUse use)
    {
        FdbSlots slots = Volatile.Read(ref _slots);
        int slot = slots.IndexOf(KeyOf(mac));
        if (slot < 0)
        {
            use = default;
            return default;
        }

        use = new FdbUse(slots.LastUse, slot);
        return slots.ValueAt(slot);
    }

    /// <summary>Writes an entry, new or changed. Control thread.</summary>
    /// <param name="mac">The MAC.</param>
    /// <param name="target">Where it leads.</param>
    /// <param name="origin">Who gives it; not <see cref="FdbOrigin.None"/>.</param>
    /// <param name="flags">Its flags.</param>
    /// <param name="epoch">The current coarse epoch, noted as its last use.</param>
    /// <returns>False if the budget of the daemon is used up.</returns>
    public bool TryWrite(MacAddress mac, FdbTarget target, FdbOrigin origin, FdbFlags flags, ushort epoch)
    {
        ArgumentOutOfRangeException.ThrowIfEqual((int)origin, (int)FdbOrigin.None, nameof(origin));
        ulong key = KeyOf(mac);
        FdbSlots slots = _slots;
        int slot = slots.Locate(key, out bool isTaken);
        if (isTaken)
        {
            FdbEntry old = slots.ValueAt(slot);
            if (!old.IsPresent)
            {
                if (!_budget.TryTake())
                    return false;

                Volatile.Write(ref _liveCount, _liveCount + 1);
            }
            else
            {
                _originCounts[(int)old.Origin]--;
            }

            _originCounts[(int)origin]++;
            slots.LastUse[slot] = epoch;
            slots.SetValue(slot, FdbEntry.Create(target, origin, flags, old.Version + 1));
            return true;
        }

        if (!_budget.TryTake())
            return false;

        FdbEntry entry = FdbEntry.Create(target, origin, flags, 1);
        if (slot >= 0 && _takenCount < slots.Limit)
            slots.Take(slot, key, entry, epoch);
        else
            InsertWithRoom(key, entry, epoch);

        _takenCount++;
        _originCounts[(int)origin]++;
        Volatile.Write(ref _liveCount, _liveCount + 1);
        return true;
    }

    /// <summary>Removes an entry. Control thread.</summary>
    /// <returns>False if there was none.</returns>
    public bool Remove(MacAddress mac)
    {
        int slot = _slots.IndexOf(KeyOf(mac));
        if (slot < 0)
            return false;

        FdbEntry old = _slots.ValueAt(slot);
        if (!old.IsPresent)
            return false;

        _slots.SetValue(slot, FdbEntry.Create(default, FdbOrigin.None, FdbFlags.None, old.Version + 1));
        _budget.Return(1);
        _originCounts[(int)old.Origin]--;
        Volatile.Write(ref _liveCount, _liveCount - 1);
        if (Size > 1024 && _liveCount < Size / 8)
            Rebuild(FdbSlots.SizeFor(_liveCount), _slots.Seed);

        return true;
    }

    /// <summary>Gives all room back to the budget. Control thread; the table is not written again.</summary>
    public void Abandon()
    {
        _budget.Return(_liveCount);
        Volatile.Write(ref _liveCount, 0);
        Array.Clear(_originCounts);
        Volatile.Write(ref _slots, NewSlots());
        _takenCount = 0;
    }

    /// <summary>Reads an entry with its last use.</summary>
    public bool TryRead(MacAddress mac, out FdbEntry entry, out ushort lastUse)
    {
        FdbSlots slots = Volatile.Read(ref _slots);
        int slot = slots.IndexOf(KeyOf(mac));
        entry = slot < 0 ? default : slots.ValueAt(slot);
        lastUse = slot < 0 ? (ushort)0 : slots.LastUse[slot];
        return entry.IsPresent;
    }

    /// <summary>Lists entries from a cursor on. Control thread, as the writer may rebuild between calls.</summary>
    /// <param name="vni">What to write into the rows.</param>
    /// <param name="cursor">0 to begin; 0 again at the end.</param>
    /// <param name="rows">Where the rows go.</param>
    /// <returns>The number of rows written.</returns>
    public int Read(Vni vni, ref int cursor, Span<FdbRow> rows)
    {
        FdbSlots slots = Volatile.Read(ref _slots);
        int count = 0;
        int slot = cursor;
        for (; slot < slots.Size && count < rows.Length; slot++)
        {
            FdbEntry entry = slots.ValueAt(slot);
            if (slots.KeyAt(slot) != 0 && entry.IsPresent)
                rows[count++] = new FdbRow(vni, MacOf(slots.KeyAt(slot)), entry.Target, entry.Origin, entry.Flags, slots.LastUse[slot]);
        }

        cursor = slot >= slots.Size ? 0 : slot;
        return count;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong KeyOf(MacAddress mac) => (mac.Value << 16) | TakenBit;

    private static MacAddress MacOf(ulong key) => new(key >> 16);

    private static FdbSlots NewSlots() => new(FdbSlots.SizeFor(0), FlowHashSeed.CreateRandom());

    private void InsertWithRoom(ulong key, FdbEntry entry, ushort epoch)
    {
        if (_takenCount >= _slots.Limit)
            Rebuild(FdbSlots.SizeFor(_liveCount + 1), _slots.Seed);

        while (!_slots.TryInsert(key, entry, epoch))
            Rebuild(FdbSlots.SizeAfter(Size), FlowHashSeed.CreateRandom());
    }

    private void Rebuild(int size, FlowHashSeed seed)
    {
        FdbSlots old = _slots;
        FdbSlots fresh = new(size, seed);
        int live = 0;
        for (int slot = 0; slot < old.Size; slot++)
        {
            FdbEntry entry = old.ValueAt(slot);
            if (!entry.IsPresent || old.KeyAt(slot) == 0)
                continue;

            if (!fresh.TryInsert(old.KeyAt(slot), entry, old.LastUse[slot]))
            {
                // Another seed, more room, from the beginning.
                fresh = new FdbSlots(FdbSlots.SizeAfter(fresh.Size), FlowHashSeed.CreateRandom());
                live = 0;
                slot = -1;
                continue;
            }

            live++;
        }

        _takenCount = live;
        RebuildCount++;
        Volatile.Write(ref _slots, fresh);
    }
}
