using System.Collections.Immutable;

namespace Overlay.Control.Evpn.Queries;

/// <summary>A neighbour, as <c>overlayctl evpn neighbors</c> shows it.</summary>
public sealed record EvpnNeighborRow
{
    /// <summary>Its name: the address as text.</summary>
    public required string Name { get; init; }

    /// <summary>For the operator, or null.</summary>
    public string? Description { get; init; }

    /// <summary>It came from a prefix.</summary>
    public bool IsDynamic { get; init; }

    /// <summary>State of its session: <c>idle</c>, <c>connect</c>, <c>active</c>, <c>open-sent</c>, <c>open-confirm</c>, <c>established</c> (RFC 4271 §8.2.2), or <c>shutdown</c>.</summary>
    public required string State { get; init; }

    /// <summary>Since when it is in that state.</summary>
    public TimeSpan Since { get; init; }

    /// <summary>The AS configured, or the one it has; 0 if unknown.</summary>
    public uint As { get; init; }

    /// <summary>Its BGP identifier in dotted form, or null.</summary>
    public string? RouterId { get; init; }

    /// <summary>Our end of the connection as text, or null.</summary>
    public string? LocalAddress { get; init; }

    /// <summary>Capabilities that both have, by name: <c>evpn</c>, <c>as4</c>, <c>route-refresh</c>, <c>enhanced-route-refresh</c>, <c>graceful-restart</c>, <c>extended-message</c>.</summary>
    public ImmutableArray<string> Capabilities { get; init; } = [];

    /// <summary>Hold time agreed on.</summary>
    public TimeSpan HoldTime { get; init; }

    /// <summary>Routes in its Adj-RIB-In.</summary>
    public int Routes { get; init; }

    /// <summary>Of these, stale.</summary>
    public int StaleRoutes { get; init; }

    /// <summary>End-of-RIB was received in this session.</summary>
    public bool HasEndOfRib { get; init; }

    /// <summary>Routes advertised to it.</summary>
    public int Advertised { get; init; }

    /// <summary>Messages received, by type: <c>open</c>, <c>update</c>, <c>notification</c>, <c>keepalive</c>, <c>route-refresh</c>.</summary>
    public ImmutableDictionary<string, long> Received { get; init; } = ImmutableDictionary<string, long>.Empty;

    /// <summary>Messages sent, by type.</summary>
    public ImmutableDictionary<string, long> Sent { get; init; } = ImmutableDictionary<string, long>.Empty;

    /// <summary>What was wrong in UPDATEs and did not end the session (RFC 7606), by a short name.</summary>
    public ImmutableDictionary<string, long> Faults { get; init; } = ImmutableDictionary<string, long>.Empty;

    /// <summary>Sessions that were established.</summary>
    public long Established { get; init; }

    /// <summary>How the last session or attempt ended, in words; null if none did.</summary>
    public string? LastError { get; init; }

    /// <summary>How long ago that was.</summary>
    public TimeSpan? LastErrorAge { get; init; }
}
