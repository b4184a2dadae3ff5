using Overlay.Forwarding;

namespace Overlay.Control.Tables;

/// <summary>What one source of a plane says of one MAC. 44 octets in a pool; never an object. What was seen of a MAC is in its <see cref="MacState"/>.</summary>
internal struct Candidate
{
    /// <summary>Index of the MAC.</summary>
    public int Mac;

    /// <summary>Next candidate of the same MAC, or -1.</summary>
    public int NextOfMac;

    /// <summary>Neighbours in the list of the target.</summary>
    public int PreviousOfTarget;

    /// <inheritdoc cref="PreviousOfTarget"/>
    public int NextOfTarget;

    /// <summary>Where it leads, an index in the VNI's targets.</summary>
    public int Target;

    /// <summary>Mobility sequence.</summary>
    public uint Sequence;

    /// <summary>The plane's generation when it was last given; mark and sweep compares it.</summary>
    public uint Generation;

    /// <summary>Tenths of a second: when it was given or moved.</summary>
    public uint Since;

    /// <summary>Tenths of a second: when it expires; 0 never.</summary>
    public uint Time;

    /// <summary>Plane and session, an index.</summary>
    public ushort Source;

    /// <summary>Who gave it; <see cref="FdbOrigin.None"/> marks a free item.</summary>
    public FdbOrigin Origin;

    /// <summary>It must not move.</summary>
    public bool Sticky;

    /// <summary>It was taken back and is held.</summary>
    public HoldMark Hold;

    /// <summary>It is the one in force.</summary>
    public bool IsInForce;
}
