namespace Overlay.Api;

/// <summary>What every answer that is not a success holds.</summary>
public sealed record ErrorResponse
{
    /// <summary>The error.</summary>
    public required ErrorBody Error { get; init; }

    /// <summary>Problems of a configuration, where the error is one; otherwise absent.</summary>
    public IReadOnlyList<ConfigProblem>? Errors { get; init; }
}

/// <summary>An error: a stable code for scripts, a sentence for people.</summary>
public sealed record ErrorBody
{
    /// <summary>Stable, snake case: <c>not_found</c>, <c>method_not_allowed</c>, <c>body_too_large</c>, <c>origin_refused</c>, <c>bad_request</c>,
    /// <c>config_invalid</c>, <c>restart_required</c>, <c>conflict</c>, <c>apply_failed</c>, <c>internal</c>, <c>precondition_required</c>, <c>exists</c>,
    /// <c>in_use</c>, <c>not_editable</c>, <c>from_environment</c>, <c>file_edited</c>, <c>save_failed</c>, <c>too_many_clients</c>.</summary>
    public required string Code { get; init; }

    /// <summary>One sentence, ending with what to do next.</summary>
    public required string Message { get; init; }

    /// <summary>The query field or configuration key at fault, or null.</summary>
    public string? Field { get; init; }
}
