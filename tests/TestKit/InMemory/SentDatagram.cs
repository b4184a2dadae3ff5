using Overlay.Encap;

namespace Overlay.TestKit.InMemory;

/// <summary>A datagram as a memory underlay saw it leave.</summary>
/// <param name="Destination">Outer destination.</param>
/// <param name="Port">Outer destination port.</param>
/// <param name="Encap">Encapsulation.</param>
/// <param name="Payload">UDP payload: tunnel header and inner frame.</param>
/// <param name="Tos">Outer TOS.</param>
/// <param name="Ttl">Outer TTL; 0 for the socket's.</param>
/// <param name="FlowHash">Flow hash of the inner frame.</param>
public sealed record SentDatagram(UnderlayAddress Destination, ushort Port, EncapKind Encap, byte[] Payload, byte Tos, byte Ttl, uint FlowHash);
