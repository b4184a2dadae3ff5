using Overlay.Encap;

namespace Overlay.Dataplane.Underlay;

/// <summary>A path MTU that the network told us (RFC 1191, RFC 8201), as the kernel applies it.</summary>
/// <param name="Destination">The outer destination.</param>
/// <param name="Mtu">Octets, outer IP header included.</param>
/// <param name="Age">How long ago it was last told. The kernel forgets one after ten minutes.</param>
public readonly record struct PathMtu(UnderlayAddress Destination, int Mtu, TimeSpan Age);
