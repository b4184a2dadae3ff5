using System.Text.Json;
using Overlay.Api;
using Overlay.Cli.Tests.Kit;

namespace Overlay.Cli.Tests.Doctor;

public sealed class ProbeLineTests
{
    private static readonly ProbeInfo Row = new()
    {
        Peer = "b",
        Address = "192.0.2.2",
        Encap = "vxlan",
        Port = 4789,
        Vni = 100,
        State = "answered",
        Sent = 3,
        Answered = 3,
        RttSeconds = 0.00031,
        RxFrames = 5,
    };

    [Fact]
    public async Task VNIs_that_fare_alike_are_one_line()
    {
        string output = await DoctorAsync(new ProbeResponse { Probes = [Row, Row with { Vni = 200, RttSeconds = 0.0002 }], LeftOut = 0, NetworkErrors = None });
        Assert.Contains("peer b, 192.0.2.2:4789 by vxlan, VNI 100, 200: answered in 200us\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_that_does_not_answer_is_told_with_what_else_is_known()
    {
        string output = await DoctorAsync(new ProbeResponse { Probes = [Row with { State = "not_answered", Answered = 0, RttSeconds = null }], LeftOut = 0, NetworkErrors = None });
        Assert.Contains("sent, not answered (peer is not overlayd?); 5 frames came from it, so it is there. Next: overlayctl", output, StringComparison.Ordinal);
        output = await DoctorAsync(new ProbeResponse
        {
            Probes = [Row with { State = "not_answered", Answered = 0, RttSeconds = null, RxFrames = 0 }],
            LeftOut = 3,
            NetworkErrors = new Dictionary<string, long> { ["ECONNREFUSED"] = 3 },
        });
        Assert.Contains("no frame ever came from it; meanwhile the network reported ECONNREFUSED 3 times (nobody listens on that port). Next: ss -lun 'sport = :4789'", output, StringComparison.Ordinal);
        Assert.Contains("3 VNIs and addresses of peers with many were left out", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_local_firewall_is_a_failure_with_the_commands_that_show_it()
    {
        string output = await DoctorAsync(new ProbeResponse { Probes = [Row with { State = "not_sent", Sent = 0, Answered = 0, RttSeconds = null, Reason = "underlay_send_refused" }], LeftOut = 0, NetworkErrors = None });
        Assert.Contains("fail  probe", output, StringComparison.Ordinal);
        Assert.Contains("the output chain of a local firewall drops it. Next: nft list ruleset; iptables -S OUTPUT\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_sent_when_that_is_not_wanted()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/status", 200, Samples.Json(Samples.Status)));
        _ = await Ctl.RunAsync("doctor", "--no-probe", "--socket", daemon.Socket);
        Assert.DoesNotContain("POST /v1/probe", daemon.Requests);
    }

    private static Dictionary<string, long> None => [];

    private static async Task<string> DoctorAsync(ProbeResponse probes)
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(
            ("GET /v1/status", 200, Samples.Json(Samples.Status)), ("POST /v1/probe", 200, JsonSerializer.Serialize(probes, ApiJsonContext.Default.ProbeResponse)));
        return (await Ctl.RunAsync("doctor", "--socket", daemon.Socket)).Out;
    }
}
