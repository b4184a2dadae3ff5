using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Overlay.Encap.Ip;

namespace Overlay.Dataplane.Pipeline.Offload;

/// <summary>
/// Cuts a super-frame into the segments that its sender would have sent without offloads. Only headers are made anew; payloads stay where they are. What a segment gets
/// is what Linux gives it (<c>inet_gso_segment</c>, <c>tcp_gso_segment</c>, <c>__udp_gso_segment</c>), octet by octet:
/// <list type="bullet">
/// <item>IPv4: total length, identification counted up from the first one, header checksum. IPv6: payload length;</item>
/// <item>TCP: sequence number; FIN and PSH on the last segment only, CWR on the first only (RFC 3168 §6.1.2); the urgent pointer as it is; checksum;</item>
/// <item>UDP: length and checksum (0 is written as 0xFFFF, RFC 768).</item>
/// </list>
/// Checksums go out from the pseudo-header sum in the field, not from the addresses: one that was wrong stays wrong, and a routing header's destination stays right.
/// Pure and without I/O. Owned by one worker.
/// </summary>
/// <remarks>The payload is summed once, by <see cref="Begin"/>, however many copies of the segments are made.</remarks>
internal sealed class SuperFrameCutter
{
    private const int IPv4LengthOffset = 2;
    private const int IPv4IdentificationOffset = 4;
    private const int IPv4ChecksumOffset = 10;
    private const int IPv6LengthOffset = 4;
    private const int IPv6HeaderLength = 40;
    private const int TcpSequenceOffset = 4;
    private const int TcpFlagsOffset = 12;
    private const int TcpChecksumOffset = 16;
    private const int UdpLengthOffset = 4;
    private const int UdpChecksumOffset = 6;
    private const ushort Fin = 0x01;
    private const ushort Push = 0x08;
    private const ushort CongestionWindowReduced = 0x80;

    private readonly ushort[] _sums = new ushort[ushort.MaxValue + 1];
    private SuperFrame _shape;
    private uint _ipSum;
    private uint _upperSum;
    private uint _sequence;
    private ushort _flags;
    private ushort _identification;

    /// <summary>Begins with a frame: reads its headers and sums its payload, segment by segment.</summary>
    /// <param name="frame">The frame; it is not changed, and must stay until its headers are written.</param>
    /// <param name="shape">Its shape.</param>
    internal void Begin(ReadOnlySpan<byte> frame, in SuperFrame shape)
    {
        _shape = shape;
        ReadOnlySpan<byte> ip = frame[shape.IpOffset..shape.UpperOffset];
        ReadOnlySpan<byte> upper = frame[shape.UpperOffset..shape.HeaderLength];
        if (!shape.IsIPv6)
        {
            _identification = BinaryPrimitives.ReadUInt16BigEndian(ip[IPv4IdentificationOffset..]);
            _ipSum = (uint)InternetChecksum.Sum(ip) + Less(ip, IPv4LengthOffset) + Less(ip, IPv4IdentificationOffset) + Less(ip, IPv4ChecksumOffset);
        }

        // The field holds the pseudo-header sum with the length of the whole; each segment's has its own.
        int length = frame.Length - shape.UpperOffset;
        _upperSum = (uint)InternetChecksum.Sum(upper) + (ushort)~length;
        if (shape.IsTcp)
        {
            _sequence = BinaryPrimitives.ReadUInt32BigEndian(upper[TcpSequenceOffset..]);
            _flags = BinaryPrimitives.ReadUInt16BigEndian(upper[TcpFlagsOffset..]);
            _upperSum += Less(upper, TcpSequenceOffset) + Less(upper, TcpSequenceOffset + 2) + Less(upper, TcpFlagsOffset);
        }
        else
        {
            _upperSum += Less(upper, UdpLengthOffset);
        }

        for (int i = 0; i < shape.Segments; i++)
            _sums[i] = InternetChecksum.Sum(frame.Slice(shape.HeaderLength + (i * shape.SegmentSize), shape.PayloadOf(i)));
    }

