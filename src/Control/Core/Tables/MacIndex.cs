using System.Numerics;
using System.Runtime.CompilerServices;
using Overlay.Encap;

namespace Overlay.Control.Tables;

/// <summary>
/// Which item of a VNI's pool holds a MAC: open addressing with linear probing, four octets a slot, a seed of its own. Tenants choose the MACs, so a hash that
/// they could work out (that of <c>Dictionary</c>, for one) would let a few thousand MACs that collide stop the control loop. One thread.
/// </summary>
/// <remarks>
/// <code>slot   fragment(8) | index + 1 (24)      0 = empty</code>
/// The fragment is of the hash: all but one in 256 other MACs are told from the right one without a look at the pool. Removing shifts the run behind back, so
/// there are no tombstones and lookups never grow slow. Two thirds of the slots are taken at most; sizes are powers of two and one and a half times those.
/// </remarks>
internal sealed class MacIndex(StructPool<MacState> macs)
{
    /// <summary>MACs it can hold; more than the limits of routes and of learning allow together.</summary>
    public const int MaxCount = (1 << IndexBits) - 1;

    private const int IndexBits = 24;
    private const uint IndexMask = (1u << IndexBits) - 1;
    private const int MinSize = 16;
    private readonly StructPool<MacState> _macs = macs;
    private uint[] _slots = [];
    private bool _isHalfStep;
    private int _shift;
    private ulong _seed;
    private ulong _multiplier;
    private ulong _finish;
    private ulong _missed;
    private int _missedSlot;

    /// <summary>MACs in it.</summary>
    public int Count { get; private set; }

    /// <summary>Finds the item of a MAC.</summary>
    public bool TryGet(ulong mac, out int index)
    {
        uint[] slots = _slots;
        if (slots.Length != 0)
        {
            ulong hash = HashOf(mac);
            int slot = SlotOf(hash);
            for (uint found = slots[slot]; found != 0; found = slots[slot])
            {
                if (found >> IndexBits == (byte)hash && _macs[IndexOf(found)].Mac == mac)
                {
                    index = IndexOf(found);
                    return true;
                }

                slot = Next(slot);
            }

            // Who asks for a MAC that is not there adds it as a rule.
            _missed = mac;
            _missedSlot = slot;
        }

        index = -1;
        return false;
    }

    /// <summary>Adds a MAC that is not in it; its item holds it already.</summary>
    public void Add(ulong mac, int index)
    {
        Count++;
        if (Count * 3L > _slots.Length * 2L)
        {
            Fill(SizeAfter(_slots.Length));
            return;
        }

        ulong hash = HashOf(mac);
        Put(hash, index, _missed == mac ? _missedSlot : SlotOf(hash));
    }

    /// <summary>Takes a MAC out; its item still holds it.</summary>
    public void Remove(ulong mac)
    {
        _missed = 0;
        ulong hash = HashOf(mac);
        int hole = SlotOf(hash);
        while (!(_slots[hole] >> IndexBits == (byte)hash && _macs[IndexOf(_slots[hole])].Mac == mac))
        {
            hole = Next(hole);
        }

        for (int slot = Next(hole); _slots[slot] != 0; slot = Next(slot))
        {
            // What would be met before its home if it stayed where it is moves into the hole.
            int home = SlotOf(HashOf(_macs[IndexOf(_slots[slot])].Mac));
            if (Distance(home, slot) >= Distance(hole, slot))
            {
                _slots[hole] = _slots[slot];
                hole = slot;
            }
        }

        _slots[hole] = 0;
        Count--;
    }

    /// <summary>Takes every MAC of the pool in anew, in as many slots as they need.</summary>
    public void Rebuild()
    {
        Count = _macs.Count;
        int size = 0;
        while (Count * 2L > size)
        {
            size = SizeAfter(size);
        }

        Fill(size);
    }

    private static int IndexOf(uint slot) => (int)(slot & IndexMask) - 1;

    private static int SizeAfter(int size) => size == 0 ? MinSize : int.IsPow2(size) ? size / 2 * 3 : size / 3 * 4;

    private int SlotOf(ulong hash)
    {
        ulong upper = hash >> 32;
        return (int)((_isHalfStep ? upper * 3 : upper) >> _shift);
    }

    private int Next(int slot) => slot + 1 == _slots.Length ? 0 : slot + 1;

    private int Distance(int from, int to) => to >= from ? to - from : to - from + _slots.Length;

    private void Put(ulong hash, int index, int slot)
    {
        while (_slots[slot] != 0)
        {
            slot = Next(slot);
        }

        _missed = 0;
        _slots[slot] = ((uint)(byte)hash << IndexBits) | (uint)(index + 1);
    }

    // Reads the pool from front to back: to read the items in the order of the slots would cost a cache miss each.
    private void Fill(int size)
    {
        if (_multiplier == 0)
        {
            (_seed, _multiplier) = FlowHashSeed.CreateRandom();
            _multiplier |= 1;
            _finish = FlowHashSeed.CreateRandom().First | 1;
        }

        _slots = size == 0 ? [] : new uint[size];
        _isHalfStep = !int.IsPow2(size);
        _shift = 32 - BitOperations.Log2((uint)(_isHalfStep ? size / 3 : size));
        for (int index = 0; index < _macs.High; index++)
        {
            ulong mac = _macs[index].Mac;
            if (mac != 0)
            {
                ulong hash = HashOf(mac);
                Put(hash, index, SlotOf(hash));
            }
        }
    }

    // A folded 128-bit product of two secrets, and another product, so that MACs in regular steps do not fall on regular slots: nothing bounds a probe here.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong HashOf(ulong mac)
    {
        ulong high = Math.BigMul(mac ^ _seed, _multiplier, out ulong low);
        ulong folded = high ^ low;
        return (folded ^ (folded >> 29)) * _finish;
    }
}
