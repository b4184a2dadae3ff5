using Overlay.Encap;

namespace Overlay.Control;

/// <summary>"This MAC of this VNI is behind that VTEP": EVPN route type 2, OVSDB <c>Ucast_Macs_Remote</c>, a line of <c>macs:</c>.</summary>
/// <param name="Vni">The VNI.</param>
/// <param name="Mac">The MAC: unicast, not zero.</param>
/// <param name="NextHop">Where it is.</param>
/// <param name="Sequence">MAC mobility sequence (RFC 7432 §15); 0 where the plane has none.</param>
/// <param name="Sticky">It does not move by learning (RFC 7432 §15.2).</param>
/// <param name="Expiry">How long it holds without being given again; null for until withdrawn.</param>
public readonly record struct MacRoute(Vni Vni, MacAddress Mac, NextHopRef NextHop, uint Sequence = 0, bool Sticky = false, TimeSpan? Expiry = null);
