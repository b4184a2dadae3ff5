namespace Overlay.Control.Etcd.Queries;

/// <summary>A member as we see it.</summary>
public sealed record EtcdEndpointRow
{
    /// <summary>Its address, without user information.</summary>
    public required string Endpoint { get; init; }

    /// <summary>The last request or look at it went well.</summary>
    public bool IsHealthy { get; init; }

    /// <summary>Our watch is there.</summary>
    public bool IsWatched { get; init; }

    /// <summary>It leads the cluster, as it says.</summary>
    public bool IsLeader { get; init; }

    /// <summary>Its number in hexadecimal, or null.</summary>
    public string? MemberId { get; init; }

    /// <summary>Its version, or null.</summary>
    public string? Version { get; init; }

    /// <summary>Octets of its database.</summary>
    public long DatabaseBytes { get; init; }

    /// <summary>The revision it had when it was looked at last.</summary>
    public long Revision { get; init; }

    /// <summary>How long its last answer took, or null.</summary>
    public TimeSpan? Latency { get; init; }

    /// <summary>Alarms it reports, in its words.</summary>
    public IReadOnlyList<string> Alarms { get; init; } = [];

    /// <summary>Requests and looks that failed.</summary>
    public long Failures { get; init; }

    /// <summary>The last failure in words, or null.</summary>
    public string? LastFailure { get; init; }
}
