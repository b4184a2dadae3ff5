using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Overlay.Cli.Native;

/// <summary>The few calls that the base library has no name for. All arguments are blittable or strings; nothing here needs unsafe code.</summary>
internal static class LibC
{
    public const int SigTerm = 15;
    public const int SigKill = 9;
    public const int ErrnoInterrupted = 4;
    public const int ErrnoAgain = 11;
    public const int ErrnoBrokenPipe = 32;
    private const int WriteOk = 2;
    private const nuint TunGetFeatures = 0x800454cf;
    private const short PollOut = 4;
    private const nuint TerminalGetWindowSize = 0x5413;

    /// <summary>Sends a signal to one process; false if there is none such or it is not ours.</summary>
    public static bool Kill(int pid, int signal) => pid > 1 && kill(pid, signal) == 0;

    /// <summary>True if we may create files in the directory.</summary>
    public static bool IsWritable(string path) => access(path, WriteOk) == 0;

    /// <summary><c>TUNGETFEATURES</c>: the <c>IFF_*</c> flags that this kernel's tun driver knows, or null with the error set.</summary>
    public static uint? TunFeatures(SafeFileHandle tun)
    {
        uint features = 0;
        return ioctl(tun, TunGetFeatures, ref features) == 0 ? features : null;
    }

    /// <summary>Writes some of the octets; -1 with <see cref="Marshal.GetLastPInvokeError"/> set.</summary>
    public static int Write(int descriptor, byte[] buffer, int count) => (int)write(descriptor, buffer, count);

    /// <summary>Waits until a non-blocking descriptor can be written.</summary>
    public static void WaitWritable(int descriptor)
    {
        PollDescriptor poll1 = new() { Descriptor = descriptor, Events = PollOut };
        _ = poll(ref poll1, 1, -1);
    }

    /// <summary>Columns and rows of the terminal behind a descriptor; null if there is none or it does not say.</summary>
    public static (int Columns, int Rows)? WindowSize(int descriptor)
    {
        WindowSizeReply reply = default;
        return ioctl(descriptor, TerminalGetWindowSize, ref reply) == 0 && reply is { Columns: > 0, Rows: > 0 } ? (reply.Columns, reply.Rows) : null;
    }

#pragma warning disable SYSLIB1054 // Source-generated marshalling needs unsafe code, which this project does not allow.
    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int pid, int signal);

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int access([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int mode);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ioctl(SafeFileHandle descriptor, nuint request, ref uint argument);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ioctl(int descriptor, nuint request, ref WindowSizeReply argument);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint write(int descriptor, byte[] buffer, nint count);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int poll(ref PollDescriptor descriptors, nuint count, int timeout);
#pragma warning restore SYSLIB1054

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct WindowSizeReply
    {
        public ushort Rows;
        public ushort Columns;
        public ushort PixelWidth;
        public ushort PixelHeight;
    }
}
