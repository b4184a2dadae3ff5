namespace Overlay.TestKit.Net;

/// <summary>What a finished program left.</summary>
public sealed record CmdResult(string CommandLine, int ExitCode, string StdOut, string StdErr)
{
    /// <summary>Exit code 0.</summary>
    public bool Ok => ExitCode == 0;

    /// <summary>This result, or an exception with all that the program said.</summary>
    public CmdResult OrThrow() => Ok ? this : throw new InvalidOperationException(ToString());

    /// <inheritdoc/>
    public override string ToString() => $"`{CommandLine}` exited with {ExitCode}\n{StdOut.Trim()}\n{StdErr.Trim()}";
}
