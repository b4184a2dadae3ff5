using System.Collections.Immutable;
using Overlay.Encap;

namespace Overlay.Control.StaticFile;

/// <summary>An item of <c>peers:</c>.</summary>
public sealed record StaticPeer
{
    /// <summary>The VTEP.</summary>
    public required VtepDescription Vtep { get; init; }

    /// <summary>The VNIs it is in, with an encapsulation of their own where it differs.</summary>
    public ImmutableArray<StaticPeerVni> Vnis { get; init; } = [];

    /// <inheritdoc/>
    public bool Equals(StaticPeer? other) => other is not null && Vtep == other.Vtep && Vnis.SequenceEqual(other.Vnis);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Vtep, Vnis.Length);
}
