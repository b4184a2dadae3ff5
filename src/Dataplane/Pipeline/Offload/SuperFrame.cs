using System.Buffers.Binary;
using Overlay.Encap;
using Overlay.Encap.Ethernet;
using Overlay.Encap.Ip;

namespace Overlay.Dataplane.Pipeline.Offload;

/// <summary>
/// The shape of a super-frame: one set of headers in front of the payload of many segments, each of which would be a frame of its own on a wire.
/// All offsets are from the destination MAC on.
/// </summary>
internal struct SuperFrame
{
    private const int TcpChecksumOffset = 16;
    private const int TcpMinHeaderLength = 20;
    private const int TcpMinSegmentSize = 8;
    private const int UdpChecksumOffset = 6;
    private const int UdpHeaderLength = 8;
    private const int UdpLengthOffset = 4;
    private const int UdpMaxSegments = 128;

    /// <summary>IPv6, else IPv4.</summary>
    internal bool IsIPv6;

    /// <summary>TCP, else UDP.</summary>
    internal bool IsTcp;

    /// <summary>Where the IP header begins.</summary>
    internal int IpOffset;

    /// <summary>Where the TCP or UDP header begins.</summary>
    internal int UpperOffset;

    /// <summary>Octets of all headers: where the payload begins.</summary>
    internal int HeaderLength;

    /// <summary>Octets of payload of all segments.</summary>
    internal int PayloadLength;

    /// <summary>Octets of payload of each segment but the last.</summary>
    internal int SegmentSize;

    /// <summary>Segments, 2 or more.</summary>
    internal int Segments;

    /// <summary>Octets of a whole segment but the last, Ethernet header included.</summary>
    internal readonly int SegmentLength => HeaderLength + SegmentSize;

    /// <summary>Octets of all segments on a wire, Ethernet headers included.</summary>
    internal readonly int WireLength => (HeaderLength * Segments) + PayloadLength;

    /// <summary>
    /// Judges a virtio-net header with a segment size against the frame behind it. It must say of the frame what the frame says of itself: family, protocol, where the
    /// upper header is, how long everything is; and the checksum must be open, as it is the segments' own.
    /// </summary>
    /// <param name="frame">The frame. Any octets.</param>
    /// <param name="vnet">Its header; <see cref="VnetHeader.Validate"/> found nothing wrong with it.</param>
    /// <param name="shape">The shape. Segments is 1 for a frame that is no longer than one segment: a plain one with an open checksum.</param>
    /// <returns>False if they contradict each other (<c>tap_bad_vnet_header</c>).</returns>
    internal static bool TryParse(ReadOnlySpan<byte> frame, in VnetHeader vnet, out SuperFrame shape)
    {
        shape = default;
        if (!vnet.NeedsCsum || vnet.GsoSize == 0 || EthernetView.Parse(frame, out EthernetView ethernet) != ParseStatus.Ok)
            return false;

        shape.IpOffset = ethernet.PayloadOffset;
        shape.IsIPv6 = ethernet.EtherType == EtherType.IPv6;
        if (!shape.IsIPv6 && ethernet.EtherType != EtherType.IPv4)
            return false;

        switch (vnet.GsoKind)
        {
            case VnetHeader.GsoTcpV4 when !shape.IsIPv6:
            case VnetHeader.GsoTcpV6 when shape.IsIPv6:
                shape.IsTcp = true;
                break;
            case VnetHeader.GsoUdpL4 when vnet.GsoType == VnetHeader.GsoUdpL4:
                break;
            default:
                return false;
        }

        return TryFindUpper(frame, ref shape) && vnet.CsumStart == shape.UpperOffset && TryMeasure(frame, in vnet, ref shape);
    }

    /// <summary>The shape after octets were put before the frame's type field (a tag), or taken away (negative).</summary>
    internal void Shift(int by)
    {
        IpOffset += by;
        UpperOffset += by;
        HeaderLength += by;
    }

    /// <summary>Octets of segment <paramref name="index"/>'s payload.</summary>
    internal readonly int PayloadOf(int index) => Math.Min(SegmentSize, PayloadLength - (index * SegmentSize));

    private static bool TryFindUpper(ReadOnlySpan<byte> frame, ref SuperFrame shape)
    {
        ReadOnlySpan<byte> packet = frame[shape.IpOffset..];
        byte protocol;
        if (shape.IsIPv6)
        {
            // A payload length of 0 is a jumbogram's (RFC 2675), which nobody offloads to us.
            if (IPv6View.Parse(packet, out IPv6View v6) != ParseStatus.Ok || v6.IsFragment || !v6.HasUpperLayer || IPv6View.HeaderLength + v6.PayloadLength != packet.Length)
                return false;

            protocol = v6.Protocol;
            shape.UpperOffset = shape.IpOffset + v6.UpperOffset;
        }
        else
        {
            if (IPv4View.Parse(packet, out IPv4View v4) != ParseStatus.Ok || v4.IsFragment || v4.TotalLength != packet.Length)
                return false;

            protocol = v4.Protocol;
            shape.UpperOffset = shape.IpOffset + v4.HeaderLength;
        }

        return protocol == (shape.IsTcp ? IpProtocol.Tcp : IpProtocol.Udp);
    }

    private static bool TryMeasure(ReadOnlySpan<byte> frame, in VnetHeader vnet, ref SuperFrame shape)
    {
        ReadOnlySpan<byte> upper = frame[shape.UpperOffset..];
        int upperLength;
        if (shape.IsTcp)
        {
            if (upper.Length < TcpMinHeaderLength || vnet.CsumOffset != TcpChecksumOffset)
                return false;

            upperLength = (upper[12] >> 4) * 4;
            if (upperLength < TcpMinHeaderLength)
                return false;
        }
        else
        {
            if (upper.Length < UdpHeaderLength || vnet.CsumOffset != UdpChecksumOffset || BinaryPrimitives.ReadUInt16BigEndian(upper[UdpLengthOffset..]) != upper.Length)
                return false;

            upperLength = UdpHeaderLength;
        }

        shape.HeaderLength = shape.UpperOffset + upperLength;
        shape.PayloadLength = frame.Length - shape.HeaderLength;
        shape.SegmentSize = vnet.GsoSize;

        // The length of the headers is a hint (Linux tells what is in one piece, and leaves out the tag that it puts in itself), but headers that end inside a
        // header are a contradiction.
        int tags = shape.IpOffset - EthernetView.HeaderLength;
        if (shape.PayloadLength <= 0 || (vnet.HdrLen != 0 && vnet.HdrLen < shape.HeaderLength - tags))
            return false;

        // What Linux makes itself: a frame must not become tens of thousands of datagrams.
        shape.Segments = (int)(((uint)shape.PayloadLength + vnet.GsoSize - 1) / vnet.GsoSize);
        return shape.Segments == 1 || (shape.IsTcp ? vnet.GsoSize >= TcpMinSegmentSize : shape.Segments <= UdpMaxSegments);
    }
}
