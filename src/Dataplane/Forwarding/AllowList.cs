using System.Numerics;
using System.Runtime.CompilerServices;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Dataplane.Forwarding;

/// <summary>
/// The outer sources that may send into a VNI: addresses with the next hop that answers to each, in a flat hash table of structs, and prefixes.
/// Immutable; replaced by reference. Every address that nobody named is refused (<c>vtep_unknown</c>).
/// </summary>
public sealed class AllowList
{
    private readonly Slot[] _slots;
    private readonly UnderlayPrefix[] _prefixes;
    private readonly ulong _seed;
    private readonly ulong _multiplier;

    /// <summary>Makes a list.</summary>
    /// <param name="sources">Addresses; where one is given twice the first counts.</param>
    /// <param name="prefixes">Prefixes.</param>
    public AllowList(ReadOnlySpan<SourceAdmission> sources, ReadOnlySpan<UnderlayPrefix> prefixes)
    {
        _prefixes = prefixes.ToArray();
        FlowHashSeed random = FlowHashSeed.CreateRandom();
        _seed = random.First;
        _multiplier = random.Second | 1;
        _slots = new Slot[BitOperations.RoundUpToPowerOf2((uint)Math.Max(2, sources.Length * 2))];
        foreach (SourceAdmission source in sources)
        {
            int slot = Hash(source.Address);
            while (_slots[slot].NextHopPlusOne != 0 && _slots[slot].Address != source.Address)
                slot = (slot + 1) & (_slots.Length - 1);

            if (_slots[slot].NextHopPlusOne == 0)
                _slots[slot] = new Slot { Address = source.Address, NextHopPlusOne = source.NextHop.Index + 1 };
        }
    }

    /// <summary>Admits nobody.</summary>
    public static AllowList Empty { get; } = new([], []);

    /// <summary>Whether a source may send into the VNI.</summary>
    /// <param name="source">The outer source address.</param>
    /// <param name="nextHop">The index of the next hop that answers to it; −1 if a prefix admitted it.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryAdmit(UnderlayAddress source, out int nextHop)
    {
        Slot[] slots = _slots;
        int slot = Hash(source);
        while (slots[slot].NextHopPlusOne != 0)
        {
            if (slots[slot].Address.Equals(source))
            {
                nextHop = slots[slot].NextHopPlusOne - 1;
                return true;
            }

            slot = (slot + 1) & (slots.Length - 1);
        }

        nextHop = -1;
        return _prefixes.Length != 0 && IsInPrefix(source);
    }

    /// <summary>The next hops that answer to the addresses, each as often as it has addresses. Slow path.</summary>
    internal IEnumerable<int> NextHops()
    {
        foreach (Slot slot in _slots)
        {
            if (slot.NextHopPlusOne != 0)
                yield return slot.NextHopPlusOne - 1;
        }
    }

    // Multicast and broadcast are no VTEP's address, whatever prefix they fall into.
    private bool IsInPrefix(UnderlayAddress source)
    {
        if (!source.IsUnicast)
            return false;

        foreach (UnderlayPrefix prefix in _prefixes)
        {
            if (prefix.Contains(source))
                return true;
        }

        return false;
    }

    private int Hash(UnderlayAddress address)
    {
        ulong high = Math.BigMul(address.Lo ^ _seed, _multiplier, out ulong low);
        high = Math.BigMul(high ^ low ^ address.Hi ^ address.ScopeId, _multiplier, out low);
        return (int)(high ^ low) & (_slots.Length - 1);
    }

    private struct Slot
    {
        internal UnderlayAddress Address;
        internal int NextHopPlusOne;
    }
}
