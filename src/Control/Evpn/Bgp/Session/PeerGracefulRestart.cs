namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>What a peer's graceful-restart capability says of the EVPN family (RFC 4724 §3, RFC 8538 §2).</summary>
/// <param name="IsRestarting">R: it has just restarted.</param>
/// <param name="HandlesNotification">N: a NOTIFICATION keeps the routes too, unless it is a Hard Reset.</param>
/// <param name="RestartTime">How long it asks to be waited for, 0–4095 s.</param>
/// <param name="HasFamily">The EVPN family is listed; otherwise it only helps others.</param>
/// <param name="IsForwarding">F: it kept its forwarding state for the family.</param>
internal readonly record struct PeerGracefulRestart(bool IsRestarting, bool HandlesNotification, TimeSpan RestartTime, bool HasFamily, bool IsForwarding);
