using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Overlay.Control.Tables;

/// <summary>
/// Which item of a VNI's pool holds a MAC: open addressing with linear probing, eight octets a slot, a seed of its own. Tenants choose the MACs, so a hash that
/// they could work out (that of <c>Dictionary</c>, for one) would let a few thousand MACs that collide stop the control loop. One thread.
/// </summary>
/// <remarks>
/// <code>slot   fragment(32) | index + 1 (32)      0 = empty</code>
/// The fragment is the upper half of the hash: it is the key without a look at the pool, but for one in four thousand million. Removing shifts the run behind back, so
/// there are no tombstones and lookups never grow slow.
/// </remarks>
internal sealed class MacIndex(StructPool<MacState> macs)
{
    private const int MinSize = 16;
    private readonly StructPool<MacState> _macs = macs;
    private ulong[] _slots = [];
    private ulong _seed;
    private ulong _multiplier;

    /// <summary>MACs in it.</summary>
    public int Count { get; private set; }

    /// <summary>Finds the item of a MAC.</summary>
    public bool TryGet(ulong mac, out int index)
    {
        if (_slots.Length != 0)
        {
            ulong hash = HashOf(mac);
            for (int slot = SlotOf(hash); _slots[slot] != 0; slot = Next(slot))
            {
                if (Matches(_slots[slot], hash, mac))
                {
                    index = IndexOf(_slots[slot]);
                    return true;
                }
            }
        }

        index = -1;
        return false;
    }

    /// <summary>Adds a MAC that is not in it.</summary>
    public void Add(ulong mac, int index)
    {
        if ((Count + 1) * 8L > _slots.Length * 5L)
        {
            Grow();
        }

        Put(HashOf(mac), index);
        Count++;
    }

    /// <summary>Takes a MAC out; its item still holds it.</summary>
    public void Remove(ulong mac)
    {
        ulong hash = HashOf(mac);
        int hole = SlotOf(hash);
        while (!Matches(_slots[hole], hash, mac))
        {
            hole = Next(hole);
        }

        for (int slot = Next(hole); _slots[slot] != 0; slot = Next(slot))
        {
            // What would be met before its home if it stayed where it is moves into the hole.
            int home = SlotOf(HashOf(_macs[IndexOf(_slots[slot])].Mac));
            if (((slot - home) & (_slots.Length - 1)) >= ((slot - hole) & (_slots.Length - 1)))
            {
                _slots[hole] = _slots[slot];
                hole = slot;
            }
        }

        _slots[hole] = 0;
        Count--;
    }

    private static int IndexOf(ulong slot) => (int)(uint)slot - 1;

    private bool Matches(ulong slot, ulong hash, ulong mac) => slot >> 32 == hash >> 32 && _macs[IndexOf(slot)].Mac == mac;

    private int SlotOf(ulong hash) => (int)hash & (_slots.Length - 1);

    private int Next(int slot) => (slot + 1) & (_slots.Length - 1);

    private void Put(ulong hash, int index)
    {
        int slot = SlotOf(hash);
        while (_slots[slot] != 0)
        {
            slot = Next(slot);
        }

        _slots[slot] = (hash & 0xFFFF_FFFF_0000_0000) | (uint)(index + 1);
    }

    private void Grow()
    {
        ulong[] old = _slots;
        _slots = new ulong[Math.Max(MinSize, (int)BitOperations.RoundUpToPowerOf2((uint)old.Length + 1))];
        Span<ulong> random = stackalloc ulong[2];
        RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(random));
        _seed = random[0];
        _multiplier = random[1] | 1;
        foreach (ulong slot in old)
        {
            if (slot != 0)
            {
                Put(HashOf(_macs[IndexOf(slot)].Mac), IndexOf(slot));
            }
        }
    }

    // A folded 128-bit product of two secrets, as in the forwarding table.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong HashOf(ulong mac)
    {
        ulong high = Math.BigMul(mac ^ _seed, _multiplier, out ulong low);
        return high ^ low;
    }
}
