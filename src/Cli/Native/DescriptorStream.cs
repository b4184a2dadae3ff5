using System.Runtime.InteropServices;

namespace Overlay.Cli.Native;

/// <summary>
/// Standard output or error by <c>write(2)</c>. The console's own stream swallows a broken pipe, and a watching verb would then run for ever
/// with nobody reading; a file stream writes at offsets of its own and would overwrite what others put into the same file.
/// </summary>
internal sealed class DescriptorStream(int descriptor) : Stream
{
    private byte[] _copy = [];

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <exception cref="BrokenPipeException">The reader went away.</exception>
    /// <exception cref="IOException">Any other error.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            if (_copy.Length < buffer.Length) _copy = new byte[buffer.Length];
            buffer.CopyTo(_copy);
            int written = LibC.Write(descriptor, _copy, buffer.Length);
            if (written >= 0)
            {
                buffer = buffer[written..];
                continue;
            }

            int error = Marshal.GetLastPInvokeError();
            if (error == LibC.ErrnoBrokenPipe) throw new BrokenPipeException();
            if (error == LibC.ErrnoAgain) LibC.WaitWritable(descriptor);
            else if (error != LibC.ErrnoInterrupted) throw new IOException(Marshal.GetPInvokeErrorMessage(error));
        }
    }
}
