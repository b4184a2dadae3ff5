using Overlay.EndToEnd.Measuring;
using Xunit;

namespace Overlay.EndToEnd.Tests;

public sealed class ReadingTests
{
    [Fact]
    public void Both_ways_of_iperf3_are_added_up()
    {
        var sample = IperfReport.Parse("""
            { "end": { "sum_sent": { "retransmits": 3 }, "sum_received": { "bytes": 1e9, "bits_per_second": 8e9 },
                       "sum_sent_bidir_reverse": { "retransmits": 4 }, "sum_received_bidir_reverse": { "bytes": 5e8, "bits_per_second": 4e9 } } }
            """);
        Assert.Null(sample.Note);
        Assert.Equal((12, 1.5, 7), (sample[Metric.Gbps], sample[Metric.Gigabytes], sample[Metric.Retransmits]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{ "error": "unable to connect" }""")]
    [InlineData("""{ "end": { "sum_sent": {}, "sum_received": { "bytes": 0, "bits_per_second": 0 } } }""")]
    public void A_transfer_that_failed_is_a_note_and_never_a_zero(string json)
    {
        var sample = IperfReport.Parse(json);
        Assert.NotNull(sample.Note);
        Assert.True(double.IsNaN(sample[Metric.Gbps]));
    }

    [Fact]
    public void Processor_time_is_busy_idle_or_stolen()
    {
        var time = ProcessorTime.Parse("cpu  100 200 300 4000 500 60 70 8 0 0");
        Assert.Equal(new ProcessorTime(7.3, 45, 0.08), time);
        Assert.Equal(52.38, time.Total, 9);
    }

    [Fact]
    public void A_process_name_may_hold_blanks_and_parentheses()
    {
        var (parent, seconds) = OtherProcesses.Parse("77 (a ) b (c) S 5 77 77 0 -1 4194560 10 0 0 0 100 50 30 20 20 0 1 0 1 1 1");
        Assert.Equal((5, 2.0), (parent, seconds));
    }
}
