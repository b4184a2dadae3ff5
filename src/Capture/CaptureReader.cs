using System.Buffers.Binary;

namespace Overlay.Capture;

/// <summary>
/// Reads pcap (microseconds or nanoseconds, either byte order) and pcapng, told apart by their first four octets. Streaming: memory is
/// bounded by <see cref="MaxRecordLength"/> whatever the file claims. Total: any bytes give records, then an end or an
/// <see cref="Error"/>. Not thread-safe. Owns no stream: the caller disposes it.
/// </summary>
public abstract class CaptureReader
{
    /// <summary>The longest record or block kept in memory. Blocks of other kinds may be longer: they are skipped.</summary>
    public const int MaxRecordLength = 1 << 20;

    private protected CaptureReader(CaptureInput input)
    {
        Input = input;
    }

    /// <summary>Why reading stopped; <see cref="CaptureError.None"/> while all is well and after a proper end.</summary>
    public CaptureError Error { get; private protected set; }

    /// <summary>Packets read so far.</summary>
    public long Count { get; private protected set; }

    private protected CaptureInput Input { get; }

    /// <summary>Opens a capture. Reads the file header only.</summary>
    /// <param name="stream">A readable stream; need not seek.</param>
    /// <returns>A reader; one of something that is no capture has <see cref="Error"/> set and no records.</returns>
    public static CaptureReader Open(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var input = new CaptureInput(stream);
        Span<byte> magic = stackalloc byte[4];
        CaptureErrorKind read = input.Read(magic);
        if (read != CaptureErrorKind.None)
        {
            return new FailedReader(input, new CaptureError(
                read == CaptureErrorKind.Truncated ? CaptureErrorKind.NotACapture : read, 0, "the stream is too short to be a capture"));
        }

        return BinaryPrimitives.ReadUInt32BigEndian(magic) switch
        {
            PcapngReader.SectionHeaderBlock => new PcapngReader(input),
            PcapReader.MagicMicro => new PcapReader(input, bigEndian: true, nanosecond: false),
            PcapReader.MagicNano => new PcapReader(input, bigEndian: true, nanosecond: true),
            PcapReader.MagicMicroSwapped => new PcapReader(input, bigEndian: false, nanosecond: false),
            PcapReader.MagicNanoSwapped => new PcapReader(input, bigEndian: false, nanosecond: true),
            _ => new FailedReader(input, new CaptureError(CaptureErrorKind.NotACapture, 0, "neither pcap nor pcapng")),
        };
    }

    /// <summary>The first octets are those of a capture that <see cref="Open"/> can read.</summary>
    /// <param name="start">Four octets or more.</param>
    public static bool IsCapture(ReadOnlySpan<byte> start) =>
        BinaryPrimitives.TryReadUInt32BigEndian(start, out uint magic)
        && magic is PcapngReader.SectionHeaderBlock or PcapReader.MagicMicro or PcapReader.MagicNano
            or PcapReader.MagicMicroSwapped or PcapReader.MagicNanoSwapped;

    /// <summary>Reads the next packet.</summary>
    /// <param name="record">The packet; its data is valid until the next call.</param>
    /// <returns>False at the end and after an error; see <see cref="Error"/>.</returns>
    public bool TryRead(out CaptureRecord record)
    {
        record = default;
        return !Error.IsError && TryReadNext(out record);
    }

    private protected abstract bool TryReadNext(out CaptureRecord record);

    private protected bool Fail(CaptureErrorKind kind, long offset, string detail)
    {
        Error = new CaptureError(kind, offset, detail);
        return false;
    }

    private sealed class FailedReader : CaptureReader
    {
        public FailedReader(CaptureInput input, CaptureError error)
            : base(input)
        {
            Error = error;
        }

        private protected override bool TryReadNext(out CaptureRecord record)
        {
            record = default;
            return false;
        }
    }
}
