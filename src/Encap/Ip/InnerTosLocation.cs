namespace Overlay.Encap.Ip;

/// <summary>Where an inner IP header is.</summary>
/// <param name="HeaderOffset">Octets from the start of the frame.</param>
/// <param name="IsIPv6">IPv6, else IPv4.</param>
public readonly record struct InnerTosLocation(ushort HeaderOffset, bool IsIPv6);
