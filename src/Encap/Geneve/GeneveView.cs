namespace Overlay.Encap.Geneve;

/// <summary>
/// A view of the UDP payload of a Geneve datagram (RFC 8926 3.4); see <see cref="GeneveHeader"/> for the drawing. It judges version and
/// lengths; the critical rule and the O bit need an end point's knowledge and live in <see cref="TunnelJudge"/>. It borrows the span
/// it was parsed from, and after <see cref="ParseStatus.Ok"/> no accessor throws.
/// </summary>
public readonly ref struct GeneveView
{
    private readonly ReadOnlySpan<byte> _payload;
    private readonly ulong _word;

    private GeneveView(ReadOnlySpan<byte> payload, ulong word)
    {
        _payload = payload;
        _word = word;
    }

    /// <summary>Version, 0..3.</summary>
    public byte Version => (byte)(_word >> 62);

    /// <summary>Octets of the option area, 0..252.</summary>
    public int OptionsLength => (int)((_word >> 56) & 0x3F) << 2;

    /// <summary>O: a control packet.</summary>
    public bool Oam => (_word & ((ulong)GeneveHeader.OamFlag << 48)) != 0;

    /// <summary>C: critical options present.</summary>
    public bool Critical => (_word & ((ulong)GeneveHeader.CriticalFlag << 48)) != 0;

    /// <summary>The second octet: O, C and six reserved bits.</summary>
    public byte FlagsOctet => (byte)(_word >> 48);

    /// <summary>EtherType of the payload; 0x6558 is Ethernet.</summary>
    public ushort ProtocolType => (ushort)(_word >> 32);

    /// <summary>The segment.</summary>
    public Vni Vni => Vni.FromHeaderWord((uint)_word);

    /// <summary>A reserved bit of the header or its reserved octet is set.</summary>
    public bool HasReservedBits => (_word & ((0x3Ful << 48) | 0xFF)) != 0;

    /// <summary>Octets in front of the payload.</summary>
    public int InnerOffset => GeneveHeader.FixedLength + OptionsLength;

    /// <summary>The option area.</summary>
    public ReadOnlySpan<byte> OptionArea => _payload.Slice(GeneveHeader.FixedLength, OptionsLength);

    /// <summary>The option area as a sequence.</summary>
    public GeneveOptionSet Options => new(OptionArea);

    /// <summary>The payload, of any length.</summary>
    public ReadOnlySpan<byte> Inner => _payload[InnerOffset..];

    /// <summary>Parses a header.</summary>
    /// <param name="udpPayload">The whole UDP payload.</param>
    /// <param name="view">
    /// The view. When at least the fixed part was there it is filled whatever the status, so that a dissector can show the fixed fields;
    /// the option area and the payload may be used after <see cref="ParseStatus.Ok"/> only.
    /// </param>
    /// <returns><see cref="ParseStatus.OuterTruncated"/>, <see cref="ParseStatus.GeneveVersion"/> or <see cref="ParseStatus.Ok"/>.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ParseStatus Parse(ReadOnlySpan<byte> udpPayload, out GeneveView view)
    {
        if (!BinaryPrimitives.TryReadUInt64BigEndian(udpPayload, out ulong word))
        {
            view = default;
            return ParseStatus.OuterTruncated;
        }

        view = new GeneveView(udpPayload, word);
        return view.Version != 0 ? ParseStatus.GeneveVersion
            : udpPayload.Length < view.InnerOffset ? ParseStatus.OuterTruncated
            : ParseStatus.Ok;
    }
}
