using Overlay.Encap;

namespace Overlay.Dataplane.Underlay;

/// <summary>A receiving socket, for display.</summary>
/// <param name="Worker">The worker that reads it.</param>
/// <param name="Address">The local address it is bound to.</param>
/// <param name="Port">The UDP port it is bound to.</param>
/// <param name="Encap">What it was opened for.</param>
/// <param name="KernelDrops">
/// Datagrams the kernel dropped at this socket since it was opened (the number behind SO_RXQ_OVFL). Outside <c>received = delivered + consumed + dropped</c>.
/// </param>
public readonly record struct UnderlaySocket(int Worker, UnderlayAddress Address, ushort Port, EncapKind Encap, long KernelDrops);
