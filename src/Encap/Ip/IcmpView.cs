namespace Overlay.Encap.Ip;

/// <summary>
/// A view of an ICMP (RFC 792) or ICMPv6 (RFC 4443) message: <c>type(8) | code(8) | checksum(16) | rest of header(32) | body</c>.
/// Borrows the span; after <see cref="ParseStatus.Ok"/> no accessor throws.
/// </summary>
public readonly ref struct IcmpView
{
    /// <summary>Octets of the header.</summary>
    public const int HeaderLength = 8;

    private readonly ReadOnlySpan<byte> _message;

    private IcmpView(ReadOnlySpan<byte> message)
    {
        _message = message;
    }

    /// <summary>Type; see <see cref="IcmpType"/>.</summary>
    public byte Type => _message[0];

    /// <summary>Code.</summary>
    public byte Code => _message[1];

    /// <summary>Checksum as written.</summary>
    public ushort Checksum => BinaryPrimitives.ReadUInt16BigEndian(_message[2..]);

    /// <summary>Identifier of an echo message.</summary>
    public ushort EchoIdentifier => BinaryPrimitives.ReadUInt16BigEndian(_message[4..]);

    /// <summary>Sequence number of an echo message.</summary>
    public ushort EchoSequence => BinaryPrimitives.ReadUInt16BigEndian(_message[6..]);

    /// <summary>MTU of an ICMP fragmentation-needed message (RFC 1191); 0 from very old routers.</summary>
    public ushort NextHopMtu => BinaryPrimitives.ReadUInt16BigEndian(_message[6..]);

    /// <summary>MTU of an ICMPv6 packet-too-big message (RFC 4443 3.2).</summary>
    public uint V6Mtu => BinaryPrimitives.ReadUInt32BigEndian(_message[4..]);

    /// <summary>What follows the header: the quoted packet of an error, the data of an echo.</summary>
    public ReadOnlySpan<byte> Body => _message[HeaderLength..];

    /// <summary>Parses a message.</summary>
    /// <param name="message">From the type on.</param>
    /// <param name="view">The view; the default unless the result is <see cref="ParseStatus.Ok"/>.</param>
    /// <returns><see cref="ParseStatus.InnerTruncated"/> under 8 octets.</returns>
    public static ParseStatus Parse(ReadOnlySpan<byte> message, out IcmpView view)
    {
        bool whole = message.Length >= HeaderLength;
        view = whole ? new IcmpView(message) : default;
        return whole ? ParseStatus.Ok : ParseStatus.InnerTruncated;
    }
}
