using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Overlay.Capture;

/// <summary>
/// pcapng (draft-ietf-opsawg-pcapng): blocks of <c>type(32) | total length(32) | body | total length(32)</c>, in the byte order of their
/// section. Section headers, interface descriptions, enhanced, simple and the obsolete packet blocks are read; others are skipped.
/// </summary>
internal sealed class PcapngReader : CaptureReader
{
    public const uint SectionHeaderBlock = 0x0A0D0D0A;

    private const uint InterfaceBlock = 1;
    private const uint ObsoletePacketBlock = 2;
    private const uint SimplePacketBlock = 3;
    private const uint EnhancedPacketBlock = 6;
    private const uint ByteOrderMagic = 0x1A2B3C4D;
    private const int MinBlockLength = 12;
    private const int MaxInterfaceCount = 4096;
    private const ushort CommentOption = 1;
    private const ushort TimestampResolutionOption = 9;
    private const ushort TimestampOffsetOption = 14;

    private readonly List<CaptureInterface> _interfaces = [];
    private bool _bigEndian;
    private bool _opened;

    public PcapngReader(CaptureInput input)
        : base(input)
    {
    }

    private protected override bool TryReadNext(out CaptureRecord record)
    {
        record = default;
        Span<byte> header = stackalloc byte[8];
        while (true)
        {
            // Open consumed the type of the first block.
            long offset = _opened ? Input.Offset : 0;
            if (!_opened)
            {
                BinaryPrimitives.WriteUInt32BigEndian(header, SectionHeaderBlock);
            }

            CaptureErrorKind kind = Input.Read(_opened ? header : header[4..], out int read);
            if (kind != CaptureErrorKind.None)
            {
                return _opened && read == 0 && kind == CaptureErrorKind.Truncated ? false : Fail(kind, offset, "a block header is cut short");
            }

            _opened = true;
            if (BinaryPrimitives.ReadUInt32BigEndian(header) == SectionHeaderBlock)
            {
                if (!ReadSection(header[4..], offset))
                {
                    return false;
                }

                continue;
            }

            uint type = Number(header);
            uint total = Number(header[4..]);
            if (total < MinBlockLength || (total & 3) != 0)
            {
                return Fail(CaptureErrorKind.BadLength, offset, string.Create(CultureInfo.InvariantCulture, $"a block claims {total} octets"));
            }

            bool wanted = type is InterfaceBlock or EnhancedPacketBlock or SimplePacketBlock or ObsoletePacketBlock;
            if (!wanted)
            {
                kind = Input.Skip(total - 8);
                if (kind != CaptureErrorKind.None)
                {
                    return Fail(kind, offset, "a block is cut short");
                }

                continue;
            }

            if (!ReadBody(total, offset, out ReadOnlyMemory<byte> body))
            {
                return false;
            }

            if (type == InterfaceBlock)
            {
                if (!AddInterface(body.Span, offset))
                {
                    return false;
                }

                continue;
            }

            return type switch
            {
                EnhancedPacketBlock => ReadPacket(body, offset, obsolete: false, out record),
                ObsoletePacketBlock => ReadPacket(body, offset, obsolete: true, out record),
                _ => ReadSimplePacket(body, offset, out record),
            };
        }
    }

    private bool ReadSection(ReadOnlySpan<byte> rawLength, long offset)
    {
        Span<byte> start = stackalloc byte[8];
        CaptureErrorKind kind = Input.Read(start);
        if (kind != CaptureErrorKind.None)
        {
            return Fail(kind, offset, "a section header is cut short");
        }

        uint magic = BinaryPrimitives.ReadUInt32BigEndian(start);
        if (magic != ByteOrderMagic && BinaryPrimitives.ReverseEndianness(magic) != ByteOrderMagic)
        {
            return Fail(CaptureErrorKind.NotACapture, offset, "a section header without byte-order magic");
        }

        _bigEndian = magic == ByteOrderMagic;
        uint total = Number(rawLength);
        if (total < 28 || (total & 3) != 0)
        {
            return Fail(CaptureErrorKind.BadLength, offset, string.Create(CultureInfo.InvariantCulture, $"a section header claims {total} octets"));
        }

        ushort major = Half(start[4..]);
        if (major != 1)
        {
            return Fail(CaptureErrorKind.UnsupportedVersion, offset, string.Create(CultureInfo.InvariantCulture, $"pcapng version {major}; 1 is expected"));
        }

        _interfaces.Clear();
        kind = Input.Skip(total - 16);
        return kind == CaptureErrorKind.None || Fail(kind, offset, "a section header is cut short");
    }

    private bool ReadBody(uint total, long offset, out ReadOnlyMemory<byte> body)
    {
        body = default;
        if (total > MaxRecordLength)
        {
            return Fail(CaptureErrorKind.TooLong, offset, string.Create(CultureInfo.InvariantCulture, $"a block claims {total} octets"));
        }

        CaptureErrorKind kind = Input.Read((int)total - 8, out Memory<byte> rest);
        if (kind != CaptureErrorKind.None)
        {
            return Fail(kind, offset, "a block is cut short");
        }

        body = rest[..^4];
        return Number(rest.Span[^4..]) == total || Fail(CaptureErrorKind.BadLength, offset, "the two lengths of a block differ");
    }

