namespace Overlay.Api;

/// <summary>Answer of <c>GET /v1/fdb/why</c>.</summary>
public sealed record FdbWhyResponse
{
    /// <summary>The VNI asked for.</summary>
    public required int Vni { get; init; }

    /// <summary>The MAC asked for.</summary>
    public required string Mac { get; init; }

    /// <summary>Where a frame to it goes and why, in a sentence.</summary>
    public required string Verdict { get; init; }

    /// <summary>The candidate in force, or null.</summary>
    public FdbCandidate? Winner { get; init; }

    /// <summary>All candidates, the winner first.</summary>
    public required IReadOnlyList<FdbCandidate> Candidates { get; init; }

    /// <summary>Moves of the MAC that are remembered.</summary>
    public required int Moves { get; init; }

    /// <summary>What happens to a frame while there is no candidate: <c>flood</c>, <c>drop</c>, <c>asks</c> (a control plane is asked and the frame waits), or <c>nobody has it</c> (the answer to that, for a while: as unknown unicast); null if the VNI is unknown.</summary>
    public string? OnMiss { get; init; }
}

/// <summary>Somebody's claim to know where a MAC is.</summary>
public sealed record FdbCandidate
{
    /// <summary>Its origin.</summary>
    public required string Origin { get; init; }

    /// <summary>The plane that gave it, or null (learned, local).</summary>
    public string? Plane { get; init; }

    /// <summary>The local port, or null.</summary>
    public string? Port { get; init; }

    /// <summary>The remote VTEP, or null.</summary>
    public string? Peer { get; init; }

    /// <summary>The outer destination address, or null.</summary>
    public string? Address { get; init; }

    /// <summary><c>vxlan</c> or <c>geneve</c>, or null.</summary>
    public string? Encap { get; init; }

    /// <summary>MAC mobility sequence.</summary>
    public uint Sequence { get; init; }

    /// <summary>It does not move by learning.</summary>
    public bool Sticky { get; init; }

    /// <summary>Its plane is out of touch.</summary>
    public bool Stale { get; init; }

    /// <summary>Seconds since it was given or last seen.</summary>
    public double? AgeSeconds { get; init; }

    /// <summary>True for the one in force.</summary>
    public bool Wins { get; init; }

    /// <summary>The rule by which it won or lost, in a sentence.</summary>
    public required string Why { get; init; }
}
