using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Overlay.Host.Configuration.Changes;

/// <summary>What the base library cannot do to a file: give it another's owner, and make its name survive a loss of power.</summary>
internal static class FileOwner
{
    private const int WorkingDirectory = -100;
    private const uint OwnerAndGroup = 0x18;

    // struct statx, the same on every processor.
    private const int StatxSize = 256;
    private const int UserOffset = 20;
    private const int GroupOffset = 24;
    private const int OpenDirectory = 0x10000 | 0x80000;

    /// <summary>Gives a file the owner and the group of another; where only root may give files away, the group alone.</summary>
    /// <returns>False with <see cref="Marshal.GetLastPInvokeError"/> set if it is not even of the group.</returns>
    public static bool Copy(string from, string to)
    {
        // What is right already is not asked for: in a folder with the set-group-id bit it is.
        if (Of(from) is not { } wanted || Of(to) is not { } has)
        {
            return false;
        }

        return wanted == has || chown(to, wanted.User, wanted.Group) == 0 || wanted.Group == has.Group || chown(to, uint.MaxValue, wanted.Group) == 0;
    }

    /// <summary>Writes a directory to its disk. What a file system has no means for is left out.</summary>
    public static void Sync(string directory)
    {
        var descriptor = open(directory, OpenDirectory);
        if (descriptor >= 0)
        {
            _ = fsync(descriptor);
            _ = close(descriptor);
        }
    }

    private static (uint User, uint Group)? Of(string path)
    {
        var stat = new byte[StatxSize];
        return statx(WorkingDirectory, path, 0, OwnerAndGroup, stat) == 0
            ? (BinaryPrimitives.ReadUInt32LittleEndian(stat.AsSpan(UserOffset)), BinaryPrimitives.ReadUInt32LittleEndian(stat.AsSpan(GroupOffset)))
            : null;
    }

#pragma warning disable SYSLIB1054 // Source-generated marshalling needs unsafe code, which this project does not allow.
    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int statx(int directory, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, byte[] result);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int chown([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint user, uint group);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int fsync(int descriptor);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int close(int descriptor);
#pragma warning restore SYSLIB1054
}
