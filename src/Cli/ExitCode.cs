namespace Overlay.Cli;

/// <summary>Exit codes, the same for every verb.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    public const int Failure = 1;

    /// <summary>Wrong usage, or a configuration that is refused.</summary>
    public const int Usage = 2;

    /// <summary>Degraded, or the daemon is not running.</summary>
    public const int Degraded = 3;

    /// <summary>Ended by SIGINT, as a shell reports it.</summary>
    public const int Interrupted = 130;

    /// <summary>The reader of our output went away, as a shell reports SIGPIPE.</summary>
    public const int BrokenPipe = 141;
}
