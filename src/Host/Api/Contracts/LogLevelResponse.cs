namespace Overlay.Api;

/// <summary>Answer of <c>POST /v1/log/level</c>.</summary>
public sealed record LogLevelResponse
{
    /// <summary>The least level written now: <c>trace</c>, <c>debug</c>, <c>info</c>, <c>warning</c> or <c>error</c>.</summary>
    public required string Level { get; init; }

    /// <summary>What the configuration says, and what the next reload or start brings back.</summary>
    public required string Configured { get; init; }
}
