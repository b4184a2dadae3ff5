using Overlay.Encap;

namespace Overlay.Dataplane.Diagnostics;

/// <summary>The beginning of one dropped frame, for an operator to look at.</summary>
/// <param name="Reason">Why it was dropped.</param>
/// <param name="Direction">Which way it went.</param>
/// <param name="Octets">Its first octets, at most <see cref="MaxLength"/>: from the tunnel header on for what came from the underlay, else from the destination MAC on.</param>
/// <param name="FrameLength">Octets of the whole.</param>
/// <param name="Vni">The VNI; null where it was dropped before one was known.</param>
/// <param name="Peer">The outer source, or the outer destination of a frame that was to be sent; null where there is none.</param>
public sealed record DropSample(DropReason Reason, Direction Direction, ReadOnlyMemory<byte> Octets, int FrameLength, Vni? Vni, UnderlayAddress? Peer)
{
    /// <summary>Octets kept at most.</summary>
    public const int MaxLength = 64;
}
