namespace Overlay.Api;

/// <summary>Answer of <c>GET /v1/config</c>.</summary>
public sealed record ConfigResponse
{
    /// <summary>Number of the configuration in force: 1 at start, one more with each reload or change that took effect.</summary>
    public required long Revision { get; init; }

    /// <summary>The text in force.</summary>
    public required string Yaml { get; init; }

    /// <summary>The file it was read from.</summary>
    public required string Source { get; init; }

    /// <summary>What <c>If-Match</c> takes to mean exactly this configuration; the same as the header <c>ETag</c>, without its quotes.</summary>
    public required string Etag { get; init; }

    /// <summary>True if the file holds what is in force, as far as the daemon knows.</summary>
    public required bool Saved { get; init; }
}
