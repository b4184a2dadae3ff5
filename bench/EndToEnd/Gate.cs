using System.Globalization;
using System.Text.Json.Nodes;
using Overlay.EndToEnd.Lab;
using Overlay.EndToEnd.Measuring;

namespace Overlay.EndToEnd;

/// <summary>
/// Twenty seconds at full rate in which a daemon may do nothing that grows with the frames: 0 octets allocated for each, no exception (caught ones too), no
/// collection. Not a comparison, so neither alternated nor repeated.
/// </summary>
internal static class Gate
{
    // What the control side does once a second goes on meanwhile, and asking for the status costs something too.
    private const long Background = 256 << 10;

    /// <summary>Runs the gate for every variant asked for (default: VXLAN, and Geneve with options) and prints a table.</summary>
    /// <returns>Whether all passed.</returns>
    public static bool Run(BenchOptions options, CancellationToken cancel)
    {
        var passed = true;
        Console.WriteLine("| overlayd | row | delivered | host | allocated, KiB | octets a frame | exceptions | collections | |");
        Console.WriteLine("|---|---|---|---|---:|---:|---:|---:|---|");
        foreach (var variant in OverlaydVariant.All.Where(v => options.Contenders?.Contains(v.Name) ?? v.Name is "overlayd-vxlan" or "overlayd-options"))
        {
            var contender = new Overlayd(variant, options.Overlayd);
            using var hosts = TwoHosts.Up(contender, Layout.Host, Wire.Veth);
            var meter = new Meter(hosts, new QuietMachine(Durations.Gate.Tries, TimeSpan.FromSeconds(Durations.Gate.Patience), cancel), Durations.Gate, cancel);
            meter.WarmUp();
            foreach (var row in options.Rows ?? [Row.Udp64, Row.Tcp1]) passed &= Passes(contender, meter, row);
        }

        return passed;
    }

    private static bool Passes(Overlayd contender, Meter meter, Row row)
    {
        // The first answers compile what makes them.
        for (var i = 0; i < 3; i++) Read(contender);
        var before = Read(contender);
        var sample = meter.Measure(row);
        var after = Read(contender);
        var all = true;
        foreach (var side in Enum.GetValues<Side>())
        {
            var (allocated, exceptions, collections, frames) = after[(int)side] - before[(int)side];
            var passes = sample.Note is null && frames > 0 && allocated <= Background && exceptions == 0 && collections == 0;
            all &= passes;
            var delivered = sample.Note ?? (double.IsNaN(sample[Metric.Delivered]) ? Text($"{sample[Metric.Gbps]:0.0} Gb/s") : Text($"{sample[Metric.Delivered] / 1000:0} k/s"));
            Console.WriteLine(Text($"| {contender.Name} | {Names.Of(row)} | {delivered} | {Names.Of(side)} | {allocated / 1024.0:0.0} | {allocated / Math.Max(1.0, frames):0.0000} | {exceptions} | {collections} | {(passes ? "passed" : "FAILED")} |"));
        }

        return all;
    }

    private static Reading[] Read(Overlayd contender) =>
        [.. contender.Processes.Select(p => new Reading(p.Status()["runtime"]!, p.Api.Get("/v1/drops")["totals"]!))];

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private readonly record struct Reading(long Allocated, long Exceptions, long Collections, long Frames)
    {
        public Reading(JsonNode runtime, JsonNode totals)
            : this((long)runtime["allocated_bytes"]!, (long)runtime["exception_count"]!, (long)runtime["gc_count"]!, (long)totals["rx"]!["received"]! + (long)totals["tx"]!["received"]!)
        {
        }

        public static Reading operator -(Reading after, Reading before) =>
            new(after.Allocated - before.Allocated, after.Exceptions - before.Exceptions, after.Collections - before.Collections, after.Frames - before.Frames);
    }
}
