using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Overlay.Encap;
using Overlay.Encap.Ethernet;
using Overlay.Encap.Ip;

namespace Overlay.Dataplane.Pipeline.Merging;

/// <summary>Where the TCP segment or UDP datagram of an inner frame is, and what its checksum is worth. Offsets are in the slab that the frame lies in.</summary>
internal struct InnerSegment
{
    internal const int TcpMinHeaderLength = 20;
    internal const int UdpHeaderLength = 8;
    internal const int TcpChecksumOffset = 16;
    internal const int UdpChecksumOffset = 6;

    /// <summary>TCP or UDP; 0 if there is neither, or not the whole of it (a fragment).</summary>
    internal byte Protocol;

    /// <summary>IPv6 carries it, not IPv4.</summary>
    internal bool IsIPv6;

    /// <summary>The IP header has neither options nor extension headers, and nothing follows the packet in the frame.</summary>
    internal bool IsPlain;

    /// <summary>What is known of the checksum; set by <see cref="Verify"/>.</summary>
    internal ChecksumState Checksum;

    /// <summary>Offset of the IP header.</summary>
    internal int IpOffset;

    /// <summary>Offset of the TCP or UDP header.</summary>
    internal int UpperOffset;

    /// <summary>Octets of TCP or UDP header and data.</summary>
    internal int UpperLength;

    /// <summary>Offset of the checksum in the TCP or UDP header.</summary>
    internal readonly int ChecksumOffset => Protocol == IpProtocol.Tcp ? TcpChecksumOffset : UdpChecksumOffset;

    /// <summary>Looks for TCP or UDP in a frame.</summary>
    /// <param name="slab">The slab.</param>
    /// <param name="offset">Where the frame begins.</param>
    /// <param name="length">Octets of the frame.</param>
    /// <param name="segment">What was found; the default if there is nothing.</param>
    /// <returns>True if there is a whole TCP or UDP header.</returns>
    internal static bool TryLocate(byte[] slab, int offset, int length, out InnerSegment segment)
    {
        segment = default;
        ReadOnlySpan<byte> frame = slab.AsSpan(offset, length);
        if (EthernetView.Parse(frame, out EthernetView ethernet) != ParseStatus.Ok)
            return false;

        int ip = ethernet.PayloadOffset;
        ReadOnlySpan<byte> packet = frame[ip..];
        segment.IpOffset = offset + ip;
        switch (ethernet.EtherType)
        {
            case EtherType.IPv4:
                if (IPv4View.Parse(packet, out IPv4View v4) != ParseStatus.Ok || v4.IsFragment)
                    return false;

                segment.IsPlain = v4.HeaderLength == IPv4View.MinHeaderLength && v4.TotalLength == packet.Length;
                segment.UpperOffset = segment.IpOffset + v4.HeaderLength;
                segment.UpperLength = v4.TotalLength - v4.HeaderLength;
                return segment.TrySetProtocol(v4.Protocol);
            case EtherType.IPv6:
                if (IPv6View.Parse(packet, out IPv6View v6) != ParseStatus.Ok || v6.IsFragment || !v6.HasUpperLayer)
                    return false;

                segment.IsIPv6 = true;
                segment.IsPlain = v6.UpperOffset == IPv6View.HeaderLength && IPv6View.HeaderLength + v6.PayloadLength == packet.Length;
                segment.UpperOffset = segment.IpOffset + v6.UpperOffset;
                segment.UpperLength = v6.Upper.Length;
                return segment.TrySetProtocol(v6.Protocol);
            default:
                return false;
        }
    }

    /// <summary>
    /// Finds out what the checksum is worth. Never finished means: the field equals the pseudo-header sum <em>and</em> the whole sum is wrong. The octets are summed
    /// here and nowhere else.
    /// </summary>
    internal void Verify(byte[] slab)
    {
        ReadOnlySpan<byte> upper = slab.AsSpan(UpperOffset, UpperLength);
        ushort written = BinaryPrimitives.ReadUInt16BigEndian(upper[ChecksumOffset..]);
        if (Protocol == IpProtocol.Udp && (written == 0 || BinaryPrimitives.ReadUInt16BigEndian(upper[4..]) != UpperLength))
            return;

        ushort pseudo = PseudoHeaderSum(slab);
        Checksum = InternetChecksum.IsValid(upper, pseudo) ? ChecksumState.Good
            : written == pseudo ? ChecksumState.Unfinished
            : ChecksumState.Bad;
    }

    /// <summary>Makes the IP header, and the UDP header, say <see cref="UpperLength"/>. The IP header is a plain one.</summary>
    internal readonly void WriteLengths(byte[] slab)
    {
        Span<byte> ip = slab.AsSpan(IpOffset, UpperOffset - IpOffset);
        if (IsIPv6)
        {
            BinaryPrimitives.WriteUInt16BigEndian(ip[4..], (ushort)UpperLength);
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(IPv4View.MinHeaderLength + UpperLength));
            BinaryPrimitives.WriteUInt16BigEndian(ip[10..], 0);
            BinaryPrimitives.WriteUInt16BigEndian(ip[10..], InternetChecksum.Compute(ip));
        }

        if (Protocol == IpProtocol.Udp)
            BinaryPrimitives.WriteUInt16BigEndian(slab.AsSpan(UpperOffset + 4), (ushort)UpperLength);
    }

    /// <summary>The folded sum of the pseudo header for <see cref="UpperLength"/>.</summary>
    internal readonly ushort PseudoHeaderSum(byte[] slab)
    {
        // 32-bit words summed in 64 bits are the same sum once folded (RFC 1071 §2).
        ReadOnlySpan<uint> words = MemoryMarshal.Cast<byte, uint>(IsIPv6 ? slab.AsSpan(IpOffset + 8, 32) : slab.AsSpan(IpOffset + 12, 8));
        ulong sum = 0;
        foreach (uint word in words)
            sum += word;

        ushort native = InternetChecksum.Fold(sum);
        ushort addresses = BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(native) : native;
        return InternetChecksum.Fold((ulong)addresses + Protocol + (uint)UpperLength);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TrySetProtocol(byte protocol)
    {
        if (UpperLength < (protocol == IpProtocol.Tcp ? TcpMinHeaderLength : UdpHeaderLength) || protocol is not (IpProtocol.Tcp or IpProtocol.Udp))
            return false;

        Protocol = protocol;
        return true;
    }
}
