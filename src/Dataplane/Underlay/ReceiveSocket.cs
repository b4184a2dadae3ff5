using Overlay.Dataplane.Interop;
using Overlay.Dataplane.Steering;
using Overlay.Encap;

namespace Overlay.Dataplane.Underlay;

/// <summary>A receiving socket and what it is for.</summary>
/// <param name="Socket">The socket.</param>
/// <param name="Address">The local address or multicast group it is bound to.</param>
/// <param name="Port">The UDP port it is bound to.</param>
/// <param name="Encap">What it was opened for.</param>
/// <param name="Steering">What gives it datagrams, if it is that of the lane; it owns it.</param>
internal readonly record struct ReceiveSocket(UdpSocket Socket, UnderlayAddress Address, ushort Port, EncapKind Encap, SocketSteering? Steering = null);
