using Overlay.Encap;

namespace Overlay.Dataplane.Underlay;

/// <summary>What a path takes by what our kernel or the network said of it (RFC 1191, RFC 8201).</summary>
/// <param name="Destination">The outer destination.</param>
/// <param name="Mtu">Octets, outer IP header included: what goes by it may be no longer. 0 if nobody said anything that is believed.</param>
/// <param name="Source">Who said the least.</param>
/// <param name="Age">How long ago that was last said. It is forgotten after ten minutes, as the kernel does.</param>
/// <param name="Refused">The least that an ICMP message said within ten minutes and that was not believed, being under the limit; 0 if none.</param>
public readonly record struct PathMtu(UnderlayAddress Destination, int Mtu, PathMtuSource Source, TimeSpan Age, int Refused);
