using System.Collections.Immutable;
using Overlay.Encap;

namespace Overlay.Control.StaticFile;

/// <summary>An item of <c>macs:</c>.</summary>
/// <param name="Vni">The VNI.</param>
/// <param name="Mac">The MAC.</param>
/// <param name="Peer">The peer it is behind.</param>
/// <param name="Addresses">Its tenant addresses.</param>
public sealed record StaticMac(Vni Vni, MacAddress Mac, VtepEndpoint Peer, ImmutableArray<UnderlayAddress> Addresses)
{
    /// <summary>Frames with it as source from elsewhere than the peer are dropped.</summary>
    public bool Sticky { get; init; }

    /// <inheritdoc/>
    public bool Equals(StaticMac? other) => other is not null && Sticky == other.Sticky && Vni == other.Vni && Mac == other.Mac && Peer == other.Peer && Addresses.SequenceEqual(other.Addresses);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Vni, Mac);
}
