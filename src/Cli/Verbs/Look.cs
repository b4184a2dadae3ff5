namespace Overlay.Cli.Verbs;

/// <summary>What one look at the daemon gave: how to show it and the exit code, or why there is nothing to show.</summary>
internal sealed record Look(int Code, Action? Show, Failure? Failure, bool Spaced = true);
