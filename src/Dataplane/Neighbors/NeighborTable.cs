using System.Numerics;
using System.Runtime.CompilerServices;
using Overlay.Dataplane.Forwarding;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Dataplane.Neighbors;

/// <summary>
/// The neighbour bindings of one VNI, address to MAC: flat, open addressing with linear probing, four 64-bit words a slot, no object per entry.
/// <b>One writer</b> (the control thread, which also bounds the number), <b>any number of readers</b> (workers), no locks; a lookup allocates nothing and never waits.
/// </summary>
/// <remarks>
/// <para>The protocol is that of <see cref="Fdb"/>: a slot gets its address once in the life of an array; a removed binding keeps the slot; nothing moves within an array, and
/// a full one is rebuilt with a new random seed and published by reference. Here the first value word also says that the slot is taken: it is written last with release, so
/// whoever sees it sees the address before it.</para>
/// <para>The two value words of a binding that changes may be seen one old, one new. A reader then has a MAC with a place at which it is not, or one binding a moment after
/// the other: it floods, or answers as it would have just before.</para>
/// <para><b>Adversarial addresses</b> cannot be chosen to collide: the seed never leaves the process, and a probe is bounded.</para>
/// </remarks>
public sealed class NeighborTable
{
    /// <summary>Slots a lookup looks at, at most.</summary>
    public const int MaxProbeCount = 128;

    private const int MinSize = 16;
    private Slots _slots = new(MinSize);
    private int _liveCount;
    private int _takenCount;

    /// <summary>Bindings in it. Exact for the writer; others may see it a little late.</summary>
    public int Count => Volatile.Read(ref _liveCount);

    /// <summary>Looks an address up.</summary>
    /// <param name="address">The tenant's address.</param>
    /// <param name="use">Where its last confirmation is noted.</param>
    /// <returns>The entry; default if there is none.</returns>
    public NeighborEntry Find(in UnderlayAddress address, out FdbUse use)
    {
        Slots slots = Volatile.Read(ref _slots);
        int slot = slots.IndexOf(address.Hi, address.Lo);
        use = slot < 0 ? default : new FdbUse(slots.LastUse, slot);
        return slot < 0 ? default : slots.ValueAt(slot);
    }

    /// <summary>Writes a binding, new or changed. Control thread.</summary>
    /// <param name="address">The tenant's address.</param>
    /// <param name="binding">The binding.</param>
    /// <param name="epoch">The current coarse epoch, noted as its last confirmation.</param>
    public void Write(in UnderlayAddress address, in NeighborBinding binding, ushort epoch)
    {
        NeighborEntry entry = NeighborEntry.Create(in binding);
        int slot = _slots.IndexOf(address.Hi, address.Lo);
        if (slot >= 0)
        {
            if (!_slots.ValueAt(slot).IsPresent)
                Volatile.Write(ref _liveCount, _liveCount + 1);

            _slots.LastUse[slot] = epoch;
            _slots.SetValue(slot, entry);
            return;
        }

        // At most five eighths of the slots are taken, and a rebuild leaves at most three eighths.
        if ((_takenCount + 1) * 8L > _slots.LastUse.Length * 5L)
            Rebuild(SizeFor(_liveCount + 1));

        while (!_slots.TryInsert(address.Hi, address.Lo, entry, epoch))
            Rebuild(_slots.LastUse.Length * 2);

        _takenCount++;
        Volatile.Write(ref _liveCount, _liveCount + 1);
    }

    /// <summary>Removes a binding. Control thread.</summary>
    /// <returns>False if there was none.</returns>
    public bool Remove(in UnderlayAddress address)
    {
        int slot = _slots.IndexOf(address.Hi, address.Lo);
        if (slot < 0 || !_slots.ValueAt(slot).IsPresent)
            return false;

        _slots.SetValue(slot, new NeighborEntry(NeighborEntry.TakenBit, 0));
        Volatile.Write(ref _liveCount, _liveCount - 1);
        if (_slots.LastUse.Length > 1024 && _liveCount < _slots.LastUse.Length / 16)
            Rebuild(SizeFor(_liveCount));

        return true;
    }

