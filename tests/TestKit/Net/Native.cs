using System.Runtime.InteropServices;

namespace Overlay.TestKit.Net;

// The few system calls that .NET has no API for. Blittable signatures only, so that no unsafe code is needed.
internal static class Native
{
    internal const int AfUnix = 1;
    internal const int AfPacket = 17;
    internal const int SockDgram = 2;
    internal const int SockCloExec = 0x80000;
    internal const int MsgCloExec = 0x40000000;
    internal const int DupCloExec = 1030;
    internal const int NoHang = 1;
    internal const int OpenAppend = 0x441;
    internal const int SockRaw = 3;
    internal const int SolSocket = 1;
    internal const int SolPacket = 263;
    internal const int SoSndBufForce = 32;
    internal const int SoSndBuf = 7;
    internal const int SoRcvBuf = 8;
    internal const int SoRcvBufForce = 33;
    internal const int PacketAuxData = 8;
    internal const int PacketIgnoreOutgoing = 23;
    internal const int CloneNewNet = 0x40000000;
    internal const int EAgain = 11;
    internal const int EIntr = 4;
    internal const int ENoBufs = 105;
    internal const int SigInt = 2;
    internal const int SigHup = 1;
    internal const int SigKill = 9;
    internal const int SigTerm = 15;
    internal const int SigStop = 19;
    internal const int SigCont = 18;
    internal const short PollIn = 1;
    internal const int MsgDontWait = 0x40;
    internal const int MsgTrunc = 0x20;

    [StructLayout(LayoutKind.Sequential)]
    internal struct PollFd
    {
        internal int Fd;
        internal short Events;
        internal short Revents;
    }

    [DllImport("libc", SetLastError = true)]
    internal static extern int socket(int domain, int type, int protocol);

    [DllImport("libc", SetLastError = true)]
    internal static extern int bind(int fd, byte[] address, int length);

    [DllImport("libc", SetLastError = true)]
    internal static extern int setsockopt(int fd, int level, int option, ref int value, int length);

    [DllImport("libc", SetLastError = true)]
    internal static extern nint send(int fd, byte[] data, nint length, int flags);

    [DllImport("libc", SetLastError = true)]
    internal static extern nint recvmsg(int fd, IntPtr message, int flags);

    [DllImport("libc", SetLastError = true)]
    internal static extern int poll([In, Out] PollFd[] fds, ulong count, int timeout);

    [DllImport("libc", SetLastError = true)]
    internal static extern int close(int fd);

    [DllImport("libc", SetLastError = true)]
    internal static extern int setns(int fd, int type);

    [DllImport("libc", SetLastError = true)]
    internal static extern int kill(int pid, int signal);

    [DllImport("libc", SetLastError = true)]
    internal static extern uint geteuid();

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    internal static extern uint if_nametoindex(string name);

    [DllImport("libc", SetLastError = true)]
    internal static extern int fcntl(int fd, int command, int argument);

    [DllImport("libc", SetLastError = true)]
    internal static extern int waitpid(int pid, ref int status, int options);

    [DllImport("libc", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    internal static extern int posix_spawn(out int pid, string path, IntPtr actions, IntPtr attributes, string?[] arguments, string?[] environment);

    [DllImport("libc")]
    internal static extern int posix_spawn_file_actions_init(IntPtr actions);

    [DllImport("libc")]
    internal static extern int posix_spawn_file_actions_destroy(IntPtr actions);

    [DllImport("libc")]
    internal static extern int posix_spawn_file_actions_adddup2(IntPtr actions, int from, int to);

    [DllImport("libc", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    internal static extern int posix_spawn_file_actions_addopen(IntPtr actions, int fd, string path, int flags, uint mode);

    internal static int Check(int result, string what) =>
        result >= 0 ? result : throw new IOException($"{what}: {Marshal.GetLastPInvokeErrorMessage()}");
}
