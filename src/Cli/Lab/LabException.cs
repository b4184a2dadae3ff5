namespace Overlay.Cli.Lab;

/// <summary>A step of the lab failed; what was made so far is taken down again. <paramref name="next"/> is the command to run.</summary>
internal sealed class LabException(string message, string next) : Exception(message)
{
    public string Next { get; } = next;
}
