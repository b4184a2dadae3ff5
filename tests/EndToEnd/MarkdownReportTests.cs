using Overlay.EndToEnd.Measuring;
using Overlay.EndToEnd.Reporting;
using Xunit;

namespace Overlay.EndToEnd.Tests;

public sealed class MarkdownReportTests
{
    private static readonly RunReport Report = MakeReport();

    [Fact]
    public void A_cell_has_median_ratio_and_range() =>
        Assert.Contains("| TCP, 1 stream, Gb/s | **10.00** (8.00–12.00) | **9.00** 0.90× (4.00–12.00) |", MarkdownReport.Write(Report), StringComparison.Ordinal);

    [Fact]
    public void A_failure_is_said_and_not_averaged()
    {
        var text = MarkdownReport.Write(Report);
        Assert.Contains("| 64-byte UDP delivered, k/s | **400** 1 failed | – |", text, StringComparison.Ordinal);
        Assert.Contains("- failed: kernel, veth wire, udp64, round 2: nothing arrived", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_goal_is_judged_by_medians_and_shows_what_single_rounds_give() =>
        Assert.Contains("| TCP 1 stream, veth wire | 0.70× | 1.00× | **0.90×** | 0.50×–1.00× | met |", MarkdownReport.Write(Report), StringComparison.Ordinal);

    [Fact]
    public void A_goal_without_figures_is_left_out() => Assert.DoesNotContain("nic wire", MarkdownReport.Write(Report), StringComparison.Ordinal);

    [Fact]
    public void Where_less_is_better_more_than_the_bound_is_missed()
    {
        var goal = Goal.All.First(g => g is { Row: Row.Rtt, Contender: "overlayd-vxlan" });
        Assert.Equal(["reached", "met", "missed"], [goal.Verdict(1.1), goal.Verdict(1.4), goal.Verdict(1.6)]);
    }

    private static RunReport MakeReport()
    {
        var report = new RunReport { Contenders = [new("kernel", "a"), new("overlayd-vxlan", "b")] };
        Add("kernel", Row.Tcp1, Metric.Gbps, 8, 10, 12);
        Add("overlayd-vxlan", Row.Tcp1, Metric.Gbps, 4, 9, 12);
        Add("kernel", Row.Udp64, Metric.Delivered, 400_000);
        report.Add("kernel", Wire.Veth, Row.Udp64, new Sample { Round = 2, Note = "nothing arrived" });
        return report;

        void Add(string contender, Row row, string metric, params double[] values)
        {
            for (var i = 0; i < values.Length; i++)
                report.Add(contender, Wire.Veth, row, new Sample { Round = i + 1, Values = { [metric] = values[i], [Metric.Others] = 0, [Metric.Steal] = 0 } });
        }
    }
}
