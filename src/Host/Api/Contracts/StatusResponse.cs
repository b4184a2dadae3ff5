namespace Overlay.Api;

/// <summary>Answer of <c>GET /v1/status</c>.</summary>
public sealed record StatusResponse
{
    /// <summary><c>ok</c>, <c>degraded</c> or <c>down</c>.</summary>
    public required string Verdict { get; init; }

    /// <summary>Why it is not <c>ok</c>: a sentence each, ending with the next command to run.</summary>
    public required IReadOnlyList<string> Reasons { get; init; }

    /// <summary>The node's name.</summary>
    public required string Node { get; init; }

    /// <summary>The daemon's version.</summary>
    public required string Version { get; init; }

    /// <summary>Seconds since it began to forward.</summary>
    public required double UptimeSeconds { get; init; }

    /// <summary>Revision of the configuration in force.</summary>
    public required long Revision { get; init; }

    /// <summary>The daemon's process id.</summary>
    public required int Pid { get; init; }

    /// <summary>Local VTEP addresses.</summary>
    public required IReadOnlyList<LocalAddressStatus> Local { get; init; }

    /// <summary>Remote VTEPs, by name.</summary>
    public required IReadOnlyList<PeerStatus> Peers { get; init; }

    /// <summary>VNIs, ascending.</summary>
    public required IReadOnlyList<VniStatus> Vnis { get; init; }

    /// <summary>Ports, by name.</summary>
    public required IReadOnlyList<PortStatus> Ports { get; init; }

    /// <summary>Control planes.</summary>
    public required IReadOnlyList<PlaneStatus> Planes { get; init; }

    /// <summary>Alarms in force: a sentence each.</summary>
    public required IReadOnlyList<string> Alarms { get; init; }

    /// <summary>Changes at run time that are in force and not in the file: a line each. Null from a daemon that knows no such changes.</summary>
    public IReadOnlyList<string>? Unsaved { get; init; }

    /// <summary>The process itself.</summary>
    public RuntimeStatus? Runtime { get; init; }
}
