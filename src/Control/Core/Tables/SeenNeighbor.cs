using Overlay.Encap;

namespace Overlay.Control.Tables;

/// <summary>A neighbour binding that was learned from traffic. Times are tenths of a second.</summary>
internal struct SeenNeighbor
{
    /// <summary>The tenant's address.</summary>
    public UnderlayAddress Address;

    /// <summary>The MAC that answers for it; 0 marks a free item.</summary>
    public ulong Mac;

    /// <summary>Where the MAC was when it said so, as the forwarding table has it; the binding counts against the limit of this place.</summary>
    public uint Place;

    /// <summary>When it was last confirmed, and when it got this MAC.</summary>
    public uint Time;

    /// <inheritdoc cref="Time"/>
    public uint Since;

    /// <summary>When its first change of MAC in a row happened.</summary>
    public uint FirstMove;

    /// <summary>It is claimed by more than one MAC and answered for nobody until then; 0 if it is not.</summary>
    public uint HeldUntil;

    /// <summary>The epoch of its last confirmation that was looked at.</summary>
    public ushort Epoch;

    /// <summary>Changes of MAC since <see cref="FirstMove"/>.</summary>
    public byte Moves;

    /// <summary>It said that it is a router.</summary>
    public bool IsRouter;
}
