namespace Overlay.Encap.Ethernet;

/// <summary>
/// A view of an ARP packet for IPv4 over Ethernet (RFC 826):
/// <code>
/// hardware type(16)=1 | protocol type(16)=0x0800 | hardware length(8)=6 | protocol length(8)=4 | operation(16)
/// sender MAC(48) | sender IP(32) | target MAC(48) | target IP(32)
/// </code>
/// Borrows the span; after <see cref="ParseStatus.Ok"/> no accessor throws.
/// </summary>
public readonly ref struct ArpView
{
    /// <summary>Octets of the packet.</summary>
    public const int Length = 28;

    private readonly ReadOnlySpan<byte> _packet;

    private ArpView(ReadOnlySpan<byte> packet)
    {
        _packet = packet;
    }

    /// <summary>1 request, 2 reply; others are legal and of no interest.</summary>
    public ushort Operation => BinaryPrimitives.ReadUInt16BigEndian(_packet[6..]);

    /// <summary>Operation 1.</summary>
    public bool IsRequest => Operation == ArpHeader.Request;

    /// <summary>Sender hardware address.</summary>
    public MacAddress SenderMac => MacAddress.Read(_packet[8..]);

    /// <summary>Sender protocol address; 0.0.0.0 in a probe (RFC 5227).</summary>
    public UnderlayAddress SenderAddress => UnderlayAddress.FromIPv4(_packet[14..]);

    /// <summary>Target hardware address.</summary>
    public MacAddress TargetMac => MacAddress.Read(_packet[18..]);

    /// <summary>Target protocol address.</summary>
    public UnderlayAddress TargetAddress => UnderlayAddress.FromIPv4(_packet[24..]);

    /// <summary>Sender and target address are equal: an announcement (RFC 5227).</summary>
    public bool IsGratuitous => SenderAddress == TargetAddress;

    /// <summary>Parses a packet.</summary>
    /// <param name="packet">From the hardware type on; padding behind is ignored.</param>
    /// <param name="view">The view; the default unless the result is <see cref="ParseStatus.Ok"/>.</param>
    /// <returns><see cref="ParseStatus.InnerTruncated"/> under 28 octets, <see cref="ParseStatus.Malformed"/> for other types or lengths.</returns>
    public static ParseStatus Parse(ReadOnlySpan<byte> packet, out ArpView view)
    {
        view = default;
        if (packet.Length < Length)
        {
            return ParseStatus.InnerTruncated;
        }

        if (BinaryPrimitives.ReadUInt32BigEndian(packet) != ArpHeader.EthernetIPv4 || BinaryPrimitives.ReadUInt16BigEndian(packet[4..]) != ArpHeader.Lengths)
        {
            return ParseStatus.Malformed;
        }

        view = new ArpView(packet);
        return ParseStatus.Ok;
    }
}
