namespace Overlay.Api;

/// <summary>What the daemon's process uses. The fast path allocates nothing, so what grows here between two requests is the control side's.</summary>
public sealed record RuntimeStatus
{
    /// <summary>Octets allocated on the managed heap since the start (<c>GC.GetTotalAllocatedBytes</c>, precise).</summary>
    public required long AllocatedBytes { get; init; }

    /// <summary>Garbage collections since the start, all generations.</summary>
    public required int GcCount { get; init; }

    /// <summary>Exceptions thrown since the start, caught ones too. Forwarding throws none.</summary>
    public required long ExceptionCount { get; init; }

    /// <summary>Capabilities that the process holds (<c>CAP_NET_ADMIN</c> …), in the kernel's order.</summary>
    public required IReadOnlyList<string> Capabilities { get; init; }

    /// <summary>Resident set in octets.</summary>
    public required long RssBytes { get; init; }

    /// <summary>Processor time that it has used, in seconds: of all threads, in user mode and in the kernel.</summary>
    public double CpuSeconds { get; init; }
}
