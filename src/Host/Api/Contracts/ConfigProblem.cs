namespace Overlay.Api;

/// <summary>Something wrong (or doubtful) in a configuration file.</summary>
public sealed record ConfigProblem
{
    /// <summary>The file, or <c>environment</c>.</summary>
    public required string File { get; init; }

    /// <summary>Line, from 1; 0 when the file as a whole is meant.</summary>
    public required int Line { get; init; }

    /// <summary>Column, from 1; 0 when the file as a whole is meant.</summary>
    public required int Column { get; init; }

    /// <summary>Key path, for example <c>peers[2].vnis[0].encap</c>; empty when the file as a whole is meant.</summary>
    public required string Key { get; init; }

    /// <summary>What is wrong, what was expected, what to do.</summary>
    public required string Message { get; init; }
}
