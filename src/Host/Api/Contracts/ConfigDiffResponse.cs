namespace Overlay.Api;

/// <summary>Answer of <c>GET /v1/config/diff</c>: the configuration file against what is in force.</summary>
public sealed record ConfigDiffResponse
{
    /// <summary>The revision in force.</summary>
    public required long Revision { get; init; }

    /// <summary>What <c>If-Match</c> takes to mean exactly what is in force.</summary>
    public required string Etag { get; init; }

    /// <summary>The file.</summary>
    public required string Source { get; init; }

    /// <summary>True if the daemon would start with the file as it is now.</summary>
    public required bool FileValid { get; init; }

    /// <summary>True if the file is another than the daemon last read or wrote.</summary>
    public required bool FileEdited { get; init; }

    /// <summary>What is wrong with the file.</summary>
    public required IReadOnlyList<ConfigProblem> Errors { get; init; }

    /// <summary>What a reload of the file would change.</summary>
    public required IReadOnlyList<ConfigEffect> Reload { get; init; }

    /// <summary>What is in force since the file was last read or written, and is not in it: what a restart loses.</summary>
    public required IReadOnlyList<ConfigEffect> Unsaved { get; init; }

    /// <summary>True if a reload would be refused: the file is wrong, or a key changed that needs a restart.</summary>
    public required bool ReloadRefused { get; init; }
}
