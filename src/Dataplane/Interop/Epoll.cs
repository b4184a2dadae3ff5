using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Overlay.Dataplane.Interop;

/// <summary>An epoll set with its event buffer. One thread waits; it alone reads the events.</summary>
internal sealed unsafe class Epoll : IDisposable
{
    private const int OperationAdd = 1;
    private const int OperationDelete = 2;

    // struct epoll_event is packed on x86-64 and nowhere else.
    private static readonly int Stride = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int DataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;

    private readonly FileDescriptor _descriptor;
    private readonly byte[] _events;
    private readonly int _size;

    /// <summary>Makes an empty set.</summary>
    /// <param name="size">Events taken by one wait.</param>
    /// <exception cref="IOException">No descriptor is left.</exception>
    internal Epoll(int size)
    {
        _size = size;
        _events = GC.AllocateArray<byte>(size * Stride, pinned: true);
        int result = Libc.Result(Libc.EpollCreate1(LinuxConstants.OpenCloseOnExec));
        if (result < 0)
            throw new IOException("epoll_create1: " + Errno.Describe(result));
        _descriptor = new FileDescriptor(result);
    }

    /// <summary>Adds a descriptor. 0, or a negative errno.</summary>
    internal int Add(int descriptor, uint events, ulong tag)
    {
        byte* ev = stackalloc byte[16];
        Unsafe.WriteUnaligned(ev, events);
        Unsafe.WriteUnaligned(ev + DataOffset, tag);
        return Libc.Result(Libc.EpollCtl(_descriptor.Value, OperationAdd, descriptor, ev));
    }

    /// <summary>Removes a descriptor. 0, or a negative errno.</summary>
    internal int Remove(int descriptor)
    {
        byte* ev = stackalloc byte[16];
        return Libc.Result(Libc.EpollCtl(_descriptor.Value, OperationDelete, descriptor, ev));
    }

    /// <summary>Waits. The number of events; 0 after the timeout or an interruption.</summary>
    /// <param name="timeoutMilliseconds">−1 waits for ever, 0 does not wait.</param>
    internal int Wait(int timeoutMilliseconds)
    {
        byte* events = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_events));
        int count = Libc.EpollWait(_descriptor.Value, events, _size, timeoutMilliseconds);
        return count < 0 ? 0 : count;
    }

    /// <summary>The tag of event <paramref name="index"/> of the last wait.</summary>
    internal ulong Tag(int index) => MemoryMarshal.Read<ulong>(_events.AsSpan((index * Stride) + DataOffset));

    /// <inheritdoc/>
    public void Dispose() => _descriptor.Dispose();
}
