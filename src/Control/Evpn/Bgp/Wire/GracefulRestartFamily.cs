namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>A family of the graceful-restart capability (RFC 4724 §3).</summary>
/// <param name="Afi">Address family.</param>
/// <param name="Safi">Subsequent address family.</param>
/// <param name="IsForwarding">F: the forwarding state was kept.</param>
public readonly record struct GracefulRestartFamily(ushort Afi, byte Safi, bool IsForwarding);
