namespace Overlay.Encap.Vxlan;

/// <summary>
/// A view of the UDP payload of a VXLAN datagram (RFC 7348 5) with the bits of GBP and GPE; see <see cref="VxlanHeader"/> for the drawing.
/// It judges the tunnel header alone: the length of the inner frame is the caller's. It borrows the span it was parsed from, and
/// after <see cref="ParseStatus.Ok"/> no accessor throws.
/// </summary>
public readonly ref struct VxlanView
{
    /// <summary>Octets in front of the inner frame.</summary>
    public const int InnerOffset = VxlanHeader.Length;

    private const ulong VniFlag = (ulong)VxlanFlags.Vni << 48;
    private const ulong GroupPolicyFlag = (ulong)VxlanFlags.GroupPolicy << 48;
    private const ulong NextProtocolFlag = (ulong)VxlanFlags.GpeNextProtocol << 48;
    private const ulong VniMask = 0xFFFF_FF00;
    private const ulong GbpMask = GroupPolicyFlag | ((ulong)(VxlanFlags.DontLearn | VxlanFlags.PolicyApplied) << 48) | (0xFFFFul << 32);
    private const ulong GpeMask = NextProtocolFlag | ((ulong)VxlanFlags.GpeOam << 48) | (0xFFul << 32);

    private readonly ReadOnlySpan<byte> _payload;
    private readonly ulong _word;

    private VxlanView(ReadOnlySpan<byte> payload, ulong word, ulong reserved)
    {
        _payload = payload;
        _word = word;
        HasReservedBits = reserved != 0;
    }

    /// <summary>The first two octets.</summary>
    public VxlanFlags Flags => (VxlanFlags)(ushort)(_word >> 48);

    /// <summary>The segment.</summary>
    public Vni Vni => Vni.FromHeaderWord((uint)_word);

    /// <summary>The G bit, whether or not the extension is on.</summary>
    public bool GbpPresent => (_word & GroupPolicyFlag) != 0;

    /// <summary>Octets 2 and 3: the group policy id when <see cref="GbpPresent"/>.</summary>
    public ushort GbpPolicyId => (ushort)(_word >> 32);

    /// <summary>D: the inner source must not be learned. Meaningful when <see cref="GbpPresent"/>.</summary>
    public bool GbpDontLearn => (Flags & VxlanFlags.DontLearn) != 0;

    /// <summary>A: policy was applied already. Meaningful when <see cref="GbpPresent"/>.</summary>
    public bool GbpPolicyApplied => (Flags & VxlanFlags.PolicyApplied) != 0;

    /// <summary>P: octet 3 is a next protocol.</summary>
    public bool GpePresent => (_word & NextProtocolFlag) != 0;

    /// <summary>O of GPE.</summary>
    public bool GpeOam => (Flags & VxlanFlags.GpeOam) != 0;

    /// <summary>B of GPE.</summary>
    public bool GpeBum => (Flags & VxlanFlags.GpeBum) != 0;

    /// <summary>The two version bits of GPE (octet 0, 0x30).</summary>
    public byte GpeVersion => (byte)((_word >> 60) & 3);

    /// <summary>Octet 3: the next protocol when <see cref="GpePresent"/>.</summary>
    public byte GpeNextProtocol => (byte)(_word >> 32);

    /// <summary>A bit that is reserved under the given options was set (and ignored).</summary>
    public bool HasReservedBits { get; }

    /// <summary>The inner frame, of any length.</summary>
    public ReadOnlySpan<byte> Inner => _payload[InnerOffset..];

    /// <summary>Parses a header.</summary>
    /// <param name="udpPayload">The whole UDP payload.</param>
    /// <param name="options">Extensions and strictness.</param>
    /// <param name="view">The view; also filled when the status is not <see cref="ParseStatus.Ok"/> but a whole header was there.</param>
    /// <returns>
    /// <see cref="ParseStatus.OuterTruncated"/>, <see cref="ParseStatus.VxlanNoVniFlag"/>, <see cref="ParseStatus.VxlanGpeUnsupported"/>,
    /// <see cref="ParseStatus.VxlanGpeOam"/>, <see cref="ParseStatus.ReservedBitsSet"/> or <see cref="ParseStatus.Ok"/>.
    /// </returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ParseStatus Parse(ReadOnlySpan<byte> udpPayload, VxlanParseOptions options, out VxlanView view)
    {
        if (!BinaryPrimitives.TryReadUInt64BigEndian(udpPayload, out ulong word))
        {
            view = default;
            return ParseStatus.OuterTruncated;
        }

        // Nearly every datagram: the I bit, a VNI, and nothing else.
        if ((word & ~VniMask) == VniFlag && options.Gpe != GpeHandling.Accept)
        {
            view = new VxlanView(udpPayload, word, 0);
            return ParseStatus.Ok;
        }

        return ParseUnusual(udpPayload, word, options, out view);
    }

    private static ParseStatus ParseUnusual(ReadOnlySpan<byte> udpPayload, ulong word, VxlanParseOptions options, out VxlanView view)
    {
        ulong reserved = word & ~(VniMask | VniFlag);
        if (options.Gbp && (word & GroupPolicyFlag) != 0)
        {
            reserved &= ~GbpMask;
        }

        if (options.Gpe == GpeHandling.Accept)
        {
            reserved &= ~GpeMask;
        }

        view = new VxlanView(udpPayload, word, reserved);
        if ((word & VniFlag) == 0)
        {
            return ParseStatus.VxlanNoVniFlag;
        }

        bool nextProtocol = view.GpePresent && options.Gpe != GpeHandling.Ignore;
        if (options.Gpe == GpeHandling.Accept)
        {
            if (view.GpeVersion != 0)
            {
                return ParseStatus.VxlanGpeUnsupported;
            }

            if (view.GpeOam)
            {
                return ParseStatus.VxlanGpeOam;
            }

            if (nextProtocol && !IsCarried(view.GpeNextProtocol))
            {
                return ParseStatus.VxlanGpeUnsupported;
            }
        }
        else if (nextProtocol && view.GpeNextProtocol != GpeProtocol.Ethernet)
        {
            return ParseStatus.VxlanGpeUnsupported;
        }

        return options.Strict && reserved != 0 ? ParseStatus.ReservedBitsSet : ParseStatus.Ok;
    }

    private static bool IsCarried(byte protocol) => protocol is GpeProtocol.IPv4 or GpeProtocol.IPv6 or GpeProtocol.Ethernet;
}
