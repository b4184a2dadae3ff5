using Overlay.Encap;

namespace Overlay.Dataplane.Underlay;

/// <summary>A local VTEP address as the kernel has it now.</summary>
/// <param name="Address">The configured address.</param>
/// <param name="Present">The kernel has it and may use it (an IPv6 address whose duplicate detection is not over may not be used).</param>
/// <param name="LinkUp">Its device is administratively up and has carrier.</param>
/// <param name="Device">The device that has it; null if absent.</param>
/// <param name="Mtu">
/// Octets an outer packet may have when it leaves: the device's MTU, or for an address on a loopback device the smallest on the routes to the peers. 0 if unknown.
/// </param>
public readonly record struct LocalAddressState(UnderlayAddress Address, bool Present, bool LinkUp, string? Device, int Mtu);
