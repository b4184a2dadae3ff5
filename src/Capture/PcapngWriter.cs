using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Overlay.Capture;

/// <summary>
/// Writes pcapng, little-endian, one section, nanosecond time stamps, an optional comment a packet (a drop reason, for example).
/// Each packet is one write to the stream, so a reader that follows the file never sees half a block written by us.
/// Not thread-safe. Owns no stream: the caller flushes and disposes it.
/// </summary>
public sealed class PcapngWriter
{
    private const ushort CommentOption = 1;
    private const ushort NameOption = 2;
    private const ushort ApplicationOption = 4;
    private const ushort ResolutionOption = 9;
    private const int MaxTextLength = 4096;

    private readonly Stream _stream;
    private readonly ArrayBufferWriter<byte> _block = new(2048);
    private readonly List<int> _snapLengths = [];

    /// <summary>Writes the section header.</summary>
    /// <param name="stream">A writable stream.</param>
    /// <param name="application">Name of the writing program, or null.</param>
    public PcapngWriter(Stream stream, string? application = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        _stream = stream;
        Begin(PcapngReader.SectionHeaderBlock);
        Number(0x1A2B3C4D);
        Number(1);
        Number(uint.MaxValue);
        Number(uint.MaxValue);
        TextOption(ApplicationOption, application);
        EndOptions(application is not null);
        End();
    }

    /// <summary>Describes an interface.</summary>
    /// <param name="linkType">See <see cref="LinkType"/>; 0..65535.</param>
    /// <param name="name">Name, or null.</param>
    /// <param name="snapLength">Octets kept of each packet, 1..262144.</param>
    /// <returns>Its number, for <see cref="Write"/>.</returns>
    public int AddInterface(int linkType, string? name = null, int snapLength = 262_144)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(linkType);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(linkType, ushort.MaxValue);
        ArgumentOutOfRangeException.ThrowIfLessThan(snapLength, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(snapLength, 262_144);
        Begin(1);
        Number((uint)linkType);
        Number((uint)snapLength);
        TextOption(NameOption, name);
        Option(ResolutionOption, [9]);
        EndOptions(true);
        End();
        _snapLengths.Add(snapLength);
        return _snapLengths.Count - 1;
    }

    /// <summary>Writes a packet, cut to the interface's snap length.</summary>
    /// <param name="interfaceId">From <see cref="AddInterface"/>.</param>
    /// <param name="data">The packet.</param>
    /// <param name="timestamp">Nanoseconds since 1970-01-01T00:00:00Z, not negative.</param>
    /// <param name="originalLength">Octets on the wire when the data is cut already; 0 for the data's length.</param>
    /// <param name="comment">A comment, cut to 4096 octets; or null.</param>
    public void Write(int interfaceId, ReadOnlySpan<byte> data, long timestamp, int originalLength = 0, string? comment = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(timestamp);
        ReadOnlySpan<byte> kept = data[..Math.Min(data.Length, _snapLengths[interfaceId])];
        Begin(6);
        Number((uint)interfaceId);
        Number((uint)(timestamp >> 32));
        Number((uint)timestamp);
        Number((uint)kept.Length);
        Number((uint)Math.Max(originalLength, data.Length));
        Padded(kept);
        TextOption(CommentOption, comment);
        EndOptions(comment is not null);
        End();
    }

    private void Begin(uint type)
    {
        _block.ResetWrittenCount();
        Number(type);
        Number(0);
    }

    private void End()
    {
        uint total = (uint)_block.WrittenCount + 4;
        Number(total);
        byte[] block = _block.WrittenSpan.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(4), total);
        _stream.Write(block);
    }

    private void Number(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_block.GetSpan(4), value);
        _block.Advance(4);
    }

    private void Padded(ReadOnlySpan<byte> data)
    {
        _block.Write(data);
        int padding = -data.Length & 3;
        _block.GetSpan(4)[..4].Clear();
        _block.Advance(padding);
    }

    private void TextOption(ushort code, string? text)
    {
        if (text is not null)
        {
            byte[] octets = Encoding.UTF8.GetBytes(text);
            Option(code, octets.AsSpan(0, Math.Min(octets.Length, MaxTextLength)));
        }
    }

    private void Option(ushort code, ReadOnlySpan<byte> value)
    {
        Number(code | ((uint)value.Length << 16));
        Padded(value);
    }

    private void EndOptions(bool any)
    {
        if (any)
        {
            Number(0);
        }
    }
}
