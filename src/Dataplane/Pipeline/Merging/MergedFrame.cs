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
        Span<byte> packet = slab.AsSpan(Head.IpOffset, frame.Length - (Head.IpOffset - frame.Offset));
        int length = frame.TotalLength - (Head.IpOffset - frame.Offset);
        whole.UpperLength = length - (Head.UpperOffset - Head.IpOffset);
        if (Head.IsIPv6)
        {
            BinaryPrimitives.WriteUInt16BigEndian(packet[4..], (ushort)whole.UpperLength);
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(packet[2..], (ushort)length);
            BinaryPrimitives.WriteUInt16BigEndian(packet[10..], 0);
            BinaryPrimitives.WriteUInt16BigEndian(packet[10..], InternetChecksum.Compute(packet[..IPv4View.MinHeaderLength]));
        }

        Span<byte> upper = packet[(Head.UpperOffset - Head.IpOffset)..];
        int headers = Head.UpperOffset - frame.Offset;
        byte type;
        if (Head.Protocol == IpProtocol.Tcp)
        {
            headers += upper[12] >> 4 << 2;
            upper[13] |= LastFlags;
            type = Head.IsIPv6 ? VnetHeader.GsoTcpV6 : VnetHeader.GsoTcpV4;
        }
        else
        {
            headers += InnerSegment.UdpHeaderLength;
            BinaryPrimitives.WriteUInt16BigEndian(upper[4..], (ushort)whole.UpperLength);
            type = VnetHeader.GsoUdpL4;
        }

        BinaryPrimitives.WriteUInt16BigEndian(upper[Head.ChecksumOffset..], whole.PseudoHeaderSum(slab));
        frame.Vnet = new VnetHeader(
            VnetHeader.NeedsChecksum, type, (ushort)headers, SegmentLength, (ushort)(Head.UpperOffset - frame.Offset), (ushort)Head.ChecksumOffset);
    }
}
