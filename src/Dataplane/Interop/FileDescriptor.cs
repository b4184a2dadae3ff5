using Microsoft.Win32.SafeHandles;

namespace Overlay.Dataplane.Interop;

/// <summary>
/// Owner of one descriptor: closed exactly once, at the latest by the finalizer. The fast path uses the bare number (<see cref="Value"/>);
/// whoever hands it to a worker closes it only after the worker gave it back.
/// </summary>
internal sealed class FileDescriptor : SafeHandleMinusOneIsInvalid
{
    private static long _lastId;

    /// <summary>Takes ownership.</summary>
    internal FileDescriptor(int descriptor)
        : base(ownsHandle: true) => SetHandle(descriptor);

    /// <summary>Tells it from every other that this process owns or owned, whatever its number.</summary>
    internal long Id { get; } = Interlocked.Increment(ref _lastId);

    /// <summary>The number; −1 once it is closed.</summary>
    internal int Value => IsClosed ? -1 : (int)handle;

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.Close((int)handle) == 0;
}
