namespace Overlay.Api;

/// <summary>A control plane.</summary>
public sealed record PlaneStatus
{
    /// <summary>Its name: <c>static</c>, <c>evpn</c>, …</summary>
    public required string Name { get; init; }

    /// <summary>True if it is in touch with its source.</summary>
    public required bool Connected { get; init; }

    /// <summary>Routes it has given.</summary>
    public required int Routes { get; init; }

    /// <summary>Seconds for which its routes have been stale; 0 if they are not.</summary>
    public required double StaleSeconds { get; init; }
}
