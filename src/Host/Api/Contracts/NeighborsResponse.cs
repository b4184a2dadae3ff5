namespace Overlay.Api;

/// <summary>Answer of <c>GET /v1/neighbors</c>: which MAC answers for which tenant's address, and what suppression did.</summary>
public sealed record NeighborsResponse
{
    /// <summary>The bindings, by VNI, then by address.</summary>
    public required IReadOnlyList<NeighborInfo> Neighbors { get; init; }

    /// <summary>The VNIs, ascending.</summary>
    public required IReadOnlyList<NeighborVni> Vnis { get; init; }

    /// <summary>True if there are more bindings than the answer holds (100,000): ask for one VNI.</summary>
    public bool Truncated { get; init; }
}

/// <summary>A neighbour binding.</summary>
public sealed record NeighborInfo
{
    /// <summary>The VNI.</summary>
    public required int Vni { get; init; }

    /// <summary>The tenant's address.</summary>
    public required string Address { get; init; }

    /// <summary>The MAC that answers for it.</summary>
    public required string Mac { get; init; }

    /// <summary>Who gave it: <c>static</c>, <c>evpn</c>, …; <c>local</c> or <c>learned</c> if traffic showed it.</summary>
    public required string Origin { get; init; }

    /// <summary>The control plane that gave it, or null.</summary>
    public string? Plane { get; init; }

    /// <summary>The local port that the MAC is on, or null.</summary>
    public string? Port { get; init; }

    /// <summary>The remote VTEP that the MAC is behind, or null.</summary>
    public string? Peer { get; init; }

    /// <summary>It is a router.</summary>
    public required bool Router { get; init; }

    /// <summary>Questions for it are answered where suppression is on: its MAC is in the FDB.</summary>
    public required bool Answered { get; init; }

    /// <summary>Several MACs claim it in turn; questions for it are flooded for a while.</summary>
    public required bool Duplicate { get; init; }

    /// <summary>Seconds since traffic last confirmed it; null if it was given.</summary>
    public double? AgeSeconds { get; init; }
}

/// <summary>Suppression in one VNI. Counts are of questions (ARP requests, neighbour solicitations to a group) from ports, since start.</summary>
public sealed record NeighborVni
{
    /// <summary>The VNI.</summary>
    public required int Vni { get; init; }

    /// <summary>ARP is answered.</summary>
    public required bool ArpSuppress { get; init; }

    /// <summary>Neighbour solicitations are answered.</summary>
    public required bool NdSuppress { get; init; }

    /// <summary>ARP requests answered here, and so not flooded.</summary>
    public required long SuppressedIpv4 { get; init; }

    /// <summary>Neighbour solicitations answered here, and so not flooded.</summary>
    public required long SuppressedIpv6 { get; init; }

    /// <summary>ARP requests flooded because the target or its MAC was not known.</summary>
    public required long FloodedIpv4 { get; init; }

    /// <summary>Neighbour solicitations flooded because the target or its MAC was not known.</summary>
    public required long FloodedIpv6 { get; init; }
}
