using Overlay.Dataplane.Interop;

namespace Overlay.Dataplane.HandOver;

/// <summary>
/// A directory that one process has to itself (flock(2) of the directory: it needs no file, so that a disk which is full or read-only is no matter, and it ends with the process, however
/// that ends).
/// </summary>
public sealed class DirectoryLock : IDisposable
{
    private readonly FileDescriptor _directory;

    private DirectoryLock(FileDescriptor directory) => _directory = directory;

    /// <summary>Takes it; null if that cannot be done.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="isTaken">Whether another process has it. If it cannot be opened or locked at all, nobody can.</param>
    public static DirectoryLock? TryTake(string path, out bool isTaken)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        isTaken = false;
        int opened = Libc.Open(path, LinuxConstants.OpenCloseOnExec);
        if (opened < 0)
            return null;
        var directory = new FileDescriptor(opened);
        int result = Libc.Result(Libc.FLock(opened, LinuxConstants.LockExclusiveNow));
        isTaken = result == -Errno.Again;
        if (result >= 0)
            return new DirectoryLock(directory);
        directory.Dispose();
        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _directory.Dispose();
}
