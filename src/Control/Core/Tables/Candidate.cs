using Overlay.Forwarding;

namespace Overlay.Control.Tables;

/// <summary>What one source says of one MAC. 44 octets in a pool; never an object.</summary>
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

    /// <summary>Tenths of a second: of a plane's route when it expires (0 never); of a local or learned one when it was last seen.</summary>
    public uint Time;

    /// <summary>Plane and session, an index; 0 for local and learned.</summary>
    public ushort Source;

    /// <summary>The coarse epoch the forwarding table showed when it was last looked at (local and learned).</summary>
    public ushort Epoch;

    /// <summary>Who gave it; <see cref="FdbOrigin.None"/> marks a free item.</summary>
    public FdbOrigin Origin;

    /// <summary>It must not move.</summary>
    public bool Sticky;

    /// <summary>A port's own address: it does not age and no limit counts it.</summary>
    public bool Permanent;

    /// <summary>Given by data-plane learning on either side.</summary>
    public readonly bool IsSeen => Origin is FdbOrigin.Local or FdbOrigin.Learned;
}
