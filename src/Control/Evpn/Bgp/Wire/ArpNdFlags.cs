namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>Flags of the ARP/ND extended community (RFC 9047 §2).</summary>
[Flags]
public enum ArpNdFlags : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>R: the address is a router's.</summary>
    Router = 0x01,

    /// <summary>O: the override flag of neighbour advertisements.</summary>
    Override = 0x02,

    /// <summary>I: the binding is configured and does not change.</summary>
    Immutable = 0x08,
}
