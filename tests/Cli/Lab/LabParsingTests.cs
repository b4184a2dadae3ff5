using Overlay.Cli.Lab;

namespace Overlay.Cli.Tests.Lab;

public sealed class LabParsingTests
{
    private const string PingOutput = """
        PING 10.90.0.2 (10.90.0.2) 56(84) bytes of data.

        --- 10.90.0.2 ping statistics ---
        5 packets transmitted, 4 received, 20% packet loss, time 812ms
        rtt min/avg/max/mdev = 0.210/0.310/0.500/0.034 ms
        """;

    [Fact]
    public void A_ping_gives_counts_loss_and_times()
    {
        LabPingResult result = LabPingVerb.Parse(PingOutput, "a", "b", "10.90.0.2", 5);
        Assert.Equal((5, 4), (result.Sent, result.Received));
        Assert.Equal(0.2, result.LossRatio, 6);
        Assert.Equal(0.00031, result.RttAvgSeconds!.Value, 9);
    }

    [Fact]
    public void A_ping_that_said_nothing_lost_everything()
    {
        LabPingResult result = LabPingVerb.Parse("ping: connect: Network is unreachable", "a", "b", "10.90.0.2", 5);
        Assert.Equal((5, 0, 1.0), (result.Sent, result.Received, result.LossRatio));
        Assert.Null(result.RttAvgSeconds);
    }

    [Fact]
    public void Iperf_gives_what_was_received()
    {
        const string Json = """
            {"start":{},"end":{"sum_sent":{"bytes":1010,"retransmits":3},"sum_received":{"seconds":2.0,"bytes":1000,"bits_per_second":4000.0}}}
            """;
        (LabIperfReport? report, _) = LabIperfVerb.Parse(Json, "a", "b", 1);
        Assert.Equal(new LabIperfReport("a", "b", 1, 2.0, 1000, 4000.0, 3), report);
    }

    [Theory]
    [InlineData("""{"start":{},"error":"unable to connect to server"}""", "unable to connect to server")]
    [InlineData("""{"end":{}}""", "its answer was not understood")]
    [InlineData("nonsense", "its answer was not understood")]
    public void Iperf_without_a_measurement_is_a_problem_not_a_number(string json, string problem) =>
        Assert.Equal((null, problem), LabIperfVerb.Parse(json, "a", "b", 1));

    [Theory]
    [InlineData("ovl", true)]
    [InlineData("x1", true)]
    [InlineData("", false)]
    [InlineData("1x", false)]
    [InlineData("UPPER", false)]
    [InlineData("../etc", false)]
    [InlineData("ninechars", false)]
    public void A_lab_is_named_so_that_it_can_be_part_of_a_path(string name, bool valid) => Assert.Equal(valid, LabPlan.IsName(name));
}
