using Overlay.Dataplane.Interop;
using Overlay.Encap;

namespace Overlay.Dataplane.Underlay;

/// <summary>A receiving socket and what it is for.</summary>
/// <param name="Socket">The socket.</param>
/// <param name="Address">The local address it is bound to.</param>
/// <param name="Port">The UDP port it is bound to.</param>
/// <param name="Encap">What it was opened for.</param>
internal readonly record struct ReceiveSocket(UdpSocket Socket, UnderlayAddress Address, ushort Port, EncapKind Encap);
