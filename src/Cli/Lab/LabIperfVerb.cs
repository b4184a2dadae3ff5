using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Overlay.Cli.Screen;
using Overlay.Cli.Tools;

namespace Overlay.Cli.Lab;

/// <summary><c>overlayctl lab iperf</c>: one TCP measurement between the first two hosts, by Debian's iperf3.</summary>
internal static class LabIperfVerb
{
    private const int MaxSeconds = 60;
    private const int MaxStreams = 16;
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    public static Verb Create(Terminal terminal, Option<string> name)
    {
        Verb verb = new(
            "iperf",
            "Send TCP from host a to host b through the overlay and say how fast it went.",
            "overlayctl lab iperf",
            "overlayctl lab iperf --time 10 --parallel 4",
            "overlayctl lab iperf --reverse -o json");
        Option<int> seconds = GlobalOptions.Integer("--time", ["-t"], "Seconds", "S", 3, 1, MaxSeconds);
        Option<int> streams = GlobalOptions.Integer("--parallel", ["-P"], "TCP streams", "N", 1, 1, MaxStreams);
        Option<bool> reverse = new("--reverse", "-R") { Description = "From b to a." };
        Option<string> output = GlobalOptions.Output();
        verb.Options.Add(seconds);
        verb.Options.Add(streams);
        verb.Options.Add(reverse);
        verb.Options.Add(output);
        verb.SetAction(async (parsed, cancellation) =>
        {
            (LabState? lab, Failure? failure) = LabVerb.Require(parsed.GetRequiredValue(name));
            if (lab is null) return terminal.Fail(failure!);
            if (Tool.Find("iperf3") is null) return terminal.Fail(new Failure(ExitCode.Failure, "the command iperf3 is missing", "apt-get install --no-install-recommends iperf3"));
            (LabVtep from, LabVtep to) = parsed.GetValue(reverse) ? (lab.Vteps[1], lab.Vteps[0]) : (lab.Vteps[0], lab.Vteps[1]);
            (LabIperfReport? report, string problem) = await MeasureAsync(from, to, parsed.GetValue(seconds), parsed.GetValue(streams), cancellation);
            if (report is null) return terminal.Fail(new Failure(ExitCode.Failure, $"iperf3 from {from.Name} to {to.Name}: {problem}", LabVerb.Hint(lab.Name, "ping")));
            if (parsed.GetValue(output) == "json") terminal.Out.WriteLine(JsonSerializer.Serialize(report, LabJsonContext.Default.LabIperfReport));
            else Show(report, terminal);
            return ExitCode.Ok;
        });
        return verb;
    }

    /// <summary>Reads iperf3's JSON; null and its error if it measured nothing.</summary>
    public static (LabIperfReport? Report, string Problem) Parse(string json, string from, string to, int streams)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            if (document.RootElement.TryGetProperty("error", out JsonElement error)) return (null, error.GetString() ?? "no reason given");
            JsonElement end = document.RootElement.GetProperty("end");
            JsonElement received = end.GetProperty("sum_received");
            long? retransmits = end.GetProperty("sum_sent").TryGetProperty("retransmits", out JsonElement value) ? value.GetInt64() : null;
            return (
                new LabIperfReport(
                    from,
                    to,
                    streams,
                    received.GetProperty("seconds").GetDouble(),
                    received.GetProperty("bytes").GetInt64(),
                    received.GetProperty("bits_per_second").GetDouble(),
                    retransmits),
                string.Empty);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return (null, "its answer was not understood");
        }
    }

    private static async Task<(LabIperfReport? Report, string Problem)> MeasureAsync(
        LabVtep from, LabVtep to, int seconds, int streams, CancellationToken cancellation)
    {
        using Process? server = Tool.Start("ip", ["netns", "exec", to.Netns, "iperf3", "--server", "--one-off", "--forceflush", "--bind", to.OverlayV4], redirect: true);
        if (server is null) return (null, "ip could not be started");
        try
        {
            using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            limit.CancelAfter(Grace);
            while (await server.StandardOutput.ReadLineAsync(limit.Token) is { } line)
            {
                if (line.Contains("listening", StringComparison.Ordinal)) break;
            }

            if (server.HasExited) return (null, (await server.StandardError.ReadToEndAsync(cancellation)).Trim());
            string time = seconds.ToString(CultureInfo.InvariantCulture);
            string parallel = streams.ToString(CultureInfo.InvariantCulture);
            ToolResult result = await Tool.RunAsync(
                "ip",
                ["netns", "exec", from.Netns, "iperf3", "--client", to.OverlayV4, "--time", time, "--parallel", parallel, "--connect-timeout", "3000", "--json"],
                TimeSpan.FromSeconds(seconds) + Grace,
                cancellation);
            return result.Output.Length == 0 ? (null, result.FirstLine) : Parse(result.Output, from.Name, to.Name, streams);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return (null, "the server did not start");
        }
        finally
        {
            if (!server.HasExited) Tool.Kill(server);
        }
    }

    private static void Show(LabIperfReport r, Terminal terminal)
    {
        Table table = new("FROM", "TO", ">STREAMS", ">SECONDS", ">MBYTES", ">GBIT/S", ">RETRANSMITS");
        table.Add(
            r.From,
            r.To,
            r.Streams,
            r.Seconds.ToString("0.0", CultureInfo.InvariantCulture),
            (r.Bytes / 1e6).ToString("0.0", CultureInfo.InvariantCulture),
            (r.BitsPerSecond / 1e9).ToString("0.00", CultureInfo.InvariantCulture),
            Text.Number(r.Retransmits));
        table.WriteTo(terminal);
    }
}
