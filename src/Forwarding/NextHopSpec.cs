using Overlay.Encap;

namespace Overlay.Forwarding;

/// <summary>Everything that makes two next hops different. Equal specs share one <see cref="NextHopId"/>.</summary>
/// <param name="Vtep">The VTEP whose state decides.</param>
/// <param name="Address">The chosen outer destination address.</param>
/// <param name="Encap">The encapsulation to send.</param>
/// <param name="Port">The outer UDP destination port, host byte order, 1–65535.</param>
/// <param name="PolicyOption">How a policy option is marked towards this peer; without meaning for VXLAN.</param>
public readonly record struct NextHopSpec(VtepId Vtep, UnderlayAddress Address, EncapKind Encap, ushort Port, PolicyOptionMode PolicyOption);
