namespace Overlay.Dataplane.Interop;

/// <summary>Descriptors that another process opened: what they are, and what is set on them. Not on a fast path.</summary>
internal static unsafe class Descriptors
{
    /// <summary>
    /// Whether a descriptor is open and was given to us across an exec. What this process opened itself, and the runtime before it, is closed on exec, and what a supervisor passes
    /// cannot be.
    /// </summary>
    internal static bool IsInherited(int descriptor)
    {
        int flags = Libc.Result(Libc.FControl(descriptor, LinuxConstants.GetDescriptorFlags, 0));
        return flags >= 0 && (flags & LinuxConstants.DescriptorCloseOnExec) == 0;
    }

    /// <summary>Whether something waits to be read from a descriptor at this moment.</summary>
    internal static bool IsReadable(int descriptor)
    {
        // struct pollfd { int fd; short events; short revents; }
        long poll = (uint)descriptor | ((long)LinuxConstants.PollIn << 32);
        return Libc.Poll(&poll, 1, 0) > 0;
    }

    /// <summary>Makes a descriptor non-blocking and closed on exec. 0, or a negative errno.</summary>
    internal static int Assert(int descriptor)
    {
        int result = SetCloseOnExec(descriptor);
        if (result < 0)
            return result;
        result = Libc.Result(Libc.FControl(descriptor, LinuxConstants.GetStatusFlags, 0));
        return result < 0 ? result : Math.Min(Libc.Result(Libc.FControl(descriptor, LinuxConstants.SetStatusFlags, result | LinuxConstants.OpenNonBlock)), 0);
    }

    /// <summary>Closes a descriptor on exec. 0, or a negative errno.</summary>
    internal static int SetCloseOnExec(int descriptor) =>
        Math.Min(Libc.Result(Libc.FControl(descriptor, LinuxConstants.SetDescriptorFlags, LinuxConstants.DescriptorCloseOnExec)), 0);

    /// <summary>An integer socket option; null if it is no socket or has no such option.</summary>
    internal static int? Option(int descriptor, int level, int option)
    {
        int value = 0;
        uint length = sizeof(int);
        return Libc.GetSockOpt(descriptor, level, option, &value, &length) < 0 ? null : value;
    }

    /// <summary>A socket option of 64 bits; null if it is no socket or has no such option.</summary>
    internal static ulong? LongOption(int descriptor, int level, int option)
    {
        ulong value = 0;
        uint length = sizeof(ulong);
        return Libc.GetSockOpt(descriptor, level, option, &value, &length) < 0 || length != sizeof(ulong) ? null : value;
    }

    /// <summary>A file that has no name, in memory; or a negative errno.</summary>
    internal static int MakeMemoryFile(ReadOnlySpan<byte> name)
    {
        fixed (byte* p = name)
            return Libc.Result(Libc.MemFdCreate(p, LinuxConstants.MemFdCloseOnExec));
    }
}
