namespace Overlay.Api;

/// <summary>Answer of <c>GET /v1/drops</c>. For each direction: received = delivered + consumed + the sum of <see cref="DropRow.Total"/>.</summary>
public sealed record DropsResponse
{
    /// <summary>Every reason and direction whose total is not 0, the most recent trouble first; with <c>?all=true</c> every one there is.</summary>
    public required IReadOnlyList<DropRow> Drops { get; init; }

    /// <summary>Frames by direction.</summary>
    public required DropTotals Totals { get; init; }

    /// <summary>Accepted oddities.</summary>
    public required IReadOnlyList<AnomalyRow> Anomalies { get; init; }

    /// <summary>What only the kernel sees; outside the identity above.</summary>
    public required IReadOnlyList<KernelCounter> Kernel { get; init; }
}

/// <summary>Drops of one reason in one direction.</summary>
public sealed record DropRow
{
    /// <summary>The reason, for example <c>vni_unknown</c>.</summary>
    public required string Reason { get; init; }

    /// <summary><c>tx</c> (from a port) or <c>rx</c> (from the underlay).</summary>
    public required string Dir { get; init; }

    /// <summary>Frames in the last 60 seconds.</summary>
    public required long LastMinute { get; init; }

    /// <summary>Frames since start.</summary>
    public required long Total { get; init; }

    /// <summary>Copies made by flooding that were dropped for this reason, since start; not part of <see cref="Total"/>.</summary>
    public required long CopiesTotal { get; init; }

    /// <summary>The reason in a sentence.</summary>
    public required string Sentence { get; init; }

    /// <summary>The last frame that was kept of it, or null.</summary>
    public DropSample? Sample { get; init; }
}

/// <summary>The beginning of a dropped frame.</summary>
public sealed record DropSample
{
    /// <summary>Its first octets (64 at most), hexadecimal.</summary>
    public required string Hex { get; init; }

    /// <summary>Its VNI, or null if unknown.</summary>
    public int? Vni { get; init; }

    /// <summary>The outer address it came from, or was to go to; null if unknown.</summary>
    public string? Peer { get; init; }

    /// <summary>How long ago, to the second.</summary>
    public required double SecondsAgo { get; init; }
}

/// <summary>Frames by direction.</summary>
public sealed record DropTotals
{
    /// <summary>From ports.</summary>
    public required DirectionTotals Tx { get; init; }

    /// <summary>From the underlay.</summary>
    public required DirectionTotals Rx { get; init; }
}

/// <summary>Frames of one direction since start: received = delivered + consumed + dropped.</summary>
public sealed record DirectionTotals
{
    /// <summary>Frames received, segments counted singly.</summary>
    public required long Received { get; init; }

    /// <summary>Frames delivered.</summary>
    public required long Delivered { get; init; }

    /// <summary>Frames that we answered or that were meant for us.</summary>
    public required long Consumed { get; init; }

    /// <summary>Frames dropped, for one reason each.</summary>
    public required long Dropped { get; init; }

    /// <summary>Copies made by flooding.</summary>
    public required long Copies { get; init; }

    /// <summary>Copies dropped.</summary>
    public required long CopyDrops { get; init; }
}

/// <summary>An accepted oddity.</summary>
public sealed record AnomalyRow
{
    /// <summary>Its kind.</summary>
    public required string Kind { get; init; }

    /// <summary>Frames since start.</summary>
    public required long Total { get; init; }
}

/// <summary>A counter of the kernel.</summary>
public sealed record KernelCounter
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its value.</summary>
    public required long Value { get; init; }

    /// <summary>What it means to us.</summary>
    public required string Note { get; init; }
}
