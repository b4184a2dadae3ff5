namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>The address family of EVPN (RFC 7432 §7).</summary>
public static class EvpnFamily
{
    /// <summary>AFI: L2VPN.</summary>
    public const ushort Afi = 25;

    /// <summary>SAFI: EVPN.</summary>
    public const byte Safi = 70;
}
