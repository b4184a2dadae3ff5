namespace Overlay.Api;

/// <summary>Answer of <c>GET /v1/control/guard</c>: what the mass-withdraw guard holds.</summary>
public sealed record GuardResponse
{
    /// <summary>The control planes.</summary>
    public required IReadOnlyList<GuardInfo> Planes { get; init; }
}

/// <summary>A control plane and what of it is held.</summary>
public sealed record GuardInfo
{
    /// <summary>Its name.</summary>
    public required string Plane { get; init; }

    /// <summary>False for the configuration file, where <c>stale_hold</c> is 0, and while <c>control.guard</c> is off.</summary>
    public required bool Guarded { get; init; }

    /// <summary>MAC and flood routes and neighbours it has given.</summary>
    public required int Entries { get; init; }

    /// <summary>Those that were taken back and are held: in force, stale.</summary>
    public required int Held { get; init; }

    /// <summary>For how long something is held; null if nothing is.</summary>
    public double? HeldSeconds { get; init; }

    /// <summary>When it goes, if nobody gives it again; null if nothing is held.</summary>
    public double? LeftSeconds { get; init; }

    /// <summary>Entries held since the start.</summary>
    public required long HeldTotal { get; init; }

    /// <summary>Held entries that were given again.</summary>
    public required long GivenAgain { get; init; }

    /// <summary>Held entries that went because the time was over, or because few were left.</summary>
    public required long Released { get; init; }

    /// <summary>Held entries that an operator let go.</summary>
    public required long Approved { get; init; }
}
