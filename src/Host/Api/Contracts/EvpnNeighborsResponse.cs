namespace Overlay.Api;

/// <summary>Answer of <c>GET /v1/evpn/neighbors</c>.</summary>
public sealed record EvpnNeighborsResponse
{
    /// <summary>Our AS.</summary>
    public required long As { get; init; }

    /// <summary>Our BGP identifier.</summary>
    public required string RouterId { get; init; }

    /// <summary>Routes of ours that are advertised.</summary>
    public required int LocalRoutes { get; init; }

    /// <summary>Routes that neighbours have given.</summary>
    public required int Routes { get; init; }

    /// <summary>The neighbours, by address.</summary>
    public required IReadOnlyList<EvpnNeighborInfo> Neighbors { get; init; }
}

/// <summary>A BGP neighbour.</summary>
public sealed record EvpnNeighborInfo
{
    /// <summary>Its address.</summary>
    public required string Name { get; init; }

    /// <summary>What the operator wrote about it, or null.</summary>
    public string? Description { get; init; }

    /// <summary>It connected from a prefix.</summary>
    public required bool Dynamic { get; init; }

    /// <summary><c>idle</c>, <c>connect</c>, <c>active</c>, <c>open-sent</c>, <c>open-confirm</c>, <c>established</c> (RFC 4271 §8.2.2), or <c>shutdown</c>.</summary>
    public required string State { get; init; }

    /// <summary>Seconds in that state.</summary>
    public required double StateSeconds { get; init; }

    /// <summary>Its AS; 0 if it is not known yet.</summary>
    public required long As { get; init; }

    /// <summary>Its BGP identifier, or null.</summary>
    public string? RouterId { get; init; }

    /// <summary>Our end of the session, or null.</summary>
    public string? LocalAddress { get; init; }

    /// <summary>Capabilities that both have.</summary>
    public required IReadOnlyList<string> Capabilities { get; init; }

    /// <summary>Hold time in force, seconds; 0 for none.</summary>
    public required double HoldSeconds { get; init; }

    /// <summary>Routes it has given.</summary>
    public required int Routes { get; init; }

    /// <summary>Of these, stale: in force, though nobody confirms them.</summary>
    public required int StaleRoutes { get; init; }

    /// <summary>It has said End-of-RIB in this session.</summary>
    public required bool EndOfRib { get; init; }

    /// <summary>Routes of ours that it was sent.</summary>
    public required int Advertised { get; init; }

    /// <summary>Messages received since start, by type.</summary>
    public required IReadOnlyDictionary<string, long> Received { get; init; }

    /// <summary>Messages sent since start, by type.</summary>
    public required IReadOnlyDictionary<string, long> Sent { get; init; }

    /// <summary>What was wrong in its UPDATEs without ending the session (RFC 7606), by name.</summary>
    public required IReadOnlyDictionary<string, long> Faults { get; init; }

    /// <summary>Sessions that were established since start.</summary>
    public required long Established { get; init; }

    /// <summary>How the last session, or attempt, ended; null if none has.</summary>
    public string? LastError { get; init; }

    /// <summary>Seconds since then, or null.</summary>
    public double? LastErrorSeconds { get; init; }
}
