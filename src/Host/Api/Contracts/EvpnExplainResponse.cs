namespace Overlay.Api;

/// <summary>Answer of <c>GET /v1/evpn/explain</c>: why EVPN has a MAC where it has it.</summary>
public sealed record EvpnExplainResponse
{
    /// <summary>The VNI.</summary>
    public required int Vni { get; init; }

    /// <summary>The MAC.</summary>
    public required string Mac { get; init; }

    /// <summary>The decisions in the order they were made, a sentence each.</summary>
    public required IReadOnlyList<string> Steps { get; init; }

    /// <summary>The candidates, the winner first.</summary>
    public required IReadOnlyList<EvpnRouteInfo> Candidates { get; init; }
}
