namespace Overlay.Encap.Ip;

/// <summary>
/// A view of a UDP datagram (RFC 768): <c>source port(16) | destination port(16) | length(16) | checksum(16)</c>.
/// Borrows the span; after <see cref="ParseStatus.Ok"/> no accessor throws.
/// </summary>
public readonly ref struct UdpView
{
    /// <summary>Octets of the header.</summary>
    public const int HeaderLength = 8;

    private readonly ReadOnlySpan<byte> _datagram;

    private UdpView(ReadOnlySpan<byte> datagram)
    {
        _datagram = datagram;
    }

    /// <summary>Source port; 0 is legal and means none (RFC 768).</summary>
    public ushort SourcePort => BinaryPrimitives.ReadUInt16BigEndian(_datagram);

    /// <summary>Destination port.</summary>
    public ushort DestinationPort => BinaryPrimitives.ReadUInt16BigEndian(_datagram[2..]);

    /// <summary>Octets of header and payload by the datagram's own account.</summary>
    public int Length => BinaryPrimitives.ReadUInt16BigEndian(_datagram[4..]);

    /// <summary>Checksum; 0 means none was computed.</summary>
    public ushort Checksum => BinaryPrimitives.ReadUInt16BigEndian(_datagram[6..]);

    /// <summary>What follows the header, up to <see cref="Length"/>.</summary>
    public ReadOnlySpan<byte> Payload => _datagram[HeaderLength..Length];

    /// <summary>Parses a datagram.</summary>
    /// <param name="datagram">From the source port on; octets behind the length are ignored.</param>
    /// <param name="view">The view; the default unless the result is <see cref="ParseStatus.Ok"/>.</param>
    /// <returns><see cref="ParseStatus.InnerTruncated"/> under 8 octets, <see cref="ParseStatus.Malformed"/> for a length under 8 or past the span.</returns>
    public static ParseStatus Parse(ReadOnlySpan<byte> datagram, out UdpView view)
    {
        view = default;
        if (datagram.Length < HeaderLength)
        {
            return ParseStatus.InnerTruncated;
        }

        var candidate = new UdpView(datagram);
        if (candidate.Length < HeaderLength || candidate.Length > datagram.Length)
        {
            return ParseStatus.Malformed;
        }

        view = candidate;
        return ParseStatus.Ok;
    }
}
