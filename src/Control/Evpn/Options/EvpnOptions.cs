using System.Collections.Immutable;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Options;

/// <summary><c>control.evpn</c>: the whole of the plane's configuration. Immutable; validated by whoever reads the configuration.</summary>
public sealed record EvpnOptions
{
    /// <summary>Our AS, 1–4294967295 and not 23456 (RFC 6793).</summary>
    public required uint As { get; init; }

    /// <summary>Our BGP identifier as a number, not 0 (RFC 6286).</summary>
    public required uint RouterId { get; init; }

    /// <summary>Addresses to listen at; empty for every address of both families.</summary>
    public ImmutableArray<UnderlayAddress> ListenAddresses { get; init; } = [];

    /// <summary>TCP port to listen at, 0–65535; 0 does not listen.</summary>
    public int ListenPort { get; init; } = 179;

    /// <summary>Neighbours by address.</summary>
    public ImmutableArray<EvpnNeighborOptions> Neighbors { get; init; } = [];

    /// <summary>Neighbours that connect to us from a prefix.</summary>
    public ImmutableArray<EvpnDynamicOptions> Dynamic { get; init; } = [];

    /// <summary>How long we ask peers to wait for us when we restart (RFC 4724), 0–4095 s; zero does not announce graceful restart.</summary>
    public TimeSpan RestartTime { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>Longest wait for End-of-RIB of a peer that is back before its stale routes go (RFC 4724 §4.2, the "Selection_Deferral" and stale timers), 1–3600 s.</summary>
    public TimeSpan StalePathTime { get; init; } = TimeSpan.FromSeconds(360);

    /// <summary>Form of automatic route targets we export; both forms are imported.</summary>
    public RouteTargetForm RouteTargets { get; init; } = RouteTargetForm.As2Vni;

    /// <summary>Encapsulations we advertise and accept, the preferred first; at least one.</summary>
    public ImmutableArray<EncapKind> Encaps { get; init; } = [EncapKind.Geneve, EncapKind.Vxlan];

    /// <summary>Per-VNI settings; a VNI that is not here has the automatic ones.</summary>
    public ImmutableDictionary<Vni, EvpnVniOptions> Vnis { get; init; } = ImmutableDictionary<Vni, EvpnVniOptions>.Empty;

    /// <summary>VTEP addresses to advertise as next hop, the first of each family; follows <c>node.local</c>.</summary>
    public ImmutableArray<UnderlayAddress> VtepAddresses { get; init; } = [];

    /// <summary>The family of the VTEP address to advertise where both are there.</summary>
    public AddressFamilyKind PreferredFamily { get; init; } = AddressFamilyKind.IPv4;

    /// <summary>Routes that all peers together may give, 1–10,000,000.</summary>
    public int RouteLimit { get; init; } = 2_000_000;
}
