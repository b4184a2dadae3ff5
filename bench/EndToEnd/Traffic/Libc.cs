using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Overlay.EndToEnd.Traffic;

/// <summary>The system calls of the traffic tools that .NET has no API for. Blittable signatures only, so that no unsafe code is needed.</summary>
internal static class Libc
{
    internal const int MsgDontWait = 0x40;
    internal const short PollIn = 1;

    private const int SolSocket = 1;
    private const int SoSndBufForce = 32;
    private const int SoRcvBufForce = 33;

    [DllImport("libc", EntryPoint = "sendmmsg", SetLastError = true)]
    internal static extern int SendMmsg(int descriptor, [In, Out] MmsgHdr[] messages, uint count, int flags);

    [DllImport("libc", EntryPoint = "recvmmsg", SetLastError = true)]
    internal static extern int RecvMmsg(int descriptor, [In, Out] MmsgHdr[] messages, uint count, int flags, nint timeout);

    [DllImport("libc", EntryPoint = "send", SetLastError = true)]
    internal static extern nint Send(int descriptor, nint data, nint length, int flags);

    [DllImport("libc", EntryPoint = "recv", SetLastError = true)]
    internal static extern nint Receive(int descriptor, nint data, nint length, int flags);

    [DllImport("libc", EntryPoint = "ppoll", SetLastError = true)]
    internal static extern int Poll(ref PollDescriptor descriptors, ulong count, ref TimeSpec timeout, nint mask);

    /// <summary>The descriptor of a socket, to be used while the socket lives.</summary>
    internal static int Descriptor(Socket socket) => (int)socket.Handle;

    /// <summary>Sets the send buffer beyond the system's limit.</summary>
    internal static void ForceSendBuffer(Socket socket, int octets) => SetInt(socket, SoSndBufForce, octets);

    /// <summary>Sets the receive buffer beyond the system's limit.</summary>
    internal static void ForceReceiveBuffer(Socket socket, int octets) => SetInt(socket, SoRcvBufForce, octets);

    private static void SetInt(Socket socket, int option, int value) =>
        socket.SetRawSocketOption(SolSocket, option, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in value)));

    [StructLayout(LayoutKind.Sequential)]
    internal struct Iovec
    {
        internal nint Base;
        internal nint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct MsgHdr
    {
        internal nint Name;
        internal uint NameLength;
        internal nint Iov;
        internal nint IovCount;
        internal nint Control;
        internal nint ControlLength;
        internal int Flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct MmsgHdr
    {
        internal MsgHdr Header;
        internal uint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct PollDescriptor
    {
        internal int Descriptor;
        internal short Events;
        internal short Returned;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct TimeSpec
    {
        internal long Seconds;
        internal long Nanoseconds;
    }
}
