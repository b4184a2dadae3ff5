using System.Numerics;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Rib;

/// <summary>
/// Which item of a pool holds a key: open addressing with linear probing, four octets a slot, a secret of its own. Peers choose the keys, so a hash that they could
/// work out would let a few thousand of them stop everything. Callers lock.
/// </summary>
/// <remarks>
/// <code>slot   fragment(5) | index + 1 (27)      0 = empty</code>
/// The fragment is of the hash: of 32 other keys 31 are told from the right one without a look at the pool. Removing shifts the run behind back, so lookups never
/// grow slow. Two thirds of the slots are taken at most; sizes are powers of two and one and a half times those.
/// </remarks>
internal sealed class SlotIndex<TKey, TItems>(TItems items)
    where TKey : struct, ISlotKey<TKey>
    where TItems : ISlotItems<TKey>
{
    private const int IndexBits = 27;
    private const uint IndexMask = (1u << IndexBits) - 1;
    private const int FragmentBits = 32 - IndexBits;
    private const int MinSize = 16;
    private uint[] _slots = [];
    private bool _isHalfStep;
    private int _shift;
    private SlotSecret _secret;

    /// <summary>Keys in it.</summary>
    public int Count { get; private set; }

    /// <summary>Finds the item of a key.</summary>
    public bool TryGet(in TKey key, out int index)
    {
        uint[] slots = _slots;
        if (slots.Length != 0)
        {
            ulong hash = key.HashOf(_secret);
            int slot = SlotOf(hash);
            for (uint found = slots[slot]; found != 0; found = slots[slot])
            {
                if (found >> IndexBits == FragmentOf(hash) && items.KeyOf(IndexOf(found)).IsSame(key))
                {
                    index = IndexOf(found);
                    return true;
                }

                slot = Next(slot);
            }
        }

        index = -1;
        return false;
    }

    /// <summary>Adds a key that is not in it; its item holds it already.</summary>
    public void Add(int index)
    {
        Count++;
        if (Count * 3L > _slots.Length * 2L)
        {
            Grow(index);
        }

        Put(items.KeyOf(index).HashOf(_secret), index);
    }

    /// <summary>Takes a key out; its item still holds it.</summary>
    public void Remove(int index)
    {
        int hole = SlotOf(items.KeyOf(index).HashOf(_secret));
        while (IndexOf(_slots[hole]) != index)
        {
            hole = Next(hole);
        }

        for (int slot = Next(hole); _slots[slot] != 0; slot = Next(slot))
        {
            // What would be met before its home if it stayed where it is moves into the hole.
            int home = SlotOf(items.KeyOf(IndexOf(_slots[slot])).HashOf(_secret));
            if (Distance(home, slot) >= Distance(hole, slot))
            {
                _slots[hole] = _slots[slot];
                hole = slot;
            }
        }

        _slots[hole] = 0;
        if (--Count == 0)
        {
            _slots = [];
        }
    }

    private static int IndexOf(uint slot) => (int)(slot & IndexMask) - 1;

    private static uint FragmentOf(ulong hash) => (uint)hash & ((1u << FragmentBits) - 1);

    private int SlotOf(ulong hash)
    {
        ulong upper = hash >> 32;
        return (int)((_isHalfStep ? upper * 3 : upper) >> _shift);
    }

    private int Next(int slot) => slot + 1 == _slots.Length ? 0 : slot + 1;

    private int Distance(int from, int to) => to >= from ? to - from : to - from + _slots.Length;

    private void Put(ulong hash, int index)
    {
        int slot = SlotOf(hash);
        while (_slots[slot] != 0)
        {
            slot = Next(slot);
        }

        _slots[slot] = (FragmentOf(hash) << IndexBits) | (uint)(index + 1);
    }

    private void Grow(int but)
    {
        if (_secret.IsDefault)
        {
            _secret = SlotSecret.Create();
        }

        int size = _slots.Length;
        size = size == 0 ? MinSize : int.IsPow2(size) ? size / 2 * 3 : size / 3 * 4;
        uint[] old = _slots;
        _slots = new uint[size];
        _isHalfStep = !int.IsPow2(size);
        _shift = 32 - BitOperations.Log2((uint)(_isHalfStep ? size / 3 : size));
        foreach (uint found in old)
        {
            if (found != 0 && IndexOf(found) != but)
            {
                Put(items.KeyOf(IndexOf(found)).HashOf(_secret), IndexOf(found));
            }
        }
    }
}

/// <summary>A key that hashes with a secret.</summary>
internal interface ISlotKey<TKey>
    where TKey : struct
{
    ulong HashOf(in SlotSecret secret);

    bool IsSame(in TKey other);
}

/// <summary>Where the keys are.</summary>
internal interface ISlotItems<TKey>
    where TKey : struct
{
    ref readonly TKey KeyOf(int index);
}

/// <summary>What a hash of keys is made with, so that nobody outside can work it out.</summary>
internal readonly record struct SlotSecret(ulong A, ulong B, ulong C, ulong D)
{
    public bool IsDefault => (A | B | C | D) == 0;

    public static SlotSecret Create()
    {
        (ulong a, ulong b) = FlowHashSeed.CreateRandom();
        (ulong c, ulong d) = FlowHashSeed.CreateRandom();
        return new SlotSecret(a | 1, b, c, d | 1);
    }

    /// <summary>A folded 128-bit product of two words, each hidden by a secret.</summary>
    public static ulong Mix(ulong left, ulong right)
    {
        ulong high = Math.BigMul(left, right, out ulong low);
        return high ^ low;
    }

    /// <summary>Spreads what was mixed over the whole word.</summary>
    public ulong Finish(ulong mixed) => (mixed ^ (mixed >> 29)) * D;
}
