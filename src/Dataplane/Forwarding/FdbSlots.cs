using System.Numerics;
using System.Runtime.CompilerServices;
using Overlay.Encap;

namespace Overlay.Dataplane.Forwarding;

/// <summary>
/// One array of slots of an <see cref="Fdb"/> with its hash seed. Keys are written once; the protocol is written there.
/// </summary>
/// <remarks>
/// A slot is found by the <em>upper</em> bits of the hash. So the order of the keys in an array is that of their hashes whatever its size is, and a rebuild with the same seed
/// reads one array and writes the other from front to back: a million entries are a few milliseconds, not a million cache misses. Sizes are powers of two and, above
/// <see cref="HalfStepsFrom"/>, one and a half times those.
/// </remarks>
internal sealed class FdbSlots
{
    /// <summary>From this size on there is a size in the middle between two powers of two.</summary>
    internal const int HalfStepsFrom = 1 << 18;

    private const int MinSize = 16;
    private readonly ulong[] _words;
    private readonly FlowHashSeed _seed;
    private readonly ulong _first;
    private readonly ulong _multiplier;
    private readonly bool _isHalfStep;
    private readonly int _shift;

    /// <summary>Makes empty slots.</summary>
    /// <param name="size">One of the sizes that <see cref="SizeFor"/> and <see cref="SizeAfter"/> give.</param>
    /// <param name="seed">The seed; one that nobody knows.</param>
    internal FdbSlots(int size, FlowHashSeed seed)
    {
        _words = new ulong[size * 2];
        LastUse = new ushort[size];
        _seed = seed;
        _first = seed.First;
        _multiplier = seed.Second | 1;
        _isHalfStep = !int.IsPow2(size);
        _shift = 32 - BitOperations.Log2((uint)(_isHalfStep ? size / 3 : size));
    }

    internal ushort[] LastUse { get; }

    internal FlowHashSeed Seed => _seed;

    internal int Size => LastUse.Length;

    /// <summary>Slots that may be taken, dead ones included: five eighths, two thirds of the large ones.</summary>
    internal int Limit => Size < HalfStepsFrom ? Size / 8 * 5 : (int)(Size * 2L / 3);

    /// <summary>The size for so many entries that as many again as a fair share of them fit before the next rebuild.</summary>
    internal static int SizeFor(int count)
    {
        long least = (count * 8L / 3) + 1;
        if (least <= HalfStepsFrom)
            return Math.Max(MinSize, (int)BitOperations.RoundUpToPowerOf2((uint)least));

        // Large ones have less room to spare: 55 % of the slots taken after a rebuild at most.
        least = Math.Max(HalfStepsFrom, count * 20L / 11);
        int size = (int)BitOperations.RoundUpToPowerOf2((uint)least);
        int middle = size / 4 * 3;
        return middle >= least && middle > HalfStepsFrom ? middle : size;
    }

    /// <summary>The next size above one.</summary>
    internal static int SizeAfter(int size)
    {
        if (!int.IsPow2(size))
            return size / 3 * 4;

        return size < HalfStepsFrom ? size * 2 : size / 2 * 3;
    }

    /// <summary>The slot of a key, dead or alive; −1 if it has none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int IndexOf(ulong key)
    {
        ulong[] words = _words;
        int at = HomeOf(key) * 2;
        for (int probe = 0; probe < Fdb.MaxProbeCount; probe++)
        {
            ulong found = Volatile.Read(ref words[at]);
            if (found == key)
                return at >> 1;

            if (found == 0)
                return -1;

            at += 2;
            if (at == words.Length)
                at = 0;
        }

        return -1;
    }

    internal ulong KeyAt(int slot) => Volatile.Read(ref _words[slot * 2]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal FdbEntry ValueAt(int slot) => new(Volatile.Read(ref _words[(slot * 2) + 1]));

    internal void SetValue(int slot, FdbEntry entry) => Volatile.Write(ref _words[(slot * 2) + 1], entry.Raw);

    /// <summary>Finds the slot of a key, or the one it would take. The writer only.</summary>
    /// <param name="key">The key.</param>
    /// <param name="isTaken">Whether the slot has this key, dead or alive.</param>
    /// <returns>The slot; −1 if the key has none and its probe would be too long.</returns>
    internal int Locate(ulong key, out bool isTaken)
    {
        ulong[] words = _words;
        int at = HomeOf(key) * 2;
        int left = Math.Min(Fdb.MaxProbeCount, Size);
        for (; left > 0; left--)
        {
            ulong found = words[at];
            if (found == key || found == 0)
            {
                isTaken = found != 0;
                return at >> 1;
            }

            at += 2;
            if (at == words.Length)
                at = 0;
        }

        isTaken = false;
        return -1;
    }

    /// <summary>Publishes an entry in a slot that was never used.</summary>
    internal void Take(int slot, ulong key, FdbEntry entry, ushort epoch)
    {
        LastUse[slot] = epoch;
        SetValue(slot, entry);
        Volatile.Write(ref _words[slot * 2], key);
    }

    /// <summary>Publishes an entry whose key is not in the array.</summary>
    /// <returns>False if the probe would be too long.</returns>
    internal bool TryInsert(ulong key, FdbEntry entry, ushort epoch)
    {
        int slot = Locate(key, out _);
        if (slot < 0)
            return false;

        Take(slot, key, entry, epoch);
        return true;
    }

    // A folded 128-bit product of two secrets. Keys that differ by a constant step make an arithmetic progression in either half of the product; the halves are turned
    // against each other, so that where one half repeats itself the other does not.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int HomeOf(ulong key)
    {
        ulong high = Math.BigMul(key ^ _first, _multiplier, out ulong low);
        ulong upper = (low ^ BitOperations.RotateLeft(high, 32)) >> 32;
        if (_isHalfStep)
            upper *= 3;

        return (int)(upper >> _shift);
    }
}
