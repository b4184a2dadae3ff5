using System.Collections.Immutable;

namespace Overlay.Control.Evpn.Queries;

/// <summary>A route of the RIB, ours or a peer's, as <c>overlayctl evpn routes</c> shows it.</summary>
public sealed record EvpnRouteRow
{
    /// <summary>Route type, 1–5.</summary>
    public required int Type { get; init; }

    /// <summary>Route distinguisher as text.</summary>
    public required string Rd { get; init; }

    /// <summary>The key in the field's notation, for example <c>[2]:[0]:[48]:[02:00:00:00:00:01]:[32]:[10.0.0.1]</c>.</summary>
    public required string Prefix { get; init; }

    /// <summary>The neighbour it came from; null for our own.</summary>
    public string? Neighbor { get; init; }

    /// <summary>The next hop.</summary>
    public required string NextHop { get; init; }

    /// <summary>VNI of the label (PMSI label of type 3); null where there is none.</summary>
    public uint? Vni { get; init; }

    /// <summary>MAC, type 2.</summary>
    public string? Mac { get; init; }

    /// <summary>Host address of type 2, originator of types 3 and 4, prefix of type 5.</summary>
    public string? Address { get; init; }

    /// <summary>Ethernet segment, or null for the single-homed one.</summary>
    public string? Esi { get; init; }

    /// <summary>Route targets.</summary>
    public ImmutableArray<string> RouteTargets { get; init; } = [];

    /// <summary>Other communities that have a name, for example <c>encap:vxlan</c>, <c>mobility:3</c>, <c>sticky</c>, <c>default-gateway</c>.</summary>
    public ImmutableArray<string> Communities { get; init; } = [];

    /// <summary>AS path as text; empty for our own.</summary>
    public string AsPath { get; init; } = string.Empty;

    /// <summary>LOCAL_PREF, or null.</summary>
    public uint? LocalPreference { get; init; }

    /// <summary>The best of the candidates of its key.</summary>
    public bool IsBest { get; init; }

    /// <summary>Its session is lost, or it was not given again yet; in force all the same.</summary>
    public bool IsStale { get; init; }

    /// <summary>VNIs it is imported into.</summary>
    public ImmutableArray<uint> ImportedInto { get; init; } = [];

    /// <summary>Why it is not used, in words; null if it is.</summary>
    public string? Reason { get; init; }

    /// <summary>Age.</summary>
    public TimeSpan Age { get; init; }
}
