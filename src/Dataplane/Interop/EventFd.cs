namespace Overlay.Dataplane.Interop;

/// <summary>A wake-up that can be waited for together with other descriptors. Any thread may set it; it is level-triggered until cleared.</summary>
internal sealed unsafe class EventFd : IDisposable
{
    private readonly FileDescriptor _descriptor;

    /// <summary>Makes one, unset.</summary>
    /// <exception cref="IOException">No descriptor is left.</exception>
    internal EventFd()
    {
        int result = Libc.Result(Libc.EventFd(0, LinuxConstants.TypeNonBlock | LinuxConstants.TypeCloseOnExec));
        if (result < 0)
            throw new IOException("eventfd: " + Errno.Describe(result));
        _descriptor = new FileDescriptor(result);
    }

    /// <summary>What to wait on.</summary>
    internal int Descriptor => _descriptor.Value;

    /// <summary>Wakes the waiter. Harmless once disposed.</summary>
    internal void Set()
    {
        bool referenced = false;
        try
        {
            _descriptor.DangerousAddRef(ref referenced);
            ulong one = 1;
            _ = Libc.Write(_descriptor.Value, &one, sizeof(ulong));
        }
        catch (ObjectDisposedException)
        {
            // The waiter is gone: there is nobody to wake.
        }
        finally
        {
            if (referenced)
                _descriptor.DangerousRelease();
        }
    }

    /// <summary>Clears it.</summary>
    internal void Clear()
    {
        ulong value;
        _ = Libc.Read(_descriptor.Value, &value, sizeof(ulong));
    }

    /// <inheritdoc/>
    public void Dispose() => _descriptor.Dispose();
}
