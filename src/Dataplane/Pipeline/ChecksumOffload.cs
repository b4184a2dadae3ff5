using System.Buffers.Binary;
using System.Runtime.CompilerServices;
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
    private const int TcpChecksumOffset = 16;
    private const int UdpChecksumOffset = 6;
    private const int TcpMinHeaderLength = 20;
    private const int UdpHeaderLength = 8;
    private const byte CongestionWindowReduced = 0x80;

    /// <summary>Finishes the checksum that a virtio-net header leaves open: the sum from csum_start to the end, pseudo-header sum included, as it lies in the field.</summary>
    /// <param name="frame">The frame; the header was validated against it.</param>
    /// <param name="vnet">The header.</param>
    internal static void Finish(Span<byte> frame, in VnetHeader vnet)
    {
        Span<byte> covered = frame[vnet.CsumStart..];
        ushort checksum = InternetChecksum.Compute(covered);

        // UDP has no checksum 0: it would say that there is none (RFC 768).
        if (checksum == 0 && vnet.CsumOffset == UdpChecksumOffset)
            checksum = 0xFFFF;

        BinaryPrimitives.WriteUInt16BigEndian(covered[vnet.CsumOffset..], checksum);
    }

    /// <summary>
    /// Tells whether the checksum of a frame was never finished: the field equals the pseudo-header sum <em>and</em> the whole sum is wrong. A checksum that is
    /// merely wrong is not touched: what was corrupted stays corrupted, for its receiver to see.
    /// </summary>
    /// <param name="frame">The inner frame.</param>
    /// <param name="vnet">The header that makes the receiver's kernel finish it; without a segment size.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsUnfinished(ReadOnlySpan<byte> frame, out VnetHeader vnet)
    {
        vnet = default;
        return TryLocate(frame, out Segment segment) && IsUnfinished(frame, in segment, out vnet);
    }

    /// <summary>Adds a segment size to the header of an unfinished TCP frame, so that the receiver's kernel cuts it to the port's MTU.</summary>
    /// <param name="frame">The frame as it goes to the port, tag included.</param>
    /// <param name="mtu">The port's MTU.</param>
    /// <param name="vnet">The header, with NEEDS_CSUM; changed on success.</param>
    /// <returns>False if the frame is not TCP or the MTU leaves no room for data.</returns>
    internal static bool TrySegment(ReadOnlySpan<byte> frame, int mtu, ref VnetHeader vnet)
    {
        if (!vnet.NeedsCsum || !TryLocate(frame, out Segment segment) || segment.Protocol != IpProtocol.Tcp)
            return false;

        ReadOnlySpan<byte> tcp = frame[segment.UpperOffset..];
        if (tcp.Length < TcpMinHeaderLength)
            return false;

        int tcpLength = (tcp[12] >> 4) * 4;
        int headers = segment.UpperOffset + tcpLength;
        int size = mtu - (headers - segment.IpOffset);
        if (tcpLength < TcpMinHeaderLength || headers > frame.Length || size <= 0)
            return false;

        byte type = segment.IsIPv6 ? VnetHeader.GsoTcpV6 : VnetHeader.GsoTcpV4;
        if ((tcp[13] & CongestionWindowReduced) != 0)
            type |= VnetHeader.GsoEcn;

        vnet = vnet with { GsoType = type, GsoSize = (ushort)size, HdrLen = (ushort)headers };
        return true;
    }

    private static bool IsUnfinished(ReadOnlySpan<byte> frame, in Segment segment, out VnetHeader vnet)
    {
        vnet = default;
        ReadOnlySpan<byte> upper = frame.Slice(segment.UpperOffset, segment.UpperLength);
        int field = segment.Protocol == IpProtocol.Tcp ? TcpChecksumOffset : UdpChecksumOffset;
        ushort written = BinaryPrimitives.ReadUInt16BigEndian(upper[field..]);

        uint pseudo = PseudoHeaderSum(frame.Slice(segment.AddressesOffset, segment.AddressesLength), segment.Protocol, segment.UpperLength);
        if (written != InternetChecksum.Fold(pseudo) || InternetChecksum.IsValid(upper, pseudo))
            return false;

        vnet = new VnetHeader(VnetHeader.NeedsChecksum, VnetHeader.GsoNone, 0, 0, (ushort)segment.UpperOffset, (ushort)field);
        return true;
    }

    // Every TCP and UDP frame from the underlay pays for this: 32-bit words summed in 64 bits are the same sum once folded (RFC 1071 §2).
    private static uint PseudoHeaderSum(ReadOnlySpan<byte> addresses, byte protocol, int length)
    {
        ulong sum = protocol + (ulong)length;
        for (; addresses.Length >= 4; addresses = addresses[4..])
            sum += BinaryPrimitives.ReadUInt32BigEndian(addresses);

        return InternetChecksum.Fold(sum);
    }

    private static bool TryLocate(ReadOnlySpan<byte> frame, out Segment segment)
    {
        segment = default;
        if (EthernetView.Parse(frame, out EthernetView ethernet) != ParseStatus.Ok)
            return false;

        int ip = ethernet.PayloadOffset;
        ReadOnlySpan<byte> packet = frame[ip..];
        switch (ethernet.EtherType)
        {
            case EtherType.IPv4:
                if (IPv4View.Parse(packet, out IPv4View v4) != ParseStatus.Ok || v4.IsFragment)
                    return false;

                segment = new Segment
                {
                    Protocol = v4.Protocol,
                    IpOffset = ip,
                    AddressesOffset = ip + 12,
                    AddressesLength = 8,
                    UpperOffset = ip + v4.HeaderLength,
                    UpperLength = v4.TotalLength - v4.HeaderLength,
                };
                break;
            case EtherType.IPv6:
                if (IPv6View.Parse(packet, out IPv6View v6) != ParseStatus.Ok || v6.IsFragment || !v6.HasUpperLayer)
                    return false;

                segment = new Segment
                {
                    Protocol = v6.Protocol,
                    IpOffset = ip,
                    IsIPv6 = true,
                    AddressesOffset = ip + 8,
                    AddressesLength = 32,
                    UpperOffset = ip + v6.UpperOffset,
                    UpperLength = v6.Upper.Length,
                };
                break;
            default:
                return false;
        }

        return segment.Protocol switch
        {
            IpProtocol.Tcp => segment.UpperLength >= TcpMinHeaderLength,
            IpProtocol.Udp => segment.UpperLength >= UdpHeaderLength,
            _ => false,
        };
    }

    private struct Segment
    {
        internal byte Protocol;
        internal bool IsIPv6;
        internal int IpOffset;
        internal int AddressesOffset;
        internal int AddressesLength;
        internal int UpperOffset;
        internal int UpperLength;
    }
}
