namespace Overlay.Encap.Ip;

/// <summary>
/// A view of a TCP segment (RFC 9293 3.1):
/// <code>
/// |          Source Port          |       Destination Port        |
/// |                        Sequence Number                        |
/// |                    Acknowledgment Number                      |
/// | DOffset|  Rsrvd |C|E|U|A|P|R|S|F|            Window           |
/// |           Checksum            |         Urgent Pointer        |
/// </code>
/// Borrows the span; after <see cref="ParseStatus.Ok"/> no accessor throws.
/// </summary>
public readonly ref struct TcpView
{
    /// <summary>Octets of a header without options.</summary>
    public const int MinHeaderLength = 20;

    private readonly ReadOnlySpan<byte> _segment;

    private TcpView(ReadOnlySpan<byte> segment)
    {
        _segment = segment;
    }

    /// <summary>Source port.</summary>
    public ushort SourcePort => BinaryPrimitives.ReadUInt16BigEndian(_segment);

    /// <summary>Destination port.</summary>
    public ushort DestinationPort => BinaryPrimitives.ReadUInt16BigEndian(_segment[2..]);

    /// <summary>Sequence number.</summary>
    public uint SequenceNumber => BinaryPrimitives.ReadUInt32BigEndian(_segment[4..]);

    /// <summary>Acknowledgment number.</summary>
    public uint AcknowledgmentNumber => BinaryPrimitives.ReadUInt32BigEndian(_segment[8..]);

    /// <summary>Octets of the header, 20..60.</summary>
    public int HeaderLength => _segment[12] >> 4 << 2;

    /// <summary>The eight flags: CWR 0x80, ECE 0x40, URG 0x20, ACK 0x10, PSH 0x08, RST 0x04, SYN 0x02, FIN 0x01.</summary>
    public byte Flags => _segment[13];

    /// <summary>Window as written.</summary>
    public ushort Window => BinaryPrimitives.ReadUInt16BigEndian(_segment[14..]);

    /// <summary>Checksum as written.</summary>
    public ushort Checksum => BinaryPrimitives.ReadUInt16BigEndian(_segment[16..]);

    /// <summary>What follows the header.</summary>
    public ReadOnlySpan<byte> Payload => _segment[HeaderLength..];

    /// <summary>Parses a segment.</summary>
    /// <param name="segment">From the source port to the end of the IP payload.</param>
    /// <param name="view">The view; the default unless the result is <see cref="ParseStatus.Ok"/>.</param>
    /// <returns><see cref="ParseStatus.InnerTruncated"/> under 20 octets, <see cref="ParseStatus.Malformed"/> for a data offset under 5 or past the segment.</returns>
    public static ParseStatus Parse(ReadOnlySpan<byte> segment, out TcpView view)
    {
        view = default;
        if (segment.Length < MinHeaderLength)
        {
            return ParseStatus.InnerTruncated;
        }

        var candidate = new TcpView(segment);
        if (candidate.HeaderLength < MinHeaderLength || candidate.HeaderLength > segment.Length)
        {
            return ParseStatus.Malformed;
        }

        view = candidate;
        return ParseStatus.Ok;
    }
}
