using Overlay.Forwarding;

namespace Overlay.Dataplane.Forwarding;

/// <summary>Where BUM frames of a VNI go beside its local ports: one next hop a VTEP (head-end replication). Immutable; replaced by reference.</summary>
/// <param name="nextHops">The next hops, without duplicates and without groups.</param>
public sealed class FloodList(NextHopId[] nextHops)
{
    private readonly NextHopId[] _nextHops = nextHops;

    /// <summary>Nobody.</summary>
    public static FloodList Empty { get; } = new([]);

    /// <summary>The next hops.</summary>
    public ReadOnlySpan<NextHopId> NextHops => _nextHops;
}
