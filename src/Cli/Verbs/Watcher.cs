using System.Text;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Verbs;

/// <summary>Runs a look once, or again and again.</summary>
internal static class Watcher
{
    private const string Home = "\e[H";
    private const string ClearLine = "\e[K";
    private const string ClearBelow = "\e[J";
    private const string HideCursor = "\e[?25l";
    private const string ShowCursor = "\e[?25h";

    /// <summary>
    /// One look: its code. Watching: until interrupted, which is then the proper end (0). Only the first look may end the watch by failing:
    /// a daemon that restarts later is worth waiting for.
    /// </summary>
    public static async Task<int> RunAsync(
        Terminal terminal, bool watch, TimeSpan interval, Func<CancellationToken, Task<Look>> look, CancellationToken cancellation)
    {
        bool first = true;
        bool paint = watch && terminal.Live;
        try
        {
            while (true)
            {
                Look seen = await look(cancellation);
                if (seen.Failure is { } failure && (first || !watch)) return terminal.Fail(failure);
                if (paint && seen.Spaced) Paint(terminal, seen, first);
                else Print(terminal, seen, first);
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
        finally
        {
            if (paint)
            {
                terminal.Out.Write(ShowCursor);
                await terminal.Out.FlushAsync(CancellationToken.None);
            }
        }
    }

    private static void Print(Terminal terminal, Look seen, bool first)
    {
        if (!first && seen.Spaced) terminal.Out.WriteLine();
        if (seen.Failure is { } lost) terminal.Fail(lost);
        else seen.Show?.Invoke();
    }

    // Over what is there, line by line, and in one piece: nothing is blank in between. What the terminal has no rows for is left out and said.
    private static void Paint(Terminal terminal, Look seen, bool first)
    {
        string text = terminal.Capture(() =>
        {
            if (seen.Failure is { } lost) terminal.Problem(lost.Message, lost.Next, Tone.Bad);
            else seen.Show?.Invoke();
        });
        string[] lines = text.TrimEnd('\n').Split('\n');
        int room = Math.Max(2, terminal.Rows ?? int.MaxValue) - 1;
        StringBuilder frame = new(first ? HideCursor + Home + ClearBelow : Home, text.Length + 64);
        int shown = lines.Length <= room ? lines.Length : room - 1;
        for (int i = 0; i < shown; i++) frame.Append(lines[i]).Append(ClearLine).Append('\n');
        if (shown < lines.Length) frame.Append($"({Text.Count(lines.Length - shown, "more line")}: a taller terminal, or without --watch)").Append(ClearLine).Append('\n');
        terminal.Out.Write(frame.Append(ClearBelow).ToString());
    }
}
