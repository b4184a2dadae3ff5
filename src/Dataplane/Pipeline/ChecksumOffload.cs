using System.Buffers.Binary;
using System.Numerics;
using Overlay.Dataplane.Pipeline.Merging;
using Overlay.Dataplane.Pipeline.Offload;
using Overlay.Encap;
using Overlay.Encap.Ethernet;
using Overlay.Encap.Ip;

namespace Overlay.Dataplane.Pipeline;

/// <summary>
/// Inner TCP and UDP checksums that somebody left to a device to finish. Two sources: a TAP that says so (<c>NEEDS_CSUM</c>), and a kernel vxlan device
/// behind a veth, which hands frames over as they are and says nothing: the field then holds the folded pseudo-header sum, and the frame may be longer
/// than any MTU, to be cut by a device that never comes.
/// </summary>
internal static class ChecksumOffload
{
    private const byte CongestionWindowReduced = 0x80;
    private const int SctpChecksumOffset = 8;

    /// <summary>Finishes the checksum that a virtio-net header leaves open: the sum from csum_start to the end, pseudo-header sum included, as it lies in the field.</summary>
    /// <param name="frame">The frame; the header was validated against it.</param>
    /// <param name="vnet">The header.</param>
    internal static void Finish(Span<byte> frame, in VnetHeader vnet)
    {
        Span<byte> covered = frame[vnet.CsumStart..];
        if (vnet.CsumOffset == SctpChecksumOffset && TryFinishSctp(frame, covered))
            return;

        ushort checksum = InternetChecksum.Compute(covered);

        // UDP has no checksum 0: it would say that there is none (RFC 768).
        if (checksum == 0 && vnet.CsumOffset == InnerSegment.UdpChecksumOffset)
            checksum = 0xFFFF;

        BinaryPrimitives.WriteUInt16BigEndian(covered[vnet.CsumOffset..], checksum);
    }

    /// <summary>The header that makes a receiver's kernel finish an unfinished checksum; without a segment size.</summary>
    /// <param name="segment">The segment.</param>
    /// <param name="frameOffset">Where its frame begins in the slab.</param>
    internal static VnetHeader Unfinished(in InnerSegment segment, int frameOffset) =>
        new(VnetHeader.NeedsChecksum, VnetHeader.GsoNone, 0, 0, (ushort)(segment.UpperOffset - frameOffset), (ushort)segment.ChecksumOffset);

    /// <summary>Makes an unfinished UDP frame the super-frame that its sender left to a device to cut.</summary>
    /// <param name="slab">The slab.</param>
    /// <param name="frame">The frame, with <see cref="OutgoingFrame.GivenSegmentSize"/> and the header of <see cref="Unfinished"/>; changed on success.</param>
    /// <returns>False if no size was given, or the frame is none of more than one datagram.</returns>
    internal static bool TrySegmentAsGiven(byte[] slab, ref OutgoingFrame frame)
    {
        if (frame.GivenSegmentSize == 0 || frame.Segment.Protocol != IpProtocol.Udp)
            return false;

        int headers = frame.Segment.UpperOffset - frame.Offset + InnerSegment.UdpHeaderLength;
        VnetHeader vnet = frame.Vnet with { GsoType = VnetHeader.GsoUdpL4, GsoSize = frame.GivenSegmentSize, HdrLen = (ushort)headers };
        if (!SuperFrame.TryParse(slab.AsSpan(frame.Offset, frame.Length), in vnet, out SuperFrame super) || super.Segments < 2)
            return false;

        frame.Vnet = vnet;
        frame.Super = super;
        frame.Segment = default;
        return true;
    }

    /// <summary>Adds a segment size to the header of an unfinished TCP frame, so that the receiver's kernel cuts it to the port's MTU.</summary>
    /// <param name="slab">The slab.</param>
    /// <param name="offset">Where the frame begins as it goes to the port, tag included.</param>
    /// <param name="length">Its octets.</param>
    /// <param name="mtu">The port's MTU.</param>
    /// <param name="vnet">The header, with NEEDS_CSUM; changed on success.</param>
    /// <returns>The segments that it is; 0 if the frame is not TCP or the MTU leaves no room for data.</returns>
    internal static int TrySegment(byte[] slab, int offset, int length, int mtu, ref VnetHeader vnet)
    {
        if (!vnet.NeedsCsum || !InnerSegment.TryLocate(slab, offset, length, out InnerSegment segment) || segment.Protocol != IpProtocol.Tcp)
            return 0;

        ReadOnlySpan<byte> tcp = slab.AsSpan(segment.UpperOffset, segment.UpperLength);
        int tcpLength = tcp[12] >> 4 << 2;
        int size = mtu - (segment.UpperOffset - segment.IpOffset) - tcpLength;
        if (tcpLength < InnerSegment.TcpMinHeaderLength || tcpLength > tcp.Length || size <= 0)
            return 0;

        byte type = segment.IsIPv6 ? VnetHeader.GsoTcpV6 : VnetHeader.GsoTcpV4;
        if ((tcp[13] & CongestionWindowReduced) != 0)
            type |= VnetHeader.GsoEcn;

        vnet = vnet with { GsoType = type, GsoSize = (ushort)size, HdrLen = (ushort)(segment.UpperOffset - offset + tcpLength) };
        return Math.Max(1, (tcp.Length - tcpLength + size - 1) / size);
    }

    // RFC 9260 §6.8, appendix A: a CRC32c over the whole packet, its own field taken as 0, least significant octet first. A veth end leaves it to a device
    // and says no more than where the field is.
    private static bool TryFinishSctp(ReadOnlySpan<byte> frame, Span<byte> covered)
    {
        if (EthernetView.Parse(frame, out EthernetView ethernet) != ParseStatus.Ok)
            return false;

        ReadOnlySpan<byte> packet = frame[ethernet.PayloadOffset..];
        int end;
        if (ethernet.EtherType == EtherType.IPv4 && IPv4View.Parse(packet, out IPv4View v4) == ParseStatus.Ok && v4.Protocol == IpProtocol.Sctp)
            end = v4.TotalLength;
        else if (ethernet.EtherType == EtherType.IPv6 && IPv6View.Parse(packet, out IPv6View v6) == ParseStatus.Ok && v6.Protocol == IpProtocol.Sctp)
            end = IPv6View.HeaderLength + v6.PayloadLength;
        else
            return false;

        int length = end - (packet.Length - covered.Length);
        if (length < SctpChecksumOffset + sizeof(uint))
            return false;

        Span<byte> sctp = covered[..length];
        sctp.Slice(SctpChecksumOffset, sizeof(uint)).Clear();
        uint crc = ~0u;
        int at = 0;
        for (; at + sizeof(ulong) <= sctp.Length; at += sizeof(ulong))
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(sctp[at..]));

        for (; at < sctp.Length; at++)
            crc = BitOperations.Crc32C(crc, sctp[at]);

        BinaryPrimitives.WriteUInt32LittleEndian(sctp[SctpChecksumOffset..], ~crc);
        return true;
    }
}