    /// <summary>Reads the epoch of the last confirmation.</summary>
    /// <returns>False if there is no binding.</returns>
    public bool TryGetUse(in UnderlayAddress address, out ushort lastUse)
    {
        Slots slots = Volatile.Read(ref _slots);
        int slot = slots.IndexOf(address.Hi, address.Lo);
        lastUse = slot < 0 ? (ushort)0 : slots.LastUse[slot];
        return slot >= 0 && slots.ValueAt(slot).IsPresent;
    }

    private static int SizeFor(int count) => Math.Max(MinSize, (int)BitOperations.RoundUpToPowerOf2((uint)((count * 8L / 3) + 1)));

    private void Rebuild(int size)
    {
        Slots old = _slots;
        while (true)
        {
            Slots fresh = new(size);
            int live = old.CopyTo(fresh);
            if (live >= 0)
            {
                _takenCount = live;
                Volatile.Write(ref _slots, fresh);
                return;
            }

            size *= 2;
        }
    }

    /// <summary>One array of slots with its hash seed. Addresses are written once.</summary>
    private sealed class Slots
    {
        private const int Width = 4;
        private readonly ulong[] _words;
        private readonly ulong _seed;
        private readonly ulong _multiplier;
        private readonly int _mask;

        internal Slots(int size)
        {
            _words = new ulong[size * Width];
            LastUse = new ushort[size];
            _mask = size - 1;
            FlowHashSeed random = FlowHashSeed.CreateRandom();
            _seed = random.First;
            _multiplier = random.Second | 1;
        }

        internal ushort[] LastUse { get; }

        /// <summary>The slot of an address, dead or alive; −1 if it has none.</summary>
        internal int IndexOf(ulong hi, ulong lo)
        {
            ulong[] words = _words;
            int slot = Hash(hi, lo);
            for (int probe = 0; probe < MaxProbeCount; probe++)
            {
                ReadOnlySpan<ulong> at = words.AsSpan(slot * Width, Width);
                if (Volatile.Read(in at[2]) == 0)
                    return -1;

                if (at[0] == hi && at[1] == lo)
                    return slot;

                slot = (slot + 1) & _mask;
            }

            return -1;
        }

        internal NeighborEntry ValueAt(int slot) => new(Volatile.Read(ref _words[(slot * Width) + 2]), Volatile.Read(ref _words[(slot * Width) + 3]));

        internal void SetValue(int slot, NeighborEntry entry)
        {
            Volatile.Write(ref _words[(slot * Width) + 3], entry.RawPlace);
            Volatile.Write(ref _words[(slot * Width) + 2], entry.Raw);
        }

        /// <summary>Takes a slot that was never used. The caller knows that the address is not in the array.</summary>
        /// <returns>False if the probe would be too long.</returns>
        internal bool TryInsert(ulong hi, ulong lo, NeighborEntry entry, ushort epoch)
        {
            int slot = Hash(hi, lo);
            for (int probe = 0; probe < MaxProbeCount && probe <= _mask; probe++, slot = (slot + 1) & _mask)
            {
                Span<ulong> at = _words.AsSpan(slot * Width, Width);
                if (at[2] != 0)
                    continue;

                LastUse[slot] = epoch;
                at[0] = hi;
                at[1] = lo;
                SetValue(slot, entry);
                return true;
            }

            return false;
        }

        /// <summary>Copies what is alive; −1 if a probe would be too long.</summary>
        internal int CopyTo(Slots fresh)
        {
            int live = 0;
            for (int slot = 0; slot < LastUse.Length; slot++)
            {
                NeighborEntry entry = ValueAt(slot);
                if (!entry.IsPresent)
                    continue;

                if (!fresh.TryInsert(_words[slot * Width], _words[(slot * Width) + 1], entry, LastUse[slot]))
                    return -1;

                live++;
            }

            return live;
        }

        // Two folded products of secrets: every bit of the address reaches every bit of the index.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private int Hash(ulong hi, ulong lo)
        {
            ulong high = Math.BigMul(hi ^ _seed, _multiplier, out ulong low);
            high = Math.BigMul(high ^ low ^ lo, _multiplier, out low);
            return (int)(high ^ low) & _mask;
        }
    }
}
