namespace Overlay.Api;

/// <summary>Answer of <c>GET /v1/fdb/moves</c>: the frozen MACs first, then by the time of the last move.</summary>
public sealed record FdbMovesResponse
{
    /// <summary>MACs that moved not long ago.</summary>
    public required IReadOnlyList<FdbMoveInfo> Moves { get; init; }

    /// <summary>True if there are more than the answer holds (1,000).</summary>
    public bool Truncated { get; init; }
}

/// <summary>A MAC that moved. Places are <c>port NAME</c> or <c>peer NAME</c>.</summary>
public sealed record FdbMoveInfo
{
    /// <summary>The VNI.</summary>
    public required int Vni { get; init; }

    /// <summary>The MAC.</summary>
    public required string Mac { get; init; }

    /// <summary>Where it moved from last.</summary>
    public required string From { get; init; }

    /// <summary>Where it moved to last, or would have if it were not frozen.</summary>
    public required string To { get; init; }

    /// <summary>Where it is now, or null.</summary>
    public string? Place { get; init; }

    /// <summary>Moves in the window that is counted now.</summary>
    public required int InWindow { get; init; }

    /// <summary>Moves since it is known; stops at 65535.</summary>
    public required int Moves { get; init; }

    /// <summary>Seconds since the last one.</summary>
    public required double SecondsAgo { get; init; }

    /// <summary>Seconds that it is frozen yet; null if it is not.</summary>
    public double? FrozenSeconds { get; init; }

    /// <summary>Times it was frozen without a calm window in between.</summary>
    public required int Freezes { get; init; }

    /// <summary>The peer that claims it again and again while a port has it; null if none does.</summary>
    public string? ContestedBy { get; init; }
}
