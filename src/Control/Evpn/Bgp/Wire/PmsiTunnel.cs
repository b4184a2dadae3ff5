using Overlay.Encap;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>The PMSI tunnel attribute (RFC 6514 §5, RFC 7432 §11.2, RFC 8365 §9).</summary>
/// <param name="Flags">Flags; the leaf-information bit is sent 0 and ignored.</param>
/// <param name="TunnelType">6 for ingress replication.</param>
/// <param name="Label">The label field, all 24 bits: the VNI.</param>
/// <param name="Endpoint">Of ingress replication: where copies go to. Default for other tunnel types.</param>
public readonly record struct PmsiTunnel(byte Flags, byte TunnelType, uint Label, UnderlayAddress Endpoint)
{
    /// <summary>The tunnel type of ingress replication.</summary>
    public const byte IngressReplication = 6;
}