    private bool AddInterface(ReadOnlySpan<byte> body, long offset)
    {
        if (body.Length < 8)
        {
            return Fail(CaptureErrorKind.BadLength, offset, "an interface description is too short");
        }

        if (_interfaces.Count == MaxInterfaceCount)
        {
            return Fail(CaptureErrorKind.BadInterface, offset, string.Create(CultureInfo.InvariantCulture, $"more than {MaxInterfaceCount} interfaces in a section"));
        }

        byte resolution = 6;
        long clockOffset = 0;
        ReadOnlySpan<byte> options = body[8..];
        while (NextOption(ref options, out ushort code, out ReadOnlySpan<byte> value))
        {
            if (code == TimestampResolutionOption && value.Length >= 1)
            {
                resolution = value[0];
            }
            else if (code == TimestampOffsetOption && value.Length >= 8)
            {
                clockOffset = (long)LongNumber(value);
            }
        }

        _interfaces.Add(new CaptureInterface(Half(body), Number(body[4..]), resolution, clockOffset));
        return true;
    }

    private bool ReadPacket(ReadOnlyMemory<byte> body, long offset, bool obsolete, out CaptureRecord record)
    {
        record = default;
        ReadOnlySpan<byte> span = body.Span;
        if (span.Length < 20)
        {
            return Fail(CaptureErrorKind.BadLength, offset, "a packet block is too short");
        }

        uint id = obsolete ? Half(span) : Number(span);
        uint length = Number(span[12..]);
        if (id >= (uint)_interfaces.Count)
        {
            return Fail(CaptureErrorKind.BadInterface, offset, string.Create(CultureInfo.InvariantCulture, $"a packet of interface {id}, which is not described"));
        }

        if (length > (uint)span.Length - 20)
        {
            return Fail(CaptureErrorKind.BadLength, offset, string.Create(CultureInfo.InvariantCulture, $"a packet claims {length} octets in a block of {span.Length}"));
        }

        CaptureInterface source = _interfaces[(int)id];
        ulong ticks = ((ulong)Number(span[4..]) << 32) | Number(span[8..]);
        int originalLength = (int)Math.Min(Number(span[16..]), int.MaxValue);
        int optionsOffset = 20 + (int)((length + 3) & ~3u);
        string? comment = optionsOffset < span.Length ? FindComment(span[optionsOffset..]) : null;
        record = new CaptureRecord(
            ++Count, body.Slice(20, (int)length), originalLength, source.ToNanoseconds(ticks), source.LinkType, (int)id, comment);
        return true;
    }

    private bool ReadSimplePacket(ReadOnlyMemory<byte> body, long offset, out CaptureRecord record)
    {
        record = default;
        if (_interfaces.Count == 0 || body.Length < 4)
        {
            return Fail(CaptureErrorKind.BadInterface, offset, "a simple packet without an interface or a length");
        }

        // The captured length is not written: it is the original one, unless the snap length or the block is shorter.
        uint original = Number(body.Span);
        uint snap = _interfaces[0].SnapLength == 0 ? uint.MaxValue : _interfaces[0].SnapLength;
        int length = (int)Math.Min(Math.Min(original, snap), (uint)body.Length - 4);
        record = new CaptureRecord(
            ++Count, body.Slice(4, length), (int)Math.Min(original, int.MaxValue), 0, _interfaces[0].LinkType, 0, null);
        return true;
    }

    private string? FindComment(ReadOnlySpan<byte> options)
    {
        while (NextOption(ref options, out ushort code, out ReadOnlySpan<byte> value))
        {
            if (code == CommentOption)
            {
                return Encoding.UTF8.GetString(value);
            }
        }

        return null;
    }

    private bool NextOption(ref ReadOnlySpan<byte> options, out ushort code, out ReadOnlySpan<byte> value)
    {
        code = 0;
        value = default;
        if (options.Length < 4)
        {
            return false;
        }

        code = Half(options);
        int length = Half(options[2..]);
        int padded = 4 + ((length + 3) & ~3);
        if (code == 0 || 4 + length > options.Length)
        {
            return false;
        }

        value = options.Slice(4, length);
        options = options[Math.Min(padded, options.Length)..];
        return true;
    }

    private ushort Half(ReadOnlySpan<byte> source) =>
        _bigEndian ? BinaryPrimitives.ReadUInt16BigEndian(source) : BinaryPrimitives.ReadUInt16LittleEndian(source);

    private uint Number(ReadOnlySpan<byte> source) =>
        _bigEndian ? BinaryPrimitives.ReadUInt32BigEndian(source) : BinaryPrimitives.ReadUInt32LittleEndian(source);

    private ulong LongNumber(ReadOnlySpan<byte> source) =>
        _bigEndian ? BinaryPrimitives.ReadUInt64BigEndian(source) : BinaryPrimitives.ReadUInt64LittleEndian(source);
}
