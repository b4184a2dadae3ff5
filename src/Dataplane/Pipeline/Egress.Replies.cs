using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Forwarding;

namespace Overlay.Dataplane.Pipeline;

/// <content>Frames of our own making, in answer to one from a port: they go back to that port, at once.</content>
internal sealed partial class Egress
{
    /// <summary>Octets of the longest answer: an ICMPv6 error is as long as the least MTU of IPv6 (RFC 4443 §2.4), with an Ethernet header and two tags.</summary>
    internal const int MaxReplyLength = 1280 + 14 + (2 * TagLength);

    private readonly byte[] _replySlab = GC.AllocateArray<byte>(PacketPool.Headroom + MaxReplyLength, pinned: true);

    /// <summary>Where an answer is written, untagged, before <see cref="TryReply"/>.</summary>
    internal Span<byte> ReplyFrame => _replySlab.AsSpan(PacketPool.Headroom, MaxReplyLength);

    /// <summary>Writes the answer to a port, with the port's tag for the VNI. It is in no count but the port's: what it answers is.</summary>
    /// <returns>False if the port did not take it.</returns>
    internal bool TryReply(DomainPort place, int length)
    {
        if (!place.Port.IsUp)
            return false;

        int index = _options.BatchSize + CopySize;
        TxFrame frame = new() { Offset = PacketPool.Headroom, Length = length, Frame = index };
        if (place.Vid != 0)
        {
            VlanTags.Push(_replySlab, frame.Offset, place.Tag);
            frame.Offset -= TagLength;
            frame.Length += TagLength;
        }

        Outcomes.Reset(index, 1);
        _ports.WriteNow(place.Port, in frame, _replySlab);
        return Outcomes.IsDelivered(index);
    }
}
