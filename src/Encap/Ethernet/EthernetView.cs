namespace Overlay.Encap.Ethernet;

/// <summary>
/// A view of an Ethernet II or 802.3 frame without FCS:
/// <code>
/// destination(48) | source(48) | [TPID(16) TCI(16)]... | type or length(16) | payload
/// </code>
/// The view borrows the span it was parsed from. After <see cref="ParseStatus.Ok"/> no accessor throws.
/// </summary>
public readonly ref struct EthernetView
{
    /// <summary>Octets of a header without tags.</summary>
    public const int HeaderLength = 14;

    /// <summary>Tags walked. A frame with more is legal and reported with the next TPID as its <see cref="EtherType"/>.</summary>
    public const int MaxTagCount = 8;

    private const int SourceOffset = 6;
    private const int TypeOffset = 12;

    private readonly ReadOnlySpan<byte> _frame;

    private EthernetView(ReadOnlySpan<byte> frame, int tagCount)
    {
        _frame = frame;
        TagCount = tagCount;
    }

    /// <summary>Destination MAC.</summary>
    public MacAddress Destination => MacAddress.Read(_frame);

    /// <summary>Source MAC.</summary>
    public MacAddress Source => MacAddress.Read(_frame[SourceOffset..]);

    /// <summary>VLAN tags in the frame, 0..<see cref="MaxTagCount"/>.</summary>
    public int TagCount { get; }

    /// <summary>The type or length field behind the tags. Below <see cref="EtherType.MinValue"/> it is an 802.3 length.</summary>
    public ushort EtherType => BinaryPrimitives.ReadUInt16BigEndian(_frame[(PayloadOffset - 2)..]);

    /// <summary>The field behind the tags is an 802.3 length, an LLC frame: bridged like any other.</summary>
    public bool IsLengthField => EtherType < Ethernet.EtherType.MinValue;

    /// <summary>VID of the outermost tag, or 0 when there is none.</summary>
    public ushort OuterVid => TagCount > 0 ? GetTag(0).Vid : (ushort)0;

    /// <summary>Octets in front of the payload.</summary>
    public int PayloadOffset => HeaderLength + (TagCount * VlanTag.Length);

    /// <summary>What follows the type field.</summary>
    public ReadOnlySpan<byte> Payload => _frame[PayloadOffset..];

    /// <summary>The whole frame.</summary>
    public ReadOnlySpan<byte> Frame => _frame;

    /// <summary>Parses a frame.</summary>
    /// <param name="frame">From the destination MAC on, without FCS. Any length.</param>
    /// <param name="view">The view; the default unless the result is <see cref="ParseStatus.Ok"/>.</param>
    /// <returns><see cref="ParseStatus.InnerTruncated"/> when the header or a tag is cut short; else <see cref="ParseStatus.Ok"/>.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ParseStatus Parse(ReadOnlySpan<byte> frame, out EthernetView view)
    {
        view = default;
        if (frame.Length < HeaderLength)
        {
            return ParseStatus.InnerTruncated;
        }

        int tags = 0;
        if (Ethernet.EtherType.IsVlanTag(BinaryPrimitives.ReadUInt16BigEndian(frame[TypeOffset..])))
        {
            tags = CountTags(frame);
            if (tags < 0)
            {
                return ParseStatus.InnerTruncated;
            }
        }

        view = new EthernetView(frame, tags);
        return ParseStatus.Ok;
    }

    /// <summary>A tag, outermost first.</summary>
    /// <param name="index">0..<see cref="TagCount"/>-1.</param>
    public VlanTag GetTag(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, TagCount);
        return VlanTag.Read(_frame[(TypeOffset + (index * VlanTag.Length))..]);
    }

    private static int CountTags(ReadOnlySpan<byte> frame)
    {
        int tags = 0;
        int offset = TypeOffset;
        while (tags < MaxTagCount && Ethernet.EtherType.IsVlanTag(BinaryPrimitives.ReadUInt16BigEndian(frame[offset..])))
        {
            offset += VlanTag.Length;
            if (frame.Length < offset + 2)
            {
                return -1;
            }

            tags++;
        }

        return tags;
    }
}
