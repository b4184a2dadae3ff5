namespace Overlay.Control.Etcd.Client;

/// <summary>Lines of a stream, in one buffer that grows to a limit and shrinks again. Borrowed: a line is valid until the next is read.</summary>
internal sealed class LineReader(Stream stream, int limit)
{
    private const int FirstSize = 16 * 1024;
    private byte[] _buffer = new byte[FirstSize];
    private int _start;
    private int _scanned;
    private int _end;

    /// <summary>The next line that is not empty, without its end; null at the end of the stream.</summary>
    /// <exception cref="LineTooLongException">The line is longer than the limit.</exception>
    /// <exception cref="IOException">The stream broke.</exception>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            int at = _buffer.AsSpan(_scanned, _end - _scanned).IndexOf((byte)'\n');
            if (at >= 0)
            {
                ReadOnlyMemory<byte> line = _buffer.AsMemory(_start, _scanned + at - _start);
                _start = _scanned = _scanned + at + 1;
                if (line.Length > 0)
                {
                    return line;
                }

                continue;
            }

            _scanned = _end;
            MakeRoom();
            int read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            if (read == 0)
            {
                // What is left has no end and so is not whole.
                return null;
            }

            _end += read;
        }
    }

    private void MakeRoom()
    {
        int held = _end - _start;
        if (held == 0)
        {
            _start = _scanned = _end = 0;
            if (_buffer.Length > FirstSize * 16)
            {
                _buffer = new byte[FirstSize];
            }

            return;
        }

        if (_end < _buffer.Length)
        {
            return;
        }

        if (held > limit)
        {
            throw new LineTooLongException();
        }

        byte[] target = held > _buffer.Length / 2 ? new byte[Math.Min(_buffer.Length * 2L, limit + 1L)] : _buffer;
        Buffer.BlockCopy(_buffer, _start, target, 0, held);
        _buffer = target;
        _scanned -= _start;
        _end = held;
        _start = 0;
    }
}
