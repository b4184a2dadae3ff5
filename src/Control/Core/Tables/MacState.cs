using Overlay.Forwarding;

namespace Overlay.Control.Tables;

/// <summary>A MAC of a VNI: its candidates and what stands in the forwarding table.</summary>
internal struct MacState
{
    /// <summary>The address.</summary>
    public ulong Mac;

    /// <summary>First candidate, or -1.</summary>
    public int Head;

    /// <summary>Candidate in force, or -1.</summary>
    public int Winner;

    /// <summary>Index of the target in force, or -1; outlives the winner while a replacement is chosen.</summary>
    public int PlaceTarget;

    /// <summary>The word that stands in the forwarding table; without meaning unless <see cref="IsPublished"/>.</summary>
    public uint Published;

    /// <summary>Times the place changed; saturates.</summary>
    public ushort Moves;

    /// <summary>Origin in the forwarding table; None when it has no entry.</summary>
    public FdbOrigin PublishedOrigin;

    /// <summary>Flags in the forwarding table.</summary>
    public FdbFlags PublishedFlags;

    /// <summary>It does not move for a while: it moved too often. What is remembered of it is in <see cref="MacVrf.Moves"/>.</summary>
    public bool IsFrozen;

    /// <summary>The forwarding table has an entry.</summary>
    public readonly bool IsPublished => PublishedOrigin != FdbOrigin.None;
}
