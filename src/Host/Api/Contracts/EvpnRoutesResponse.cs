namespace Overlay.Api;

/// <summary>Answer of <c>GET /v1/evpn/routes</c>: all candidates, ours and the neighbours'.</summary>
public sealed record EvpnRoutesResponse
{
    /// <summary>The routes.</summary>
    public required IReadOnlyList<EvpnRouteInfo> Routes { get; init; }

    /// <summary>True if there are more than the answer holds (100,000): ask for one VNI.</summary>
    public bool Truncated { get; init; }
}

/// <summary>An EVPN route.</summary>
public sealed record EvpnRouteInfo
{
    /// <summary>Route type, 1–5 (RFC 7432 §7, RFC 9136).</summary>
    public required int Type { get; init; }

    /// <summary>Route distinguisher.</summary>
    public required string Rd { get; init; }

    /// <summary>The key, for example <c>[2]:[0]:[48]:[02:00:00:00:00:01]</c>.</summary>
    public required string Prefix { get; init; }

    /// <summary>The neighbour that gave it; null for our own.</summary>
    public string? Neighbor { get; init; }

    /// <summary>The next hop: the VTEP.</summary>
    public required string NextHop { get; init; }

    /// <summary>The VNI of its label, or null.</summary>
    public long? Vni { get; init; }

    /// <summary>The MAC of type 2, or null.</summary>
    public string? Mac { get; init; }

    /// <summary>Host of type 2, originator of types 3 and 4, prefix of type 5; or null.</summary>
    public string? Address { get; init; }

    /// <summary>Ethernet segment, or null for the single-homed one.</summary>
    public string? Esi { get; init; }

    /// <summary>Route targets.</summary>
    public required IReadOnlyList<string> RouteTargets { get; init; }

    /// <summary>Other communities, by name.</summary>
    public required IReadOnlyList<string> Communities { get; init; }

    /// <summary>AS path; empty for our own and for one that was born in our AS.</summary>
    public required string AsPath { get; init; }

    /// <summary>LOCAL_PREF, or null.</summary>
    public long? LocalPreference { get; init; }

    /// <summary>The best of those with its key.</summary>
    public required bool Best { get; init; }

    /// <summary>In force, though nobody confirms it: its session is lost, or it was not given again yet.</summary>
    public required bool Stale { get; init; }

    /// <summary>VNIs that it is imported into.</summary>
    public required IReadOnlyList<long> ImportedInto { get; init; }

    /// <summary>Why it is not used; null if it is.</summary>
    public string? Reason { get; init; }

    /// <summary>Seconds since it was given or changed.</summary>
    public required double AgeSeconds { get; init; }
}
