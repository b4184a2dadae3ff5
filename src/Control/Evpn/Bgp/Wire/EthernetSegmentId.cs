namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>An Ethernet segment identifier: ten octets, the first of which is its type (RFC 7432 §5). All zero means single-homed.</summary>
/// <param name="Hi">Octets 0 and 1.</param>
/// <param name="Lo">Octets 2 to 9.</param>
public readonly record struct EthernetSegmentId(ushort Hi, ulong Lo)
{
    /// <summary>True for the single-homed one.</summary>
    public bool IsZero => Hi == 0 && Lo == 0;

    /// <summary>True for the reserved one, all ones.</summary>
    public bool IsReserved => Hi == ushort.MaxValue && Lo == ulong.MaxValue;
}
