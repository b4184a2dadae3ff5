namespace Overlay.Api;

/// <summary>Answer of <c>GET /v1/config</c>.</summary>
public sealed record ConfigResponse
{
    /// <summary>Number of the configuration in force: 1 at start, one more with each reload that took effect.</summary>
    public required long Revision { get; init; }

    /// <summary>The text in force.</summary>
    public required string Yaml { get; init; }

    /// <summary>The file it was read from.</summary>
    public required string Source { get; init; }
}
