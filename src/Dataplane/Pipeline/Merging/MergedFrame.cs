using System.Buffers.Binary;
using Overlay.Dataplane.Buffers;
using Overlay.Encap;
using Overlay.Encap.Ip;

namespace Overlay.Dataplane.Pipeline.Merging;

/// <summary>A frame to a port that consecutive segments of a flow were joined to: what its one header must say in the end.</summary>
internal struct MergedFrame
{
    /// <summary>Index of the frame in its port's batch.</summary>
    internal int Frame;

    /// <summary>The first segment.</summary>
    internal InnerSegment Head;

    /// <summary>Octets of data of each segment but the last.</summary>
    internal ushort SegmentLength;

    /// <summary>TCP flags of the last segment that none before it has: PSH, FIN.</summary>
    internal byte LastFlags;

    /// <summary>
    /// Writes the lengths and flags of the whole into the header, leaves the checksum to the receiver's kernel, and tells it how to cut the frame again:
    /// by then every segment was verified.
    /// </summary>
    internal readonly void Finish(byte[] slab, ref TxFrame frame)
    {
        InnerSegment whole = Head;
        whole.UpperLength = frame.TotalLength - (Head.UpperOffset - frame.Offset);
        whole.WriteLengths(slab);
        Span<byte> upper = slab.AsSpan(Head.UpperOffset, Head.UpperLength);
        int headerLength = InnerSegment.UdpHeaderLength;
        byte type = VnetHeader.GsoUdpL4;
        if (Head.Protocol == IpProtocol.Tcp)
        {
            headerLength = upper[12] >> 4 << 2;
            upper[13] |= LastFlags;
            type = Head.IsIPv6 ? VnetHeader.GsoTcpV6 : VnetHeader.GsoTcpV4;
        }

        BinaryPrimitives.WriteUInt16BigEndian(upper[Head.ChecksumOffset..], whole.PseudoHeaderSum(slab));
        int start = Head.UpperOffset - frame.Offset;
        frame.Vnet = new VnetHeader(VnetHeader.NeedsChecksum, type, (ushort)(start + headerLength), SegmentLength, (ushort)start, (ushort)Head.ChecksumOffset);
    }

    /// <summary>Writes the first segment's header again as it came: whoever samples a frame that the port refused is to see that.</summary>
    internal readonly void Undo(byte[] slab)
    {
        Head.WriteLengths(slab);
        Span<byte> upper = slab.AsSpan(Head.UpperOffset, Head.UpperLength);
        if (Head.Protocol == IpProtocol.Tcp)
            upper[13] &= (byte)~LastFlags;

        Span<byte> field = upper[Head.ChecksumOffset..];
        BinaryPrimitives.WriteUInt16BigEndian(field, 0);
        ushort checksum = InternetChecksum.Compute(upper, Head.PseudoHeaderSum(slab));
        BinaryPrimitives.WriteUInt16BigEndian(field, checksum == 0 && Head.Protocol == IpProtocol.Udp ? (ushort)0xFFFF : checksum);
    }
}
