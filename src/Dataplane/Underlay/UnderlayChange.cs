using System.Collections.Immutable;

namespace Overlay.Dataplane.Underlay;

/// <summary>A snapshot of the local side of the underlay, published whenever it differs from the one before.</summary>
/// <param name="Addresses">The configured local addresses, in their configured order.</param>
public sealed record UnderlayChange(ImmutableArray<LocalAddressState> Addresses)
{
    /// <summary>The devices that are watched beside: those that multicast groups are on.</summary>
    public ImmutableArray<DeviceState> Devices { get; init; } = [];

    /// <inheritdoc/>
    public bool Equals(UnderlayChange? other) =>
        other is not null && Addresses.AsSpan().SequenceEqual(other.Addresses.AsSpan()) && Devices.AsSpan().SequenceEqual(other.Devices.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => Addresses.Length;
}
