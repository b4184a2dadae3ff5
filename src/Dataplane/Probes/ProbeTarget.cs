using Overlay.Encap;

namespace Overlay.Dataplane.Probes;

/// <summary>Where a probe goes.</summary>
/// <param name="Address">Outer destination.</param>
/// <param name="Encap">Encapsulation.</param>
/// <param name="Port">UDP port, 1–65535.</param>
/// <param name="Vni">The VNI.</param>
public readonly record struct ProbeTarget(UnderlayAddress Address, EncapKind Encap, ushort Port, Vni Vni);
