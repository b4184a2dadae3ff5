using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Overlay.Api;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Verbs;

/// <summary><c>overlayctl events</c>: what happened, and what happens.</summary>
internal static class EventsVerb
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    public static Verb Create(Terminal terminal)
    {
        Verb verb = new(
            "events",
            "What happened: ports, peers, the underlay, MACs that moved, alarms, the configuration. A daemon keeps the last 4096.",
            "overlayctl events --since 1m",
            "overlayctl events --since 10m --follow",
            "overlayctl events --follow -o json | jq -r 'select(.event == \"peer.down\") | .subject'");
        Option<string?> since = new("--since") { Description = "Only what happened in the last 30s, 5m, 2h, …", HelpName = "TIME" };
        since.Validators.Add(result =>
        {
            if (result.Tokens is [{ } token] && !IsDuration(token.Value)) result.AddError($"--since takes a number with a unit, such as 30s, 5m or 2h, not '{token.Value}'");
        });
        Option<bool> follow = new("--follow", "-f") { Description = "Go on with what comes, over restarts of the daemon too, until interrupted." };
        Option<string> output = GlobalOptions.Output();
        foreach (Option option in (ReadOnlySpan<Option>)[since, follow, output]) verb.Options.Add(option);
        verb.SetAction(async (parsed, cancellation) =>
        {
            using AdminClient client = new(parsed.GetRequiredValue(GlobalOptions.Socket));
            bool isFollowing = parsed.GetValue(follow);
            try
            {
                return await RunAsync(terminal, client, parsed.GetValue(since), isFollowing, parsed.GetValue(output) == "json", cancellation);
            }
            catch (OperationCanceledException) when (isFollowing && cancellation.IsCancellationRequested)
            {
                return ExitCode.Ok;
            }
        });
        return verb;
    }

    private static async Task<int> RunAsync(Terminal terminal, AdminClient client, string? since, bool follow, bool json, CancellationToken cancellation)
    {
        string? last = null;
        bool hasAny = false;
        bool isFirst = true;
        bool isTold = false;
        string first = AdminClient.Resource("v1/events", ("since", since ?? (follow ? null : "720h")), ("follow", follow ? null : "false"));
        while (true)
        {
            (HttpResponseMessage? stream, Failure? failure) = await client.OpenEventsAsync(last is null ? first : "v1/events", last, cancellation);
            if (stream is null)
            {
                // Only the first time is it an error: later it is a restart that is worth waiting for.
                if (isFirst) return terminal.Fail(failure!);
                if (!isTold) terminal.Fail(failure!);
                isTold = true;
                await Task.Delay(Retry, cancellation);
                continue;
            }

            (isFirst, isTold) = (false, false);
            using (stream)
            {
                await foreach ((string? id, string body) in AdminClient.ReadEventsAsync(stream, cancellation))
                {
                    if (!string.IsNullOrEmpty(id)) last = id;
                    hasAny = true;
                    if (json) Json.Print(terminal, body);
                    else Show(terminal, body);
                    if (follow) await terminal.Out.FlushAsync(cancellation);
                }
            }

            if (!follow)
            {
                if (!hasAny && !json) terminal.Problem("nothing happened", client.Hint("events --follow"), Tone.Dim);
                return ExitCode.Ok;
            }

            await Task.Delay(Retry, cancellation);
        }
    }

    private static void Show(Terminal terminal, string body)
    {
        if (ConfigVerb.Parse(body, ApiJsonContext.Default.EventInfo) is not { } e) return;
        string time = e.Time.Length >= 19 ? $"{e.Time[..10]} {e.Time[11..19]}Z" : e.Time;
        terminal.Write(Text.Escape(time), Tone.Dim);
        terminal.Out.Write("  ");
        terminal.Write(Text.Escape(e.Event).PadRight(16), ToneOf(e.Event));
        terminal.Out.WriteLine($"  {Text.Escape(e.Message)}");
    }

    private static Tone ToneOf(string name) => name switch
    {
        "port.down" or "peer.down" or "config.refused" or "mac.frozen" or "alarm.raised" or "storm.began" or "limit.reached" or "peer.unusable" or "lost" or "reset" => Tone.Warn,
        "port.up" or "peer.up" or "ready" or "alarm.cleared" or "storm.ended" or "limit.cleared" or "mac.unfrozen" => Tone.Good,
        _ => Tone.Plain,
    };

    private static bool IsDuration(string text)
    {
        int digits = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        return digits is > 0 and <= 9 && int.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out _) && text[digits..] is "us" or "ms" or "s" or "m" or "h";
    }
}
