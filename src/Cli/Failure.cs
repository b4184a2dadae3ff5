namespace Overlay.Cli;

/// <summary>A condition that ends a verb: the exit code, a sentence without its full stop, and the command to run next.</summary>
internal sealed record Failure(int Code, string Message, string Next);
