using System.Collections.Immutable;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>A segment of AS_PATH (RFC 4271 §4.3, RFC 5065 §3).</summary>
/// <param name="Kind">1 AS_SET, 2 AS_SEQUENCE, 3 AS_CONFED_SEQUENCE, 4 AS_CONFED_SET.</param>
/// <param name="Numbers">The AS numbers, four octets each whatever the wire had (RFC 6793 §4.2.3).</param>
public readonly record struct AsSegment(byte Kind, ImmutableArray<uint> Numbers);
