using System.Runtime.InteropServices;

namespace Overlay.Dataplane.Interop;

/// <summary>
/// The C library calls that the dataplane makes, all with blittable arguments. Nothing is marshalled and <c>SetLastError</c> is off (it costs
/// 8–25 ns a call); the wrappers beside this file read errno directly after the call and give it back as a negative result.
/// </summary>
internal static unsafe partial class Libc
{
    private const string Library = "libc";

    [LibraryImport(Library, EntryPoint = "open")]
    internal static partial int Open(byte* path, int flags);

    [LibraryImport(Library, EntryPoint = "close")]
    internal static partial int Close(int descriptor);

    [LibraryImport(Library, EntryPoint = "dup3")]
    internal static partial int Dup3(int from, int to, int flags);

    [LibraryImport(Library, EntryPoint = "ioctl")]
    internal static partial int IoCtl(int descriptor, nuint request, void* argument);

    [LibraryImport(Library, EntryPoint = "read")]
    internal static partial nint Read(int descriptor, void* buffer, nuint size);

    [LibraryImport(Library, EntryPoint = "write")]
    internal static partial nint Write(int descriptor, void* buffer, nuint length);

    [LibraryImport(Library, EntryPoint = "writev")]
    internal static partial nint WriteV(int descriptor, Iovec* vectors, int count);

    [LibraryImport(Library, EntryPoint = "socket")]
    internal static partial int Socket(int family, int type, int protocol);

    [LibraryImport(Library, EntryPoint = "bind")]
    internal static partial int Bind(int descriptor, void* address, uint length);

    [LibraryImport(Library, EntryPoint = "getsockname")]
    internal static partial int GetSockName(int descriptor, void* address, uint* length);

    [LibraryImport(Library, EntryPoint = "setsockopt")]
    internal static partial int SetSockOpt(int descriptor, int level, int option, void* value, uint length);

    [LibraryImport(Library, EntryPoint = "getsockopt")]
    internal static partial int GetSockOpt(int descriptor, int level, int option, void* value, uint* length);

    [LibraryImport(Library, EntryPoint = "sendto")]
    internal static partial nint SendTo(int descriptor, void* buffer, nuint length, int flags, void* address, uint addressLength);

    [LibraryImport(Library, EntryPoint = "sendmsg")]
    internal static partial nint SendMsg(int descriptor, MsgHdr* message, int flags);

    [LibraryImport(Library, EntryPoint = "fcntl")]
    internal static partial int FControl(int descriptor, int command, nint argument);

    [LibraryImport(Library, EntryPoint = "pipe2")]
    internal static partial int Pipe2(int* descriptors, int flags);

    [LibraryImport(Library, EntryPoint = "poll")]
    internal static partial int Poll(void* descriptors, nuint count, int timeoutMilliseconds);

    [LibraryImport(Library, EntryPoint = "flock")]
    internal static partial int FLock(int descriptor, int operation);

    [LibraryImport(Library, EntryPoint = "memfd_create")]
    internal static partial int MemFdCreate(byte* name, uint flags);

    [LibraryImport(Library, EntryPoint = "recvmsg")]
    internal static partial nint RecvMsg(int descriptor, MsgHdr* message, int flags);

    [LibraryImport(Library, EntryPoint = "recvmmsg")]
    internal static partial int RecvMmsg(int descriptor, MmsgHdr* messages, uint count, int flags, void* timeout);

    [LibraryImport(Library, EntryPoint = "sendmmsg")]
    internal static partial int SendMmsg(int descriptor, MmsgHdr* messages, uint count, int flags);

    [LibraryImport(Library, EntryPoint = "epoll_create1")]
    internal static partial int EpollCreate1(int flags);

    [LibraryImport(Library, EntryPoint = "epoll_ctl")]
    internal static partial int EpollCtl(int epoll, int operation, int descriptor, void* ev);

    [LibraryImport(Library, EntryPoint = "epoll_wait")]
    internal static partial int EpollWait(int epoll, void* events, int size, int timeoutMilliseconds);

    [LibraryImport(Library, EntryPoint = "eventfd")]
    internal static partial int EventFd(uint initial, int flags);

    [LibraryImport(Library, EntryPoint = "setns")]
    internal static partial int SetNs(int descriptor, int kind);

    [LibraryImport(Library, EntryPoint = "sched_setaffinity")]
    internal static partial int SchedSetAffinity(int thread, nuint size, void* mask);

    [LibraryImport(Library, EntryPoint = "mmap")]
    internal static partial void* MMap(void* address, nuint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport(Library, EntryPoint = "munmap")]
    internal static partial int MUnmap(void* address, nuint length);

    [LibraryImport(Library, EntryPoint = "syscall")]
    internal static partial nint SystemCall(nint number, nint first, nint second, nint third);

    [LibraryImport(Library, EntryPoint = "syscall")]
    internal static partial nint SystemCall(nint number, nint first, nint second, nint third, nint fourth, nint fifth, nint sixth);

    /// <summary>The result of a call, or the negative errno. Must follow the call directly.</summary>
    internal static int Result(nint returned) => returned >= 0 ? (int)returned : -Marshal.GetLastSystemError();

    /// <summary>Sets an integer socket option.</summary>
    internal static int SetInt(int descriptor, int level, int option, int value) =>
        Result(SetSockOpt(descriptor, level, option, &value, sizeof(int)));

    /// <summary>Opens a path; the descriptor, or a negative errno.</summary>
    internal static int Open(string path, int flags)
    {
        byte[] text = System.Text.Encoding.UTF8.GetBytes(path + "\0");
        fixed (byte* p = text)
            return Result(Open(p, flags));
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct Iovec
    {
        internal byte* Base;
        internal nuint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct MsgHdr
    {
        internal byte* Name;
        internal uint NameLength;
        internal Iovec* Iov;
        internal nuint IovCount;
        internal byte* Control;
        internal nuint ControlLength;
        internal int Flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct MmsgHdr
    {
        internal MsgHdr Header;
        internal uint Length;
    }
}
