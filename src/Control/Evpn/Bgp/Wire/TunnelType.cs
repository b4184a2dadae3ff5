namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>Tunnel types of the encapsulation community (RFC 8365 §11, RFC 9012 §4.1). Others are legal on the wire.</summary>
public static class TunnelType
{
    /// <summary>VXLAN.</summary>
    public const ushort Vxlan = 8;

    /// <summary>NVGRE.</summary>
    public const ushort Nvgre = 9;

    /// <summary>MPLS.</summary>
    public const ushort Mpls = 10;

    /// <summary>VXLAN-GPE.</summary>
    public const ushort VxlanGpe = 12;

    /// <summary>Geneve.</summary>
    public const ushort Geneve = 19;
}
