namespace Overlay.Api;

/// <summary>Answer of <c>GET /v1/storm</c>: by VNI, then by port, the underlay first.</summary>
public sealed record StormResponse
{
    /// <summary>The limits.</summary>
    public required IReadOnlyList<StormRow> Limits { get; init; }
}

/// <summary>Storm control of one class of frames on one way into a VNI.</summary>
public sealed record StormRow
{
    /// <summary>The VNI.</summary>
    public required int Vni { get; init; }

    /// <summary>The port the frames come from; null for the underlay.</summary>
    public string? Port { get; init; }

    /// <summary><c>broadcast</c>, <c>unknown_unicast</c> or <c>multicast</c>.</summary>
    public required string Class { get; init; }

    /// <summary>Frames a second that may be flooded; null: no limit.</summary>
    public int? Limit { get; init; }

    /// <summary>Frames that may come at once after a second of rest; null: no limit.</summary>
    public int? Burst { get; init; }

    /// <summary>Frames that were flooded.</summary>
    public required long Passed { get; init; }

    /// <summary>Frames that were dropped as <c>storm_limit</c>.</summary>
    public required long Dropped { get; init; }

    /// <summary>How often the limit was hit after a second or more without.</summary>
    public required long Storms { get; init; }

    /// <summary>Seconds since the last drop; null if there was none.</summary>
    public double? LastDropSecondsAgo { get; init; }
}
