namespace Overlay.Api;

/// <summary>Answer of a change at run time: <c>PUT /v1/config</c>, <c>POST</c> and <c>DELETE</c> of <c>/v1/ports</c>, <c>/v1/peers</c>, <c>/v1/macs</c>,
/// and <c>POST /v1/config/save</c>.</summary>
public sealed record ConfigChangeResponse
{
    /// <summary>The revision in force.</summary>
    public required long Revision { get; init; }

    /// <summary>What <c>If-Match</c> takes to mean exactly this configuration.</summary>
    public required string Etag { get; init; }

    /// <summary>True if this says what would be done, and nothing was.</summary>
    public required bool DryRun { get; init; }

    /// <summary>What changed, a line each, for example <c>peer b: added</c>; empty if nothing did.</summary>
    public required IReadOnlyList<string> Changes { get; init; }

    /// <summary>The same changes, with what each does to those who are connected.</summary>
    public required IReadOnlyList<ConfigEffect> Effects { get; init; }

    /// <summary>True if the file holds what is in force: nothing is lost by a restart.</summary>
    public required bool Saved { get; init; }

    /// <summary>Why the file could not be written although that was asked for; null otherwise. The change is in force all the same.</summary>
    public string? SaveError { get; init; }

    /// <summary>What is in force and not in the file, a line each.</summary>
    public required IReadOnlyList<string> Unsaved { get; init; }

    /// <summary>What is legal but doubtful.</summary>
    public required IReadOnlyList<ConfigProblem> Warnings { get; init; }
}
