using System.Runtime.InteropServices;
using Overlay.Forwarding;

namespace Overlay.Control.Tables;

/// <summary>
/// A MAC of a VNI: where it was seen, if it was, and the way to what planes say of it. 28 octets in a pool, of which there may be a million; what is rare (mobility sequence,
/// moves) is beside it, and what stands in the forwarding table is read there.
/// </summary>
/// <remarks>
/// <code>
/// MAC(48) | moves(16)     seen(32)     since(32)
/// head + 1(24) | origin(4) | flags(4)     place + 1(24) | epoch, upper(8)     seen target(24) | epoch, lower(8)
/// </code>
/// Twenty-four bits are enough for every index: routes of all planes are four million at most, and targets no more.
/// </remarks>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct MacState
{
    private ulong _word;
    private uint _head;
    private uint _place;
    private uint _seen;

    /// <summary>Tenths of a second: when it was seen last, as far as it was looked at.</summary>
    public uint SeenTime;

    /// <summary>Tenths of a second: since when it is seen where it is.</summary>
    public uint SeenSince;

    /// <summary>A MAC that nobody has said anything of.</summary>
    public MacState(ulong mac)
    {
        this = default;
        _word = mac << 16;
    }

    /// <summary>The address; 0 marks a free item.</summary>
    public readonly ulong Mac => _word >> 16;

    /// <summary>Times the place changed; saturates.</summary>
    public readonly ushort Moves => (ushort)_word;

    /// <summary>First candidate that a plane gave, or -1.</summary>
    public int Head
    {
        readonly get => (int)(_head >> 8) - 1;
        set => _head = ((uint)(value + 1) << 8) | (byte)_head;
    }

    /// <summary>Index of the target in force, or -1; outlives the winner while a replacement is chosen.</summary>
    public int PlaceTarget
    {
        readonly get => (int)(_place >> 8) - 1;
        set => _place = ((uint)(value + 1) << 8) | (byte)_place;
    }

    /// <summary>Index of the target it was seen at; without meaning unless <see cref="HasSeen"/>.</summary>
    public int SeenTarget
    {
        readonly get => (int)(_seen >> 8);
        set => _seen = ((uint)value << 8) | (byte)_seen;
    }

    /// <summary>The coarse epoch the forwarding table showed when it was last looked at.</summary>
    public ushort SeenEpoch
    {
        readonly get => (ushort)(((_place & 0xFF) << 8) | (byte)_seen);
        set
        {
            _place = (_place & ~0xFFu) | (uint)(value >> 8);
            _seen = (_seen & ~0xFFu) | (byte)value;
        }
    }

    /// <summary>By whom it was seen: <see cref="FdbOrigin.Local"/>, <see cref="FdbOrigin.Learned"/>, or None.</summary>
    public FdbOrigin SeenOrigin
    {
        readonly get => (FdbOrigin)((_head >> 4) & 0xF);
        set => _head = (_head & ~0xF0u) | ((uint)value << 4);
    }

    /// <summary>There is a local or learned candidate. There is at most one, and it exists only while it is in force.</summary>
    public readonly bool HasSeen => (_head & 0xF0) != 0;

    /// <summary>The forwarding table has an entry.</summary>
    public bool IsPublished
    {
        readonly get => (_head & 1) != 0;
        set => _head = value ? _head | 1 : _head & ~1u;
    }

    /// <summary>It does not move for a while: it moved too often. What is remembered of it is in <see cref="MacVrf.Moves"/>.</summary>
    public bool IsFrozen
    {
        readonly get => (_head & 2) != 0;
        set => _head = value ? _head | 2 : _head & ~2u;
    }

    /// <summary>It was seen, as a port's own address: it does not age and no limit counts it.</summary>
    public bool IsPermanent
    {
        readonly get => (_head & 4) != 0;
        set => _head = value ? _head | 4 : _head & ~4u;
    }

    /// <summary>Nobody says anything of it any more.</summary>
    public readonly bool IsEmpty => Head < 0 && !HasSeen;

    /// <summary>Counts a change of place.</summary>
    public void CountMove() => _word += Moves < ushort.MaxValue ? 1u : 0u;
}
