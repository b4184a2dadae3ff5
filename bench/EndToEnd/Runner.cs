using System.Diagnostics;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Overlay.EndToEnd.Lab;
using Overlay.EndToEnd.Measuring;
using Overlay.EndToEnd.Reporting;
using Overlay.TestKit.Net;

namespace Overlay.EndToEnd;

/// <summary>Runs the rounds.</summary>
internal sealed class Runner
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly BenchOptions _options;
    private readonly IReadOnlyList<Station> _stations;
    private readonly CancellationToken _cancel;
    private readonly Durations _durations;
    private readonly QuietMachine _machine;
    private readonly RunReport _report;

    public Runner(BenchOptions options, IReadOnlyList<IContender> contenders, CancellationToken cancel)
    {
        _options = options;
        _cancel = cancel;
        _durations = options.Quick ? Durations.Quick : Durations.Full;
        _machine = new QuietMachine(_durations.Tries, TimeSpan.FromSeconds(_durations.Patience), cancel);
        _stations = Plan.Make(contenders, options);
        var taking = _stations.Select(s => s.Contender).Distinct().ToHashSet();
        _report = new RunReport
        {
            Started = TimeProvider.System.GetUtcNow().ToString("s", CultureInfo.InvariantCulture) + "Z",
            Machine = $"{Environment.ProcessorCount} processors, Linux {Cmd.Run(null, "uname", "-r").StdOut.Trim()}",
            Versions = Versions(),
            Contenders = [.. contenders.Where(taking.Contains).Select(c => new ContenderInfo(c.Name, c.Description))],
            Rounds = options.Rounds ?? (options.Quick ? 1 : 5),
            Quick = options.Quick,
        };
    }

    /// <summary>Runs until the end, or until it is cancelled; what was measured is written either way.</summary>
    /// <returns>False if something failed.</returns>
    public bool Run()
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            for (var round = 1; round <= _report.Rounds; round++)
            {
                foreach (var station in Plan.InOrder(_stations, round)) Visit(station, round);
            }
        }
        catch (OperationCanceledException)
        {
            _report.Failures.Add("the run was interrupted");
        }

        Save();
        Console.WriteLine(MarkdownReport.Write(_report));
        Say($"done in {Stopwatch.GetElapsedTime(started).TotalMinutes:0.0} min");
        return _report.Failures.Count == 0;
    }

    private static void Say(FormattableString line) => Console.Error.WriteLine(FormattableString.Invariant($"== {line.ToString(CultureInfo.InvariantCulture)}"));

    private void Visit(Station station, int round)
    {
        _cancel.ThrowIfCancellationRequested();
        var started = Stopwatch.GetTimestamp();
        List<string> words = [];
        try
        {
            using var hosts = TwoHosts.Up(station.Contender, station.Layout, station.Wire);
            if (!hosts.FullMtuPasses) _report.Failures.Add($"{station.Contender.Name}, {Names.Of(station.Layout)}: packets of {hosts.Mtu} bytes do not cross");
            var meter = new Meter(hosts, _machine, _durations, _cancel);
            meter.WarmUp();
            foreach (var row in station.Rows)
            {
                var sample = meter.Measure(row) with { Round = round };
                _cancel.ThrowIfCancellationRequested();
                _report.Add(station.Contender.Name, station.Wire, row, sample);
                words.Add(Word(row, sample));
            }
        }
        catch (Exception e) when (!_cancel.IsCancellationRequested && e is not OutOfMemoryException)
        {
            _report.Failures.Add($"{station.Contender.Name}, {Names.Of(station.Wire)} wire, {Names.Of(station.Layout)} layout, round {round}: {Brief(e)}");
            words.Add($"FAILED: {Brief(e)}");
        }
        catch (Exception) when (_cancel.IsCancellationRequested)
        {
            // The children got the same signal: whatever failed, failed because of it.
            throw new OperationCanceledException(_cancel);
        }
        finally
        {
            var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            Say($"round {round} {Names.Of(station.Wire)}/{Names.Of(station.Layout)} {station.Contender.Name}: {string.Join(' ', words)} ({seconds:0} s)");
        }

        Save();
    }

    private static string Brief(Exception e)
    {
        const int Longest = 400;
        var text = e.Message.Trim().ReplaceLineEndings(" ");
        return text.Length <= Longest ? text : text[..Longest] + "…";
    }

    private static string Word(Row row, Sample sample)
    {
        if (sample.Note is not null) return $"{Names.Of(row)}=FAILED";
        var measure = Measure.All.First(m => m.Row == row);
        return string.Create(CultureInfo.InvariantCulture, $"{Names.Of(row)}={sample[measure.Metric] * measure.Scale:0.##}");
    }

    private void Save()
    {
        if (_options.Json is { } json) File.WriteAllText(json, JsonSerializer.Serialize(_report, Json) + "\n");
        if (_options.Markdown is { } markdown) File.WriteAllText(markdown, MarkdownReport.Write(_report));
    }

    private SortedDictionary<string, string> Versions() => new(StringComparer.Ordinal)
    {
        ["overlayd"] = FirstLine(_options.Overlayd, "--version"),
        ["iperf3"] = FirstLine("iperf3", "--version"),
        ["ovs"] = FirstLine("ovs-vswitchd", "--version"),
        ["fastd"] = FirstLine("fastd", "--version"),
    };

    private static string FirstLine(string program, string argument) =>
        File.Exists(program) || Requires.Find(program) is not null ? Cmd.Run(null, program, argument).StdOut.Split('\n')[0].Trim() : "not installed";
}