    /// <summary>Writes the headers of some segments, Ethernet header included.</summary>
    /// <param name="frame">The frame as it was given to <see cref="Begin"/>.</param>
    /// <param name="first">The first segment.</param>
    /// <param name="count">Segments.</param>
    /// <param name="destination">Where the first segment's headers begin.</param>
    /// <param name="stride">Octets from one segment's headers to the next's.</param>
    internal void WriteHeaders(ReadOnlySpan<byte> frame, int first, int count, Span<byte> destination, int stride)
    {
        int length = _shape.HeaderLength;
        ReadOnlySpan<byte> headers = frame[..length];
        for (int i = 0; i < count; i++)
        {
            Span<byte> to = destination.Slice(i * stride, length);
            headers.CopyTo(to);
            Patch(to, first + i);
        }
    }

    private void Patch(Span<byte> headers, int index)
    {
        ref readonly SuperFrame shape = ref _shape;
        int payload = shape.PayloadOf(index);
        Span<byte> ip = headers[shape.IpOffset..];
        int ipLength = shape.HeaderLength - shape.IpOffset + payload;
        if (shape.IsIPv6)
        {
            BinaryPrimitives.WriteUInt16BigEndian(ip[IPv6LengthOffset..], (ushort)(ipLength - IPv6HeaderLength));
        }
        else
        {
            ushort identification = (ushort)(_identification + index);
            BinaryPrimitives.WriteUInt16BigEndian(ip[IPv4LengthOffset..], (ushort)ipLength);
            BinaryPrimitives.WriteUInt16BigEndian(ip[IPv4IdentificationOffset..], identification);
            BinaryPrimitives.WriteUInt16BigEndian(ip[IPv4ChecksumOffset..], (ushort)~Fold(_ipSum + (uint)ipLength + identification));
        }

        Span<byte> upper = headers[shape.UpperOffset..];
        int upperLength = shape.HeaderLength - shape.UpperOffset + payload;
        if (shape.IsTcp)
            PatchTcp(upper, index, _upperSum + (uint)upperLength + _sums[index]);
        else
            PatchUdp(upper, upperLength, _upperSum + ((uint)upperLength * 2) + _sums[index]);
    }

    private void PatchTcp(Span<byte> tcp, int index, uint sum)
    {
        uint sequence = _sequence + (uint)(index * _shape.SegmentSize);
        ushort flags = _flags;
        if (index != 0)
            flags &= unchecked((ushort)~CongestionWindowReduced);
        if (index != _shape.Segments - 1)
            flags &= unchecked((ushort)~(Fin | Push));

        BinaryPrimitives.WriteUInt32BigEndian(tcp[TcpSequenceOffset..], sequence);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[TcpFlagsOffset..], flags);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[TcpChecksumOffset..], (ushort)~Fold(sum + (sequence >> 16) + (sequence & 0xFFFF) + flags));
    }

    // The length counts twice: in the header and in the pseudo header.
    private static void PatchUdp(Span<byte> udp, int length, uint sum)
    {
        ushort checksum = (ushort)~Fold(sum);
        BinaryPrimitives.WriteUInt16BigEndian(udp[UdpLengthOffset..], (ushort)length);
        BinaryPrimitives.WriteUInt16BigEndian(udp[UdpChecksumOffset..], checksum == 0 ? (ushort)0xFFFF : checksum);
    }

    // In ones' complement arithmetic a word is taken away by adding its complement (RFC 1624).
    private static uint Less(ReadOnlySpan<byte> octets, int offset) => (ushort)~BinaryPrimitives.ReadUInt16BigEndian(octets[offset..]);

    // Two folds are enough for a sum of a few dozen words.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Fold(uint sum)
    {
        sum = (sum >> 16) + (sum & 0xFFFF);
        return (sum >> 16) + (sum & 0xFFFF);
    }
}
