namespace Overlay.Api;

/// <summary>Answer of a <c>POST /v1/config/reload</c> that took effect.</summary>
public sealed record ConfigReloadResponse
{
    /// <summary>The revision now in force.</summary>
    public required long Revision { get; init; }

    /// <summary>What changed, a line each, for example <c>peer b: changed</c>; empty if nothing did.</summary>
    public required IReadOnlyList<string> Changes { get; init; }

    /// <summary>What had been changed at run time, was not saved, and is undone because the file says otherwise: a line each. Null from a daemon that knows no changes at run time.</summary>
    public IReadOnlyList<string>? Undone { get; init; }

    /// <summary>What is legal but doubtful.</summary>
    public required IReadOnlyList<ConfigProblem> Warnings { get; init; }
}
