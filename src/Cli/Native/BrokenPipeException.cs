namespace Overlay.Cli.Native;

/// <summary>Nobody reads our output any more: end at once and quietly. No <see cref="IOException"/>, which verbs take for a fault of what they read.</summary>
internal sealed class BrokenPipeException : Exception;
