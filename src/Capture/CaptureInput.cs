namespace Overlay.Capture;

/// <summary>A forward-only input that counts octets, reuses one buffer and turns failures of the stream into values.</summary>
internal sealed class CaptureInput
{
    private readonly Stream _stream;
    private byte[] _buffer = new byte[4096];

    public CaptureInput(Stream stream)
    {
        _stream = stream;
    }

    public long Offset { get; private set; }

    /// <summary>Fills the span, or says why not.</summary>
    public CaptureErrorKind Read(Span<byte> destination) => Read(destination, out _);

    public CaptureErrorKind Read(Span<byte> destination, out int read)
    {
        read = 0;
        try
        {
            read = _stream.ReadAtLeast(destination, destination.Length, throwOnEndOfStream: false);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or NotSupportedException or InvalidDataException)
        {
            return CaptureErrorKind.ReadFailed;
        }

        Offset += read;
        return read == destination.Length ? CaptureErrorKind.None : CaptureErrorKind.Truncated;
    }

    /// <summary>Fills the shared buffer; its content lives until the next call.</summary>
    public CaptureErrorKind Read(int length, out Memory<byte> data)
    {
        if (_buffer.Length < length)
        {
            _buffer = new byte[Math.Max(length, Math.Min(_buffer.Length * 2, CaptureReader.MaxRecordLength))];
        }

        data = _buffer.AsMemory(0, length);
        return Read(data.Span);
    }

    /// <summary>Skips octets without keeping them.</summary>
    public CaptureErrorKind Skip(long length)
    {
        while (length > 0)
        {
            int step = (int)Math.Min(length, _buffer.Length);
            CaptureErrorKind kind = Read(_buffer.AsSpan(0, step));
            if (kind != CaptureErrorKind.None)
            {
                return kind;
            }

            length -= step;
        }

        return CaptureErrorKind.None;
    }
}
