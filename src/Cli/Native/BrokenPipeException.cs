namespace Overlay.Cli.Native;

/// <summary>Nobody reads our output any more: end at once and quietly.</summary>
internal sealed class BrokenPipeException : IOException;
