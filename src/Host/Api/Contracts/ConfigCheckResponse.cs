namespace Overlay.Api;

/// <summary>Answer of <c>POST /v1/config/check</c> and of <c>overlayd --check FILE -o json</c>.</summary>
public sealed record ConfigCheckResponse
{
    /// <summary>True if the daemon would start with it.</summary>
    public required bool Valid { get; init; }

    /// <summary>What makes it invalid, in the order of the file.</summary>
    public required IReadOnlyList<ConfigProblem> Errors { get; init; }

    /// <summary>What is legal but doubtful.</summary>
    public required IReadOnlyList<ConfigProblem> Warnings { get; init; }
}
