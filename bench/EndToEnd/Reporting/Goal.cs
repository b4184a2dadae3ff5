using System.Globalization;
using Overlay.EndToEnd.Lab;
using Overlay.EndToEnd.Measuring;

namespace Overlay.EndToEnd.Reporting;

/// <summary>What the fast path is to reach, as a ratio to another contender in the same run, or as a value.</summary>
/// <param name="Title">What is compared.</param>
/// <param name="Contender">Whose figure.</param>
/// <param name="Baseline">To whom; null: the value itself is the goal.</param>
/// <param name="Wire">On which wire.</param>
/// <param name="Row">In which row.</param>
/// <param name="Metric">Which value.</param>
/// <param name="Must">The least, or the most, that is acceptable.</param>
/// <param name="Reach">What is hoped for.</param>
/// <param name="Lower">Less is better.</param>
internal sealed record Goal(string Title, string Contender, string? Baseline, Wire Wire, Row Row, string Metric, double Must, double Reach, bool Lower = false)
{
    private const string Ours = "overlayd-vxlan";
    private const double MillisecondsOf = 1e-3;

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Goal> All { get; } =
    [
        new("TCP 1 stream, veth wire", Ours, KernelVxlan.Baseline, Wire.Veth, Row.Tcp1, Measuring.Metric.Gbps, 0.70, 1.0),
        new("TCP 4 streams, veth wire", Ours, KernelVxlan.Baseline, Wire.Veth, Row.Tcp4, Measuring.Metric.Gbps, 0.50, 0.8),
        new("TCP both ways, veth wire", Ours, KernelVxlan.Baseline, Wire.Veth, Row.Bidir, Measuring.Metric.Gbps, 0.50, 0.8),
        new("TCP 1 stream, nic wire", Ours, KernelVxlan.Baseline, Wire.Nic, Row.Tcp1, Measuring.Metric.Gbps, 1.0, 1.2),
        new("TCP 4 streams, nic wire", Ours, KernelVxlan.Baseline, Wire.Nic, Row.Tcp4, Measuring.Metric.Gbps, 0.75, 1.0),
        new("64-byte UDP delivered, one flow", Ours, KernelVxlan.Baseline, Wire.Veth, Row.Udp64, Measuring.Metric.Delivered, 1.8, 2.5),
        new("64-byte UDP, 256 flows to 16 VTEPs", Ours, KernelVxlan.Baseline, Wire.Veth, Row.Flows, Measuring.Metric.Delivered, 1.4, 2.2),
        new("64/200/1000-byte UDP, 256 flows to 16 VTEPs", Ours, KernelVxlan.Baseline, Wire.Veth, Row.Mixed, Measuring.Metric.Delivered, 1.2, 1.6),
        new("1400-byte UDP delivered", Ours, KernelVxlan.Baseline, Wire.Veth, Row.Udp1400, Measuring.Metric.Delivered, 1.2, 2.0),
        new("round trip p50, idle", Ours, KernelVxlan.Baseline, Wire.Veth, Row.Rtt, Measuring.Metric.P50, 1.5, 1.2, true),
        new("round trip p50, idle, 30 µs spin", "overlayd-spin", KernelVxlan.Baseline, Wire.Veth, Row.Rtt, Measuring.Metric.P50, 0.6, 0.4, true),
        new("round trip p50 under 4 TCP streams, ms", Ours, null, Wire.Veth, Row.Loaded, Measuring.Metric.P50, 0.6, 0.3, true),
        new("round trip p99 under 4 TCP streams, ms", Ours, null, Wire.Veth, Row.Loaded, Measuring.Metric.P99, 6, 2, true),
        new("CPU seconds per GB, TCP 1 stream", Ours, KernelVxlan.Baseline, Wire.Veth, Row.Tcp1, Measuring.Metric.CpuPerGigabyte, 2.2, 1.5, true),
        new("Geneve with options, TCP 1 stream", "overlayd-options", Ours, Wire.Veth, Row.Tcp1, Measuring.Metric.Gbps, 0.95, 1.0),
        new("Geneve with options, 64-byte UDP", "overlayd-options", Ours, Wire.Veth, Row.Udp64, Measuring.Metric.Delivered, 0.95, 1.0),
        new("IPv6 underlay, TCP 1 stream", "overlayd-ipv6", Ours, Wire.Veth, Row.Tcp1, Measuring.Metric.Gbps, 0.9, 1.0),
        new("IPv6 underlay, 64-byte UDP", "overlayd-ipv6", Ours, Wire.Veth, Row.Udp64, Measuring.Metric.Delivered, 0.9, 1.0),
        new("bridge topology, TCP 1 stream", Ours, KernelVxlan.Baseline, Wire.Veth, Row.Bridge, Measuring.Metric.Gbps, 0.6, 0.9),
        .. Against("ovs"),
        .. Against("fastd"),
    ];

    /// <summary>The ratio, or the value, from the medians; not a number if one of them is missing.</summary>
    public double Reached(RunReport report)
    {
        var own = Statistics.Median(Rounds(report, Contender).Values);
        return Baseline is null ? own * MillisecondsOf : own / Statistics.Median(Rounds(report, Baseline).Values);
    }

    /// <summary>The least and the greatest that a single round gives: what cannot be told from noise lies between them.</summary>
    public (double Least, double Greatest) Range(RunReport report)
    {
        var own = Rounds(report, Contender);
        var each = Baseline is null
            ? [.. own.Values.Select(v => v * MillisecondsOf)]
            : Rounds(report, Baseline).Where(b => own.ContainsKey(b.Key)).Select(b => own[b.Key] / b.Value).ToArray();
        return each.Length == 0 ? (double.NaN, double.NaN) : (each.Min(), each.Max());
    }

    /// <summary>A word on a figure.</summary>
    public string Verdict(double reached) => (Lower ? reached <= Reach : reached >= Reach) ? "reached" : (Lower ? reached <= Must : reached >= Must) ? "met" : "missed";

    /// <summary>A figure of this goal as text.</summary>
    public string Text(double value) => value.ToString("0.00", CultureInfo.InvariantCulture) + (Baseline is null ? " ms" : "×");

    private static Goal[] Against(string other) =>
    [
        new($"TCP 1 stream, against {other}", Ours, other, Wire.Veth, Row.Tcp1, Measuring.Metric.Gbps, 8, 8),
        new($"64-byte UDP delivered, against {other}", Ours, other, Wire.Veth, Row.Udp64, Measuring.Metric.Delivered, 2, 2),
        new($"256 flows to 16 VTEPs, against {other}", Ours, other, Wire.Veth, Row.Flows, Measuring.Metric.Delivered, 2, 2),
        new($"round trip p50, idle, against {other}", Ours, other, Wire.Veth, Row.Rtt, Measuring.Metric.P50, 0.7, 0.7, true),
    ];

    private Dictionary<int, double> Rounds(RunReport report, string contender) =>
        report.Samples(contender, Wire, Row).Where(s => s.Note is null && double.IsFinite(s[Metric])).ToDictionary(s => s.Round, s => s[Metric]);
}
