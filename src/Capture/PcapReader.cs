using System.Buffers.Binary;
using System.Globalization;

namespace Overlay.Capture;

/// <summary>
/// Classic pcap (draft-ietf-opsawg-pcap): a 24-octet file header, then records of
/// <c>seconds(32) | fraction(32) | captured length(32) | original length(32) | data</c>, in the writer's byte order.
/// </summary>
internal sealed class PcapReader : CaptureReader
{
    public const uint MagicMicro = 0xA1B2C3D4;
    public const uint MagicNano = 0xA1B23C4D;
    public const uint MagicMicroSwapped = 0xD4C3B2A1;
    public const uint MagicNanoSwapped = 0x4D3CB2A1;

    private const int FileHeaderRestLength = 20;
    private const int RecordHeaderLength = 16;
    private const long NanosecondsPerSecond = 1_000_000_000;

    private readonly bool _bigEndian;
    private readonly long _fractionUnit;
    private readonly int _linkType;

    public PcapReader(CaptureInput input, bool bigEndian, bool nanosecond)
        : base(input)
    {
        _bigEndian = bigEndian;
        _fractionUnit = nanosecond ? 1 : 1000;
        Span<byte> rest = stackalloc byte[FileHeaderRestLength];
        CaptureErrorKind kind = input.Read(rest);
        if (kind != CaptureErrorKind.None)
        {
            Fail(kind, 0, "the file header is cut short");
            return;
        }

        ushort major = bigEndian ? BinaryPrimitives.ReadUInt16BigEndian(rest) : BinaryPrimitives.ReadUInt16LittleEndian(rest);
        if (major != 2)
        {
            Fail(CaptureErrorKind.UnsupportedVersion, 4, string.Create(CultureInfo.InvariantCulture, $"pcap version {major}; 2 is expected"));
            return;
        }

        // The upper half carries FCS facts, not the link type.
        _linkType = (int)(Number(rest[16..]) & 0xFFFF);
    }

    private protected override bool TryReadNext(out CaptureRecord record)
    {
        record = default;
        long offset = Input.Offset;
        Span<byte> header = stackalloc byte[RecordHeaderLength];
        CaptureErrorKind kind = Input.Read(header, out int read);
        if (kind != CaptureErrorKind.None)
        {
            return read != 0 || kind != CaptureErrorKind.Truncated ? Fail(kind, offset, "a record header is cut short") : false;
        }

        uint length = Number(header[8..]);
        if (length > MaxRecordLength)
        {
            return Fail(CaptureErrorKind.TooLong, offset, string.Create(CultureInfo.InvariantCulture, $"a record claims {length} octets"));
        }

        kind = Input.Read((int)length, out Memory<byte> data);
        if (kind != CaptureErrorKind.None)
        {
            return Fail(kind, offset, string.Create(CultureInfo.InvariantCulture, $"a record of {length} octets is cut short"));
        }

        long timestamp = (Number(header) * NanosecondsPerSecond) + (Number(header[4..]) * _fractionUnit);
        int originalLength = (int)Math.Min(Number(header[12..]), int.MaxValue);
        record = new CaptureRecord(++Count, data, originalLength, timestamp, _linkType, 0, null);
        return true;
    }

    private uint Number(ReadOnlySpan<byte> source) =>
        _bigEndian ? BinaryPrimitives.ReadUInt32BigEndian(source) : BinaryPrimitives.ReadUInt32LittleEndian(source);
}
