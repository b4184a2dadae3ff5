using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Overlay.Api;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Top;

/// <summary><c>overlayctl top</c>.</summary>
internal static class TopVerb
{
    private const string Enter = "\e[?1049h\e[?25l\e[H\e[J";
    private const string Leave = "\e[?25h\e[?1049l";
    private const string Home = "\e[H";
    private const string ClearLine = "\e[K";
    private const string ClearBelow = "\e[J";
    private const int DefaultColumns = 100;

    public static Verb Create(Terminal terminal)
    {
        Verb verb = new(
            "top",
            "What moves now: peers, ports, VNIs and drops by rate, and what the daemon itself takes. Keys: q quits, s sorts, Tab and arrows choose and scroll.",
            "overlayctl top",
            "overlayctl top --interval 5",
            "overlayctl top --once",
            "overlayctl top --once -o json | jq '.peers[] | {name, tx_bps, rx_bps}'");
        Option<bool> once = new("--once") { Description = "Look for one interval, print, and end: for scripts. So it is where there is no terminal." };
        Option<string> output = GlobalOptions.Output();
        (_, Option<double> interval) = GlobalOptions.Watching();
        verb.Options.Add(once);
        verb.Options.Add(output);
        verb.Options.Add(interval);
        verb.SetAction(async (parsed, cancellation) =>
        {
            using AdminClient client = new(parsed.GetRequiredValue(GlobalOptions.Socket));
            TimeSpan period = TimeSpan.FromSeconds(parsed.GetValue(interval));
            bool json = parsed.GetValue(output) == "json";
            return json || parsed.GetValue(once) || !terminal.Live
                ? await OnceAsync(terminal, client, period, json, cancellation)
                : await LiveAsync(terminal, client, period, cancellation);
        });
        return verb;
    }

    private static async Task<int> OnceAsync(Terminal terminal, AdminClient client, TimeSpan period, bool json, CancellationToken cancellation)
    {
        (TopSample? before, Failure? failure) = await LookAsync(client, cancellation);
        if (before is null) return terminal.Fail(failure!);
        await Task.Delay(period, cancellation);
        (TopSample? now, failure) = await LookAsync(client, cancellation);
        if (now is null) return terminal.Fail(failure!);
        TopModel model = TopModel.Of(before, now);
        if (json) terminal.Out.WriteLine(JsonSerializer.Serialize(model, TopJsonContext.Default.TopModel));
        else foreach (string line in TopScreen.Draw(model, new TopKeys(), terminal.Columns ?? DefaultColumns, rows: null, terminal.HasColour).TrimEnd().Split('\n')) terminal.Out.WriteLine(line.TrimEnd());
        return ExitCode.Ok;
    }

    // The screen is the terminal's other one: what was there before comes back, however this ends.
    private static async Task<int> LiveAsync(Terminal terminal, AdminClient client, TimeSpan period, CancellationToken cancellation)
    {
        (TopSample? before, Failure? failure) = await LookAsync(client, cancellation);
        if (before is null) return terminal.Fail(failure!);
        TopKeys keys = new();
        using SemaphoreSlim pressed = new(0);
        ReadKeys(keys, pressed);
        TopModel? model = null;
        TopSample last = before;
        terminal.Out.Write(Enter);
        try
        {
            TimeSpan next = TimeSpan.Zero;
            while (!keys.IsQuit)
            {
                TimeSpan now = Stopwatch.GetElapsedTime(0);
                if (model is null || now >= next)
                {
                    // The first screen comes at once, with rates of a moment only.
                    if (model is null) await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(250, period.TotalMilliseconds)), cancellation);
                    (TopSample? sample, failure) = await LookAsync(client, cancellation);
                    if (sample is not null)
                    {
                        model = TopModel.Of(last, sample);
                        last = sample;
                    }

                    next = now + period;
                }

                Paint(terminal, model, failure, keys);
                TimeSpan wait = next - Stopwatch.GetElapsedTime(0);
                if (wait > TimeSpan.Zero) await pressed.WaitAsync(wait, cancellation);
            }

            return ExitCode.Ok;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return ExitCode.Ok;
        }
        finally
        {
            terminal.Out.Write(Leave);
            await terminal.Out.FlushAsync(CancellationToken.None);
        }
    }

    private static void Paint(Terminal terminal, TopModel? model, Failure? failure, TopKeys keys)
    {
        int rows = Math.Max(12, terminal.Rows ?? 24);
        int columns = Math.Max(40, terminal.Columns ?? DefaultColumns);
        terminal.Out.Write(Home);
        IEnumerable<string> lines = model is null ? [] : TopScreen.Draw(model, keys, columns, failure is null ? rows : rows - 1, terminal.HasColour).TrimEnd('\n').Split('\n');
        if (failure is not null) lines = lines.Prepend($"overlayctl: {Text.Escape(failure.Message)}; waiting for it");
        bool first = true;
        foreach (string line in lines.Take(rows))
        {
            if (!first) terminal.Out.Write('\n');
            first = false;
            terminal.Out.Write(line + ClearLine);
        }

        terminal.Out.Write(ClearBelow);
        terminal.Out.Flush();
    }

    private static async Task<(TopSample? Sample, Failure? Failure)> LookAsync(AdminClient client, CancellationToken cancellation)
    {
        (StatusResponse? status, Failure? failure) = client.Read(await client.GetAsync("v1/status", cancellation), ApiJsonContext.Default.StatusResponse);
        if (status is null) return (null, failure);
        TimeSpan at = Stopwatch.GetElapsedTime(0);
        (DropsResponse? drops, failure) = client.Read(await client.GetAsync("v1/drops", cancellation), ApiJsonContext.Default.DropsResponse);
        return drops is null ? (null, failure) : (new TopSample(status, drops, at), null);
    }

    // A thread of its own sits in the read, so that what is typed is never echoed in between; it ends with the process, which gives the terminal back as it was.
    private static void ReadKeys(TopKeys keys, SemaphoreSlim pressed)
    {
        if (Console.IsInputRedirected) return;
        Thread reader = new(() =>
        {
            try
            {
                while (!keys.IsQuit)
                {
                    if (keys.Press(Console.ReadKey(intercept: true))) pressed.Release();
                }
            }
            catch (Exception e) when (e is InvalidOperationException or IOException or ObjectDisposedException)
            {
                // No terminal to read from any more: it goes on without keys.
            }
        })
        {
            IsBackground = true,
            Name = "keys",
        };
        reader.Start();
    }
}
