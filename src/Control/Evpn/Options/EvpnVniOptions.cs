using System.Collections.Immutable;
using Overlay.Control.Evpn.Bgp.Wire;

namespace Overlay.Control.Evpn.Options;

/// <summary><c>vnis[].evpn</c>: what a VNI does differently.</summary>
public sealed record EvpnVniOptions
{
    /// <summary>False keeps the VNI out of EVPN.</summary>
    public bool IsEnabled { get; init; } = true;

    /// <summary>Route distinguisher; null for <c>router_id:n</c> with a number of our own for the VNI.</summary>
    public RouteDistinguisher? Rd { get; init; }

    /// <summary>Route targets to import; empty for the automatic ones of both forms.</summary>
    public ImmutableArray<ExtendedCommunity> Import { get; init; } = [];

    /// <summary>Route targets to export; empty for the automatic one.</summary>
    public ImmutableArray<ExtendedCommunity> Export { get; init; } = [];

    /// <summary>Advertise the MACs of local ports; false announces the VTEP for BUM alone.</summary>
    public bool AdvertiseMacs { get; init; } = true;

    /// <summary>Put the default-gateway community on the ports' own MACs (RFC 7432 §10.1).</summary>
    public bool IsGateway { get; init; }

    /// <inheritdoc/>
    public bool Equals(EvpnVniOptions? other) =>
        other is not null && (IsEnabled, Rd, AdvertiseMacs, IsGateway) == (other.IsEnabled, other.Rd, other.AdvertiseMacs, other.IsGateway) &&
        Import.SequenceEqual(other.Import) && Export.SequenceEqual(other.Export);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(IsEnabled, Rd, AdvertiseMacs, IsGateway, Import.Length, Export.Length);
}
