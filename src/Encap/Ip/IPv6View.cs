namespace Overlay.Encap.Ip;

/// <summary>
/// A view of an IPv6 packet (RFC 8200 3):
/// <code>
/// |Version| Traffic Class |           Flow Label                  |
/// |         Payload Length        |  Next Header  |   Hop Limit   |
/// |                 Source Address (128 bits)                     |
/// |               Destination Address (128 bits)                  |
/// </code>
/// Extension headers are walked, at most <see cref="MaxExtensionCount"/> of them. Borrows the span it was parsed from; after
/// <see cref="ParseStatus.Ok"/> no accessor throws.
/// </summary>
public readonly ref struct IPv6View
{
    /// <summary>Octets of the fixed header.</summary>
    public const int HeaderLength = 40;

    /// <summary>Extension headers walked; a longer chain is reported as having no upper layer.</summary>
    public const int MaxExtensionCount = 8;

    private const int SourceOffset = 8;
    private const int DestinationOffset = 24;

    private readonly ReadOnlySpan<byte> _packet;

    private IPv6View(ReadOnlySpan<byte> packet, byte protocol, int upperOffset, ushort fragmentWord, bool isFragment, bool hasUpper)
    {
        _packet = packet;
        Protocol = protocol;
        UpperOffset = upperOffset;
        FragmentOffset = fragmentWord & 0xFFF8;
        MoreFragments = (fragmentWord & 1) != 0;
        IsFragment = isFragment;
        HasUpperLayer = hasUpper;
    }

    /// <summary>DSCP and ECN.</summary>
    public byte TrafficClass => (byte)(BinaryPrimitives.ReadUInt16BigEndian(_packet) >> 4);

    /// <summary>Flow label, 20 bits.</summary>
    public uint FlowLabel => BinaryPrimitives.ReadUInt32BigEndian(_packet) & 0xF_FFFF;

    /// <summary>Octets behind the fixed header by the packet's own account.</summary>
    public int PayloadLength => BinaryPrimitives.ReadUInt16BigEndian(_packet[4..]);

    /// <summary>The next-header field of the fixed header.</summary>
    public byte NextHeader => _packet[6];

    /// <summary>Hop limit.</summary>
    public byte HopLimit => _packet[7];

    /// <summary>Source address.</summary>
    public UnderlayAddress Source => UnderlayAddress.FromIPv6(_packet[SourceOffset..]);

    /// <summary>Destination address.</summary>
    public UnderlayAddress Destination => UnderlayAddress.FromIPv6(_packet[DestinationOffset..]);

    /// <summary>Source and destination, 32 octets.</summary>
    public ReadOnlySpan<byte> Addresses => _packet.Slice(SourceOffset, 32);

    /// <summary>The protocol behind the extension headers; meaningful when <see cref="HasUpperLayer"/>.</summary>
    public byte Protocol { get; }

    /// <summary>Octets from the start of the packet to the upper layer, or to where the walk ended.</summary>
    public int UpperOffset { get; }

    /// <summary>The walk ended at an upper layer: the chain was whole, short enough, and not inside a non-first fragment.</summary>
    public bool HasUpperLayer { get; }

    /// <summary>A fragment header that is not that of an atomic fragment was met (RFC 6946).</summary>
    public bool IsFragment { get; }

    /// <summary>Octets in front of this fragment's data.</summary>
    public int FragmentOffset { get; }

    /// <summary>M of the fragment header.</summary>
    public bool MoreFragments { get; }

    /// <summary>What follows the extension headers, up to the payload length; empty when the walk ended beyond it.</summary>
    public ReadOnlySpan<byte> Upper => _packet[UpperOffset..];

    /// <summary>Parses a packet.</summary>
    /// <param name="packet">From the version on; octets behind the payload length are ignored.</param>
    /// <param name="view">The view; the default unless the result is <see cref="ParseStatus.Ok"/>.</param>
    /// <returns><see cref="ParseStatus.InnerTruncated"/> when the fixed header is cut; <see cref="ParseStatus.Malformed"/> for a version other than 6
    /// or a payload length past the packet. A broken extension chain is Ok without an upper layer.</returns>
    public static ParseStatus Parse(ReadOnlySpan<byte> packet, out IPv6View view)
    {
        view = default;
        if (packet.Length < HeaderLength)
        {
            return ParseStatus.InnerTruncated;
        }

        int length = HeaderLength + BinaryPrimitives.ReadUInt16BigEndian(packet[4..]);
        if (packet[0] >> 4 != 6 || length > packet.Length)
        {
            return ParseStatus.Malformed;
        }

        packet = packet[..length];
        byte next = packet[6];
        if (next is IpProtocol.Tcp or IpProtocol.Udp or IpProtocol.IcmpV6)
        {
            view = new IPv6View(packet, next, HeaderLength, 0, false, true);
            return ParseStatus.Ok;
        }

        view = Walk(packet, next);
        return ParseStatus.Ok;
    }

    private static IPv6View Walk(ReadOnlySpan<byte> packet, byte next)
    {
        int offset = HeaderLength;
        ushort fragmentWord = 0;
        bool isFragment = false;
        for (int count = 0; count <= MaxExtensionCount; count++)
        {
            if (!IsExtension(next))
            {
                return new IPv6View(packet, next, offset, fragmentWord, isFragment, next != IpProtocol.NoNext);
            }

            if (packet.Length - offset < 8)
            {
                break;
            }

            ReadOnlySpan<byte> header = packet[offset..];
            int length = next switch
            {
                IpProtocol.Fragment => 8,
                IpProtocol.Authentication => (header[1] + 2) << 2,
                _ => (header[1] + 1) << 3,
            };
            if (next == IpProtocol.Fragment)
            {
                fragmentWord = BinaryPrimitives.ReadUInt16BigEndian(header[2..]);
                isFragment |= (fragmentWord & 0xFFF9) != 0;
            }

            if (length > header.Length)
            {
                break;
            }

            next = header[0];
            offset += length;
            if ((fragmentWord & 0xFFF8) != 0)
            {
                return new IPv6View(packet, next, offset, fragmentWord, isFragment, false);
            }
        }

        return new IPv6View(packet, next, offset, fragmentWord, isFragment, false);
    }

    private static bool IsExtension(byte next) => next is IpProtocol.HopByHop or IpProtocol.Routing or IpProtocol.Fragment
        or IpProtocol.DestinationOptions or IpProtocol.Authentication or IpProtocol.Mobility;
}
