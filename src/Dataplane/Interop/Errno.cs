using System.Globalization;

namespace Overlay.Dataplane.Interop;

/// <summary>Linux error numbers (asm-generic), and what they mean to an operator.</summary>
internal static class Errno
{
    internal const int Perm = 1;
    internal const int NoEntry = 2;
    internal const int Interrupted = 4;
    internal const int InputOutput = 5;
    internal const int BadDescriptor = 9;
    internal const int Again = 11;
    internal const int NoMemory = 12;
    internal const int Access = 13;
    internal const int Busy = 16;
    internal const int NoDevice = 19;
    internal const int Invalid = 22;
    internal const int TooManyFiles = 24;
    internal const int NotImplemented = 38;
    internal const int MessageTooLong = 90;
    internal const int AddressInUse = 98;
    internal const int AddressNotAvailable = 99;
    internal const int NotSupported = 95;
    internal const int NetworkDown = 100;
    internal const int NoBuffers = 105;
    internal const int ConnectionRefused = 111;

    /// <summary>A sentence fragment for a negative result.</summary>
    internal static string Describe(int negative) => -negative switch
    {
        Perm => "operation not permitted (CAP_NET_ADMIN is missing)",
        NoEntry => "no such file",
        Access => "permission denied",
        Busy => "device is in use by another process",
        NoDevice => "no such device",
        Invalid => "invalid argument (flags of the existing device differ?)",
        TooManyFiles => "too many open files (raise LimitNOFILE)",
        AddressInUse => "address already in use",
        AddressNotAvailable => "address not available",
        NoMemory => "out of memory",
        int other => string.Create(CultureInfo.InvariantCulture, $"errno {other}"),
    };
}
