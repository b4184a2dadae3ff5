namespace Overlay.Forwarding.Topology;

/// <summary>
/// How many frames a second may be flooded of what comes into a VNI by one way: a port, or the underlay. What is over it is dropped as <c>storm_limit</c>; a way that was
/// silent for a second may send a second's worth at once. Null is no limit, 0 floods nothing.
/// </summary>
/// <param name="Broadcast">Broadcast frames.</param>
/// <param name="UnknownUnicast">Frames to an unknown unicast destination.</param>
/// <param name="Multicast">Multicast frames.</param>
public sealed record StormLimits(int? Broadcast, int? UnknownUnicast, int? Multicast)
{
    /// <summary>The highest limit there may be.</summary>
    public const int MaxRate = 10_000_000;

    /// <summary>No limits.</summary>
    public static StormLimits None { get; } = new(null, null, null);

    /// <summary>The limits where nothing is configured.</summary>
    public static StormLimits Default { get; } = new(1000, 1000, null);

    /// <summary>The limits of a gateway VNI where nothing is configured: what it floods may come back to it.</summary>
    public static StormLimits Gateway { get; } = Default with { Multicast = 1000 };
}
