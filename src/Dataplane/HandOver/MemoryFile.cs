using Microsoft.Win32.SafeHandles;
using Overlay.Dataplane.Interop;

namespace Overlay.Dataplane.HandOver;

/// <summary>A file in memory that a supervisor keeps from one process to the next (memfd_create(2)). Needs no disk.</summary>
public sealed class MemoryFile : IDisposable
{
    private readonly FileDescriptor _descriptor;

    private MemoryFile(FileDescriptor descriptor) => _descriptor = descriptor;

    /// <summary>Its descriptor.</summary>
    public int Descriptor => _descriptor.Value;

    /// <summary>Makes one with a content; null if the kernel refuses, as when memory is short.</summary>
    public static MemoryFile? TryCreate(ReadOnlySpan<byte> content)
    {
        int result = Descriptors.MakeMemoryFile("overlayd\0"u8);
        if (result < 0)
            return null;
        var descriptor = new FileDescriptor(result);
        try
        {
            using var handle = new SafeFileHandle(result, ownsHandle: false);
            RandomAccess.Write(handle, content, 0);
            return new MemoryFile(descriptor);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            descriptor.Dispose();
            return null;
        }
    }

    /// <summary>Reads all of a file; null if it is none, or too long.</summary>
    internal static byte[]? Read(FileDescriptor descriptor, int most)
    {
        try
        {
            using var handle = new SafeFileHandle(descriptor.Value, ownsHandle: false);
            if (RandomAccess.GetLength(handle) is not (>= 0 and var length) || length > most)
                return null;
            byte[] content = new byte[length];
            int read = 0;
            while (read < content.Length)
            {
                int got = RandomAccess.Read(handle, content.AsSpan(read), read);
                if (got == 0)
                    return null;
                read += got;
            }

            return content;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _descriptor.Dispose();
}
