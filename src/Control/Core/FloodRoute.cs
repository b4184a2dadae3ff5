using Overlay.Encap;

namespace Overlay.Control;

/// <summary>"BUM frames of this VNI go to that VTEP too, and it may send into the VNI": EVPN route type 3 (IMET), OVSDB <c>Mcast_Macs_Remote</c>, a peer's <c>vnis:</c>.</summary>
/// <param name="Vni">The VNI.</param>
/// <param name="NextHop">The VTEP; not a group.</param>
public readonly record struct FloodRoute(Vni Vni, NextHopRef NextHop);
