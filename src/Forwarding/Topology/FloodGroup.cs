using Overlay.Encap;

namespace Overlay.Forwarding.Topology;

/// <summary>The multicast group that the BUM frames of a VNI are sent to, once each (RFC 7348 §4.2). VNIs with equal values share one way to send and one membership.</summary>
/// <param name="Address">The group: an IPv4 or IPv6 multicast address, never scoped.</param>
/// <param name="Device">The device that is sent by and joined on.</param>
/// <param name="Ttl">Outer TTL or hop limit, 1–255.</param>
/// <param name="Encap">The encapsulation that is sent; both are received.</param>
public sealed record FloodGroup(UnderlayAddress Address, string Device, byte Ttl, EncapKind Encap = EncapKind.Vxlan);
