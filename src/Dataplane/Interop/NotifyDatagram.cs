using System.Runtime.CompilerServices;
using System.Text;
using static Overlay.Dataplane.Interop.LinuxConstants;

namespace Overlay.Dataplane.Interop;

/// <summary>A datagram to a Unix socket, with at most one descriptor (unix(7), SCM_RIGHTS).</summary>
internal static unsafe class NotifyDatagram
{
    private const int AddressSize = 110;
    private const int PathOffset = 2;
    private const int ControlHeaderLength = 16;

    /// <summary>Sends one; waits for room for a while. 0, or a negative errno.</summary>
    /// <param name="path">The receiver's path; an abstract name begins with <c>@</c>.</param>
    /// <param name="text">The message.</param>
    /// <param name="descriptor">The descriptor that goes along; negative for none.</param>
    /// <param name="limit">How long it waits for room.</param>
    internal static int Send(string path, ReadOnlySpan<byte> text, int descriptor, TimeSpan limit)
    {
        byte* address = stackalloc byte[AddressSize];
        var name = new Span<byte>(address, AddressSize);
        name.Clear();
        Unsafe.WriteUnaligned(address, (ushort)FamilyUnix);
        int length = Encoding.UTF8.GetByteCount(path);
        if (length is 0 or > AddressSize - PathOffset - 1)
            return -Errno.Invalid;
        _ = Encoding.UTF8.GetBytes(path, name[PathOffset..]);
        bool isAbstract = path[0] == '@';
        if (isAbstract)
            address[PathOffset] = 0;
        int opened = Libc.Result(Libc.Socket(FamilyUnix, TypeDatagram | TypeCloseOnExec, 0));
        if (opened < 0)
            return opened;
        using var socket = new FileDescriptor(opened);
        long* timeout = stackalloc long[2];
        timeout[0] = (long)limit.TotalSeconds;
        timeout[1] = limit.Microseconds + (limit.Milliseconds * 1000L);
        _ = Libc.SetSockOpt(opened, LevelSocket, SocketSendTimeout, timeout, 2 * sizeof(long));

        // struct cmsghdr { size_t length; int level; int type; } and the descriptor, padded to eight octets.
        byte* control = stackalloc byte[ControlHeaderLength + sizeof(long)];
        Unsafe.WriteUnaligned(control, (nuint)(ControlHeaderLength + sizeof(int)));
        Unsafe.WriteUnaligned(control + 8, LevelSocket);
        Unsafe.WriteUnaligned(control + 12, ControlRights);
        Unsafe.WriteUnaligned(control + ControlHeaderLength, (long)descriptor);
        fixed (byte* p = text)
        {
            Libc.Iovec vector = new() { Base = p, Length = (nuint)text.Length };
            Libc.MsgHdr header = new() { Name = address, NameLength = (uint)(PathOffset + length + (isAbstract ? 0 : 1)), Iov = &vector, IovCount = 1 };
            if (descriptor >= 0)
            {
                header.Control = control;
                header.ControlLength = ControlHeaderLength + sizeof(long);
            }

            int result;
            do
                result = Libc.Result(Libc.SendMsg(opened, &header, 0));
            while (result == -Errno.Interrupted);
            return Math.Min(result, 0);
        }
    }

    /// <summary>Sends a message with the end of a pipe, and waits until nobody has that end any more: then the receiver has read all that came before. 0, or a negative errno.</summary>
    /// <inheritdoc cref="Send"/>
    internal static int SendAndAwait(string path, ReadOnlySpan<byte> text, TimeSpan limit)
    {
        int* ends = stackalloc int[2];
        int result = Libc.Result(Libc.Pipe2(ends, OpenCloseOnExec));
        if (result < 0)
            return result;
        using var reading = new FileDescriptor(ends[0]);
        using (var writing = new FileDescriptor(ends[1]))
            result = Send(path, text, ends[1], limit);
        if (result < 0)
            return result;

        // struct pollfd { int fd; short events; short revents; }: the end of file is POLLHUP, which needs not be asked for.
        byte* poll = stackalloc byte[8];
        Unsafe.WriteUnaligned(poll, ends[0]);
        Unsafe.WriteUnaligned(poll + 4, (int)PollIn);
        do
            result = Libc.Result(Libc.Poll(poll, 1, (int)limit.TotalMilliseconds));
        while (result == -Errno.Interrupted);
        return result switch
        {
            0 => -Errno.Again,
            > 0 => 0,
            _ => result,
        };
    }
}
