using Overlay.Encap;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>One EVPN route as it stands in MP_REACH_NLRI or MP_UNREACH_NLRI (RFC 7432 §7, RFC 9136 §3.1). Fields without meaning for a type are default.</summary>
public readonly record struct EvpnNlri
{
    /// <summary>The type.</summary>
    public required EvpnRouteType Type { get; init; }

    /// <summary>Route distinguisher, all types.</summary>
    public RouteDistinguisher Rd { get; init; }

    /// <summary>Segment, types 1, 2, 4, 5. Not part of the key of types 2 and 5.</summary>
    public EthernetSegmentId Esi { get; init; }

    /// <summary>Ethernet tag, types 1, 2, 3, 5.</summary>
    public uint EthernetTag { get; init; }

    /// <summary>MAC, type 2.</summary>
    public MacAddress Mac { get; init; }

    /// <summary>True if there is an address: always of types 3, 4 and 5, by choice of type 2.</summary>
    public bool HasAddress { get; init; }

    /// <summary>Host address of type 2, originator of types 3 and 4, prefix of type 5.</summary>
    public UnderlayAddress Address { get; init; }

    /// <summary>Prefix length of type 5, bits.</summary>
    public byte PrefixLength { get; init; }

    /// <summary>Gateway of type 5.</summary>
    public UnderlayAddress Gateway { get; init; }

    /// <summary>The label field, all 24 bits: the VNI (RFC 8365 §5.1.3). Types 1, 2, 5. Not part of the key.</summary>
    public uint Label { get; init; }

    /// <summary>The second label of type 2 (the L3 VNI, RFC 9135 §5.1), or null. Not part of the key.</summary>
    public uint? Label2 { get; init; }
}
