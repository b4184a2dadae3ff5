namespace Overlay.Encap.Ip;

/// <summary>
/// A view of an IPv6 neighbour solicitation or advertisement (RFC 4861 4.3, 4.4):
/// <c>type(8) | code(8) | checksum(16) | R S O reserved(32) | target(128) | options</c>, each option <c>type(8) | length in 8 octets(8) | ...</c>.
/// Borrows the span; after <see cref="ParseStatus.Ok"/> no accessor throws.
/// </summary>
public readonly ref struct NeighborView
{
    /// <summary>Octets in front of the options.</summary>
    public const int HeaderLength = 24;

    private const byte SourceLinkLayer = 1;
    private const byte TargetLinkLayer = 2;

    private readonly ReadOnlySpan<byte> _message;

    private NeighborView(ReadOnlySpan<byte> message)
    {
        _message = message;
    }

    /// <summary>A solicitation, else an advertisement.</summary>
    public bool IsSolicitation => _message[0] == IcmpType.NeighborSolicitation;

    /// <summary>R: the sender is a router (advertisement).</summary>
    public bool Router => (_message[4] & 0x80) != 0;

    /// <summary>S: sent in answer to a solicitation (advertisement).</summary>
    public bool Solicited => (_message[4] & 0x40) != 0;

    /// <summary>O: overrides a cache entry (advertisement).</summary>
    public bool Override => (_message[4] & 0x20) != 0;

    /// <summary>The target address.</summary>
    public UnderlayAddress Target => UnderlayAddress.FromIPv6(_message[8..]);

    /// <summary>Parses a message. The hop limit of 255 and the checksum are the caller's to check (RFC 4861 7.1).</summary>
    /// <param name="message">From the ICMPv6 type on.</param>
    /// <param name="view">The view; the default unless the result is <see cref="ParseStatus.Ok"/>.</param>
    /// <returns><see cref="ParseStatus.InnerTruncated"/> under 24 octets; <see cref="ParseStatus.Malformed"/> for another type, a code other than 0, or an
    /// option of length 0 or past the end (RFC 4861 4.6: such a packet MUST be discarded).</returns>
    public static ParseStatus Parse(ReadOnlySpan<byte> message, out NeighborView view)
    {
        view = default;
        if (message.Length < HeaderLength)
        {
            return ParseStatus.InnerTruncated;
        }

        if (message[0] is not (IcmpType.NeighborSolicitation or IcmpType.NeighborAdvertisement) || message[1] != 0)
        {
            return ParseStatus.Malformed;
        }

        ReadOnlySpan<byte> options = message[HeaderLength..];
        while (options.Length >= 2)
        {
            int length = options[1] << 3;
            if (length == 0 || length > options.Length)
            {
                return ParseStatus.Malformed;
            }

            options = options[length..];
        }

        if (options.Length != 0)
        {
            return ParseStatus.Malformed;
        }

        view = new NeighborView(message);
        return ParseStatus.Ok;
    }

    /// <summary>The link-layer address option: source for a solicitation, target for an advertisement.</summary>
    /// <param name="address">The address, or zero.</param>
    /// <returns>False when there is none.</returns>
    public bool TryGetLinkLayerAddress(out MacAddress address)
    {
        byte wanted = IsSolicitation ? SourceLinkLayer : TargetLinkLayer;
        ReadOnlySpan<byte> options = _message[HeaderLength..];
        while (options.Length >= 8)
        {
            if (options[0] == wanted && options[1] == 1)
            {
                address = MacAddress.Read(options[2..]);
                return true;
            }

            options = options[(options[1] << 3)..];
        }

        address = default;
        return false;
    }
}
