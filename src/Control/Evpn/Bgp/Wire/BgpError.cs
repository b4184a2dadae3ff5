namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>What ends a session: the code and subcode to answer with, or that the peer answered with (RFC 4271 §4.5).</summary>
/// <param name="Code">The code; a peer's may be outside the enumeration.</param>
/// <param name="Subcode">The subcode, 0 for unspecific.</param>
/// <param name="Data">The data octets; owned by the value, at most what one message holds.</param>
public readonly record struct BgpError(BgpErrorCode Code, byte Subcode, ReadOnlyMemory<byte> Data = default);
