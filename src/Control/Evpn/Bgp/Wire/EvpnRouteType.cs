namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>EVPN route types (RFC 7432 §7, RFC 9136 §3). A number outside is legal on the wire and skipped (RFC 7606 §5.4).</summary>
public enum EvpnRouteType : byte
{
    /// <summary>Ethernet Auto-Discovery.</summary>
    EthernetAutoDiscovery = 1,

    /// <summary>MAC/IP Advertisement.</summary>
    MacIp = 2,

    /// <summary>Inclusive Multicast Ethernet Tag (IMET).</summary>
    InclusiveMulticast = 3,

    /// <summary>Ethernet Segment.</summary>
    EthernetSegment = 4,

    /// <summary>IP Prefix.</summary>
    IpPrefix = 5,
}
