using System.Globalization;
using System.Text;
using Overlay.EndToEnd.Lab;
using Overlay.EndToEnd.Measuring;

namespace Overlay.EndToEnd.Reporting;

/// <summary>The tables of a run.</summary>
internal static class MarkdownReport
{
    /// <summary>Writes them: what was asked for and reached, a table for each wire, and how the run went.</summary>
    public static string Write(RunReport report)
    {
        var text = new StringBuilder();
        WriteGoals(text, report);
        foreach (var wire in Enum.GetValues<Wire>()) WriteWire(text, report, wire);
        WriteConditions(text, report);
        return text.ToString();
    }

    private static void WriteGoals(StringBuilder text, RunReport report)
    {
        var rows = Goal.All.Select(g => (Goal: g, Reached: g.Reached(report))).Where(r => double.IsFinite(r.Reached)).ToArray();
        if (rows.Length == 0) return;
        text.Append("| goal | must | reach for | measured | in single rounds | |\n|---|---:|---:|---:|---:|---|\n");
        foreach (var (goal, reached) in rows)
        {
            var (least, greatest) = goal.Range(report);
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {goal.Title} | {goal.Text(goal.Must)} | {goal.Text(goal.Reach)} | **{goal.Text(reached)}** | {goal.Text(least)}–{goal.Text(greatest)} | {goal.Verdict(reached)} |\n");
        }

        text.Append('\n');
    }

    private static void WriteWire(StringBuilder text, RunReport report, Wire wire)
    {
        var names = report.Contenders.Select(c => c.Name).Where(n => report.Results.Exists(s => s.Contender == n && s.Wire == Names.Of(wire))).ToArray();
        if (names.Length == 0) return;
        text.Append(CultureInfo.InvariantCulture, $"| {Names.Of(wire)} wire | {string.Join(" | ", names)} |\n|---|{string.Concat(Enumerable.Repeat("---:|", names.Length))}\n");
        foreach (var measure in Measure.All)
        {
            if (!Array.Exists(names, n => report.Samples(n, wire, measure.Row).Count > 0)) continue;
            text.Append(CultureInfo.InvariantCulture, $"| {measure.Title} | {string.Join(" | ", names.Select(n => Cell(report, measure, n, wire)))} |\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"| daemons' memory, both hosts, MB | {string.Join(" | ", names.Select(n => Memory(report, n, wire)))} |\n\n");
    }

    private static string Cell(RunReport report, Measure measure, string contender, Wire wire)
    {
        var samples = report.Samples(contender, wire, measure.Row);
        if (samples.Count == 0) return "–";
        var values = measure.Values(report, contender, wire);
        if (values.Count == 0) return "failed";
        var median = Statistics.Median(values);
        var text = new StringBuilder($"**{Number(median)}**");
        var baseline = Statistics.Median(measure.Values(report, KernelVxlan.Baseline, wire));
        if (!measure.IsShare && contender != KernelVxlan.Baseline && baseline > 0)
            text.Append(CultureInfo.InvariantCulture, $" {median / baseline:0.00}×");
        if (values.Count > 1) text.Append(CultureInfo.InvariantCulture, $" ({Number(values.Min())}–{Number(values.Max())})");
        if (values.Count < samples.Count) text.Append(CultureInfo.InvariantCulture, $" {samples.Count - values.Count} failed");
        return text.ToString();

        string Number(double value) => value.ToString("F" + measure.Decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }

    private static string Memory(RunReport report, string contender, Wire wire)
    {
        var values = report.Results.Where(s => s.Contender == contender && s.Wire == Names.Of(wire)).SelectMany(s => s.Samples)
            .Select(s => s[Metric.Resident]).Where(double.IsFinite).ToArray();
        return values.Length == 0 ? "–" : values.Max().ToString("0", CultureInfo.InvariantCulture);
    }

    private static void WriteConditions(StringBuilder text, RunReport report)
    {
        var samples = report.Results.SelectMany(s => s.Samples).ToArray();
        if (samples.Length > 0)
        {
            var rounds = samples.Max(s => s.Round);
            text.Append(
                CultureInfo.InvariantCulture,
                $"Medians (least–greatest) of {rounds} alternating {(rounds == 1 ? "round" : "rounds")}; × is the ratio to {KernelVxlan.Baseline} in the same run. {report.Machine}. ");
            text.Append(
                CultureInfo.InvariantCulture,
                $"Processor share of other processes: median {Percent(Statistics.Median(samples.Select(s => s[Metric.Others])))}, worst {Percent(samples.Max(s => s[Metric.Others]))}; stolen: worst {Percent(samples.Max(s => s[Metric.Steal]))}.\n");
            if (report.Quick) text.Append("\nA quick run: it shows that everything works, its figures mean little.\n");
        }

        text.Append('\n');
        foreach (var contender in report.Contenders) text.Append(CultureInfo.InvariantCulture, $"- {contender.Name}: {contender.Description}\n");
        if (report.Versions.Count > 0) text.Append(CultureInfo.InvariantCulture, $"- {string.Join("; ", report.Versions.Select(v => $"{v.Key}: {v.Value}"))}\n");
        foreach (var failure in report.Failures) text.Append(CultureInfo.InvariantCulture, $"- failed: {failure.ReplaceLineEndings(" ")}\n");
    }

    private static string Percent(double share) => share.ToString("0.0 %", CultureInfo.InvariantCulture);
}
