using System.Buffers.Binary;

namespace Overlay.Capture;

/// <summary>Writes classic pcap, little-endian. Not thread-safe. Owns no stream: the caller flushes and disposes it.</summary>
public sealed class PcapWriter
{
    private const int RecordHeaderLength = 16;
    private const long NanosecondsPerSecond = 1_000_000_000;

    private readonly Stream _stream;
    private readonly bool _nanosecond;
    private readonly int _snapLength;

    /// <summary>Writes the file header.</summary>
    /// <param name="stream">A writable stream.</param>
    /// <param name="linkType">See <see cref="LinkType"/>; 0..65535.</param>
    /// <param name="nanosecond">Nanosecond time stamps; else microseconds, for older readers.</param>
    /// <param name="snapLength">Octets kept of each packet, 1..262144.</param>
    public PcapWriter(Stream stream, int linkType = LinkType.Ethernet, bool nanosecond = true, int snapLength = 262_144)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentOutOfRangeException.ThrowIfNegative(linkType);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(linkType, ushort.MaxValue);
        ArgumentOutOfRangeException.ThrowIfLessThan(snapLength, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(snapLength, 262_144);
        _stream = stream;
        _nanosecond = nanosecond;
        _snapLength = snapLength;
        Span<byte> header = stackalloc byte[24];
        header.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header, nanosecond ? PcapReader.MagicNano : PcapReader.MagicMicro);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], 2);
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], 4);
        BinaryPrimitives.WriteInt32LittleEndian(header[16..], snapLength);
        BinaryPrimitives.WriteInt32LittleEndian(header[20..], linkType);
        stream.Write(header);
    }

    /// <summary>Writes a packet, cut to the snap length.</summary>
    /// <param name="data">The packet.</param>
    /// <param name="timestamp">Nanoseconds since 1970-01-01T00:00:00Z, not negative, before 2106.</param>
    /// <param name="originalLength">Octets on the wire when the data is cut already; 0 for the data's length.</param>
    public void Write(ReadOnlySpan<byte> data, long timestamp, int originalLength = 0)
    {
        ReadOnlySpan<byte> kept = data[..Math.Min(data.Length, _snapLength)];
        (long seconds, long fraction) = Math.DivRem(timestamp, NanosecondsPerSecond);
        Span<byte> header = stackalloc byte[RecordHeaderLength];
        BinaryPrimitives.WriteUInt32LittleEndian(header, checked((uint)seconds));
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], (uint)(_nanosecond ? fraction : fraction / 1000));
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], kept.Length);
        BinaryPrimitives.WriteInt32LittleEndian(header[12..], Math.Max(originalLength, data.Length));
        _stream.Write(header);
        _stream.Write(kept);
    }
}
