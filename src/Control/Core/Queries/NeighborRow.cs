using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Control.Queries;

/// <summary>A neighbour binding in force.</summary>
/// <param name="Vni">The VNI.</param>
/// <param name="Address">The tenant's address.</param>
/// <param name="Mac">The MAC that answers for it.</param>
/// <param name="IsRouter">It is a router (RFC 9047).</param>
/// <param name="Origin">Who gave it; <see cref="FdbOrigin.Local"/> or <see cref="FdbOrigin.Learned"/> if it was learned from traffic.</param>
/// <param name="Plane">The plane; null if it was learned from traffic.</param>
public sealed record NeighborRow(Vni Vni, UnderlayAddress Address, MacAddress Mac, bool IsRouter, FdbOrigin Origin, string? Plane)
{
    /// <summary>The port that the MAC is on; null if it is on none.</summary>
    public string? Port { get; init; }

    /// <summary>The VTEP that the MAC is behind; null if it is behind none.</summary>
    public string? Peer { get; init; }

    /// <summary>How long ago traffic confirmed it; null for one that was given.</summary>
    public TimeSpan? Age { get; init; }

    /// <summary>Questions for the address are answered, where the VNI suppresses them: the MAC is in the FDB too.</summary>
    public bool IsAnswered { get; init; }

    /// <summary>Several MACs claim the address: it is answered for none of them.</summary>
    public bool IsDuplicate { get; init; }
}
