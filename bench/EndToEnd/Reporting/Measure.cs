using Overlay.EndToEnd.Measuring;

namespace Overlay.EndToEnd.Reporting;

/// <summary>A line of the tables.</summary>
/// <param name="Title">What it is, with its unit.</param>
/// <param name="Row">Where the value comes from.</param>
/// <param name="Metric">Which value of it.</param>
/// <param name="Scale">What the value is multiplied by.</param>
/// <param name="Decimals">Digits after the point.</param>
/// <param name="IsShare">A share of something: a ratio of two of them says nothing.</param>
internal sealed record Measure(string Title, Row Row, string Metric, double Scale, int Decimals, bool IsShare = false)
{
    /// <summary>All lines, in the order of the tables.</summary>
    public static IReadOnlyList<Measure> All { get; } =
    [
        new("TCP, 1 stream, Gb/s", Row.Tcp1, Measuring.Metric.Gbps, 1, 2),
        new("CPU seconds per GB, TCP 1 stream", Row.Tcp1, Measuring.Metric.CpuPerGigabyte, 1, 2),
        new("retransmits, TCP 1 stream", Row.Tcp1, Measuring.Metric.Retransmits, 1, 0, true),
        new("TCP, 4 streams, Gb/s", Row.Tcp4, Measuring.Metric.Gbps, 1, 2),
        new("TCP, both ways, Gb/s", Row.Bidir, Measuring.Metric.Gbps, 1, 2),
        new("bridge topology, TCP, 1 stream, Gb/s", Row.Bridge, Measuring.Metric.Gbps, 1, 2),
        new("64-byte UDP delivered, k/s", Row.Udp64, Measuring.Metric.Delivered, 1e-3, 0),
        new("… offered, k/s", Row.Udp64, Measuring.Metric.Offered, 1e-3, 0, true),
        new("256 flows to 16 VTEPs, 64 bytes, delivered, k/s", Row.Flows, Measuring.Metric.Delivered, 1e-3, 0),
        new("… offered, k/s", Row.Flows, Measuring.Metric.Offered, 1e-3, 0, true),
        new("256 flows to 16 VTEPs, 64/200/1000 bytes, delivered, k/s", Row.Mixed, Measuring.Metric.Delivered, 1e-3, 0),
        new("… offered, k/s", Row.Mixed, Measuring.Metric.Offered, 1e-3, 0, true),
        new("1400-byte UDP delivered, Gb/s", Row.Udp1400, Measuring.Metric.Gbps, 1, 2),
        new("… lost, %", Row.Udp1400, Measuring.Metric.Loss, 100, 1, true),
        new("round trip p50, idle, µs", Row.Rtt, Measuring.Metric.P50, 1, 1),
        new("round trip p99, idle, µs", Row.Rtt, Measuring.Metric.P99, 1, 1),
        new("round trip p50 beside 4 TCP streams, ms", Row.Loaded, Measuring.Metric.P50, 1e-3, 2),
        new("round trip p99 beside 4 TCP streams, ms", Row.Loaded, Measuring.Metric.P99, 1e-3, 2),
        new("… probes lost, %", Row.Loaded, Measuring.Metric.Loss, 100, 1, true),
        new("… the 4 streams, Gb/s", Row.Loaded, Measuring.Metric.Gbps, 1, 2),
    ];

    /// <summary>The values of a contender, scaled, those of failed samples left out.</summary>
    public IReadOnlyList<double> Values(RunReport report, string contender, Wire wire) =>
        [.. report.Samples(contender, wire, Row).Where(s => s.Note is null).Select(s => s[Metric] * Scale).Where(double.IsFinite)];
}
