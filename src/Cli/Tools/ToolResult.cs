namespace Overlay.Cli.Tools;

/// <summary>What a command did. <see cref="ExitCode"/> is 127 if it could not be started, 124 if it took too long.</summary>
internal sealed record ToolResult(int ExitCode, string Output, string Error)
{
    public bool IsSuccess => ExitCode == 0;

    /// <summary>The first line of what it complained, or of what it said.</summary>
    public string FirstLine
    {
        get
        {
            string text = string.IsNullOrWhiteSpace(Error) ? Output : Error;
            return text.Trim().Split('\n', 2)[0].Trim();
        }
    }
}
