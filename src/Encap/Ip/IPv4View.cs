namespace Overlay.Encap.Ip;

/// <summary>
/// A view of an IPv4 packet (RFC 791 3.1):
/// <code>
/// |Version|  IHL  |Type of Service|          Total Length         |
/// |         Identification        |Flags|      Fragment Offset    |
/// |  Time to Live |    Protocol   |         Header Checksum       |
/// |                       Source Address                          |
/// |                    Destination Address                        |
/// </code>
/// Borrows the span it was parsed from; after <see cref="ParseStatus.Ok"/> no accessor throws.
/// </summary>
public readonly ref struct IPv4View
{
    /// <summary>Octets of a header without options.</summary>
    public const int MinHeaderLength = 20;

    private const int SourceOffset = 12;
    private const int DestinationOffset = 16;

    private readonly ReadOnlySpan<byte> _packet;

    private IPv4View(ReadOnlySpan<byte> packet)
    {
        _packet = packet;
    }

    /// <summary>Octets of the header, 20..60.</summary>
    public int HeaderLength => (_packet[0] & 0xF) << 2;

    /// <summary>DSCP and ECN.</summary>
    public byte Tos => _packet[1];

    /// <summary>Octets of the packet by its own account.</summary>
    public int TotalLength => BinaryPrimitives.ReadUInt16BigEndian(_packet[2..]);

    /// <summary>Identification.</summary>
    public ushort Identification => BinaryPrimitives.ReadUInt16BigEndian(_packet[4..]);

    /// <summary>DF.</summary>
    public bool DontFragment => (_packet[6] & 0x40) != 0;

    /// <summary>MF.</summary>
    public bool MoreFragments => (_packet[6] & 0x20) != 0;

    /// <summary>Octets in front of this fragment's data in the whole datagram.</summary>
    public int FragmentOffset => (BinaryPrimitives.ReadUInt16BigEndian(_packet[6..]) & 0x1FFF) << 3;

    /// <summary>A part of a larger datagram: first, middle or last.</summary>
    public bool IsFragment => (BinaryPrimitives.ReadUInt16BigEndian(_packet[6..]) & 0x3FFF) != 0;

    /// <summary>Time to live.</summary>
    public byte Ttl => _packet[8];

    /// <summary>Protocol.</summary>
    public byte Protocol => _packet[9];

    /// <summary>Header checksum as written.</summary>
    public ushort HeaderChecksum => BinaryPrimitives.ReadUInt16BigEndian(_packet[10..]);

    /// <summary>The header checksum is right.</summary>
    public bool IsChecksumValid => InternetChecksum.IsValid(_packet[..HeaderLength]);

    /// <summary>Source address.</summary>
    public UnderlayAddress Source => UnderlayAddress.FromIPv4(_packet[SourceOffset..]);

    /// <summary>Destination address.</summary>
    public UnderlayAddress Destination => UnderlayAddress.FromIPv4(_packet[DestinationOffset..]);

    /// <summary>Source and destination, eight octets.</summary>
    public ReadOnlySpan<byte> Addresses => _packet.Slice(SourceOffset, 8);

    /// <summary>What follows the header, up to the total length.</summary>
    public ReadOnlySpan<byte> Payload => _packet[HeaderLength..TotalLength];

    /// <summary>Parses a packet.</summary>
    /// <param name="packet">From the version on; octets behind the total length (Ethernet padding) are ignored.</param>
    /// <param name="view">The view; the default unless the result is <see cref="ParseStatus.Ok"/>.</param>
    /// <returns>
    /// <see cref="ParseStatus.InnerTruncated"/> when the fixed header is cut; <see cref="ParseStatus.Malformed"/> for a version other than 4, a header
    /// length under 20 or past the packet, or a total length under the header's or past the packet.
    /// </returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ParseStatus Parse(ReadOnlySpan<byte> packet, out IPv4View view)
    {
        view = default;
        if (packet.Length < MinHeaderLength)
        {
            return ParseStatus.InnerTruncated;
        }

        var candidate = new IPv4View(packet);
        int headerLength = candidate.HeaderLength;
        int totalLength = candidate.TotalLength;
        if (packet[0] >> 4 != 4 || headerLength < MinHeaderLength || totalLength < headerLength || totalLength > packet.Length)
        {
            return ParseStatus.Malformed;
        }

        view = candidate;
        return ParseStatus.Ok;
    }
}
