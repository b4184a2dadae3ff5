using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Overlay.Cli.Screen;
using Overlay.Cli.Tools;

namespace Overlay.Cli.Lab;

/// <summary><c>overlayctl lab ping</c>.</summary>
internal static partial class LabPingVerb
{
    private const int MaxCount = 1000;
    private const string Interval = "0.2";

    public static Verb Create(Terminal terminal, Option<string> name)
    {
        Verb verb = new(
            "ping",
            "Ping every other host from the first, over IPv4 and IPv6. Exit code 3 if some are lost, 1 if a host does not answer at all.",
            "overlayctl lab ping",
            "overlayctl lab ping --count 20 -o json");
        Option<int> count = GlobalOptions.Integer("--count", ["-c"], "Echo requests to each address", "N", 5, 1, MaxCount);
        Option<string> output = GlobalOptions.Output();
        verb.Options.Add(count);
        verb.Options.Add(output);
        verb.SetAction(async (parsed, cancellation) =>
        {
            (LabState? lab, Failure? failure) = LabVerb.Require(parsed.GetRequiredValue(name));
            if (lab is null) return terminal.Fail(failure!);
            if (Tool.Find("ping") is null) return terminal.Fail(new Failure(ExitCode.Failure, "the command ping is missing", "apt-get install --no-install-recommends iputils-ping"));
            List<LabPingResult> results = [];
            foreach (LabVtep to in lab.Vteps.Skip(1))
            {
                results.Add(await PingAsync(lab.Vteps[0], to, to.OverlayV4, parsed.GetValue(count), cancellation));
                results.Add(await PingAsync(lab.Vteps[0], to, to.OverlayV6, parsed.GetValue(count), cancellation));
            }

            if (parsed.GetValue(output) == "json")
            {
                terminal.Out.WriteLine(JsonSerializer.Serialize(new LabPingReport(results), LabJsonContext.Default.LabPingReport));
            }
            else
            {
                Show(results, lab, terminal);
            }

            if (results.Exists(r => r.Received == 0)) return ExitCode.Failure;
            return results.Exists(r => r.Received < r.Sent) ? ExitCode.Degraded : ExitCode.Ok;
        });
        return verb;
    }

    /// <summary>Pings an address from a host and waits for the end.</summary>
    public static async Task<LabPingResult> PingAsync(LabVtep from, LabVtep to, string address, int count, CancellationToken cancellation)
    {
        string number = count.ToString(CultureInfo.InvariantCulture);
        TimeSpan limit = TimeSpan.FromSeconds(10 + (count * 1.2));
        ToolResult result = await Tool.RunAsync(
            "ip", ["netns", "exec", from.Netns, "ping", "-n", "-q", "-c", number, "-i", Interval, "-W", "1", address], limit, cancellation);
        return Parse(result.Output, from.Name, to.Name, address, count);
    }

    /// <summary>Reads the summary of iputils' ping.</summary>
    public static LabPingResult Parse(string output, string from, string to, string address, int count)
    {
        Match counts = CountsPattern().Match(output);
        int sent = counts.Success ? int.Parse(counts.Groups["sent"].ValueSpan, CultureInfo.InvariantCulture) : count;
        int received = counts.Success ? int.Parse(counts.Groups["received"].ValueSpan, CultureInfo.InvariantCulture) : 0;
        Match times = TimesPattern().Match(output);
        double? Milliseconds(string group) => times.Success ? double.Parse(times.Groups[group].ValueSpan, CultureInfo.InvariantCulture) / 1000 : null;
        double loss = sent == 0 ? 1 : 1 - ((double)received / sent);
        return new LabPingResult(from, to, address, sent, received, loss, Milliseconds("min"), Milliseconds("avg"), Milliseconds("max"));
    }

    private static void Show(List<LabPingResult> results, LabState lab, Terminal terminal)
    {
        Table table = new("FROM", "TO", ">SENT", ">RECEIVED", ">LOSS", ">RTT-MIN", ">RTT-AVG", ">RTT-MAX", "ADDRESS");
        foreach (LabPingResult r in results)
        {
            table.Add(
                r.From,
                r.To,
                r.Sent,
                r.Received,
                new Cell(Text.Percent(r.LossRatio), r.LossRatio > 0 ? Tone.Bad : Tone.Good),
                Text.Latency(r.RttMinSeconds),
                Text.Latency(r.RttAvgSeconds),
                Text.Latency(r.RttMaxSeconds),
                r.Address);
        }

        table.WriteTo(terminal);
        foreach (LabPingResult r in results.Where(r => r.Received < r.Sent))
        {
            string socket = LabVerb.Find(lab, r.To)!.Socket;
            terminal.Problem($"{r.Sent - r.Received} of {r.Sent} echoes to {r.Address} were lost", $"overlayctl --socket {socket} drops", Tone.Bad);
        }
    }

    [GeneratedRegex(@"(?<sent>\d+) packets transmitted, (?<received>\d+) received", RegexOptions.NonBacktracking)]
    private static partial Regex CountsPattern();

    [GeneratedRegex(@"rtt min/avg/max/mdev = (?<min>[\d.]+)/(?<avg>[\d.]+)/(?<max>[\d.]+)/", RegexOptions.NonBacktracking)]
    private static partial Regex TimesPattern();
}
