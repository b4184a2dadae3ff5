using Overlay.Cli.Screen;

namespace Overlay.Cli.Verbs;

/// <summary>Runs a look once, or again and again.</summary>
internal static class Watcher
{
    private const string ClearScreen = "\e[H\e[J";

    /// <summary>
    /// One look: its code. Watching: until interrupted, which is then the proper end (0). Only the first look may end the watch by failing:
    /// a daemon that restarts later is worth waiting for.
    /// </summary>
    public static async Task<int> RunAsync(
        Terminal terminal, bool watch, TimeSpan interval, Func<CancellationToken, Task<Look>> look, CancellationToken cancellation)
    {
        bool first = true;
        try
        {
            while (true)
            {
                Look seen = await look(cancellation);
                if (seen.Failure is { } failure && (first || !watch)) return terminal.Fail(failure);
                if (watch && terminal.Live) terminal.Out.Write(ClearScreen);
                else if (!first && seen.Spaced) terminal.Out.WriteLine();
                if (seen.Failure is { } lost) terminal.Fail(lost);
                else seen.Show?.Invoke();
                if (!watch) return seen.Code;
                await terminal.Out.FlushAsync(cancellation);
                first = false;
                await Task.Delay(interval, cancellation);
            }
        }
        catch (OperationCanceledException) when (watch && cancellation.IsCancellationRequested)
        {
            return ExitCode.Ok;
        }
    }
}
