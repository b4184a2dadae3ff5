using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Overlay.Host.Tests.Composition;

public sealed class DaemonTests : IAsyncLifetime
{
    private readonly RunningDaemon _daemon = new();
    private readonly int _vxlan;

    public DaemonTests()
    {
        var (vxlan, geneve) = RunningDaemon.FreePorts();
        _vxlan = vxlan;
        _daemon.Configure(vxlan, geneve);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _daemon.DisposeAsync();

    private void Reconfigure(string from, string to) =>
        File.WriteAllText(_daemon.File, _daemon.Text.Replace(from, to, StringComparison.Ordinal));

    [Fact]
    public async Task It_says_ready_when_it_answers_and_stops_in_order_on_SIGTERM()
    {
        _daemon.Start();
        Assert.Contains("STATUS=0 ports, 1 VNI, 1 peer", _daemon.Notified("READY=1"), StringComparison.Ordinal);
        var (code, status) = await _daemon.CallAsync(HttpMethod.Get, "v1/status");
        Assert.Equal((200, "ok", 1), (code, (string?)status["verdict"], (int)status["revision"]!));
        Assert.Equal(200, (await _daemon.CallAsync(HttpMethod.Get, "readyz")).Status);
        Assert.True(File.Exists(Path.Combine(_daemon.Folder, "state", "flow-hash.seed")));

        _daemon.Signal("TERM");
        _daemon.Notified("STOPPING=1");
        Assert.Equal(0, await _daemon.ExitCodeAsync());
        Assert.False(Path.Exists(_daemon.SocketPath));
        Assert.Contains("<6>[1003] stopped", _daemon.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reload_by_signal_and_by_API_changes_what_changed_and_nothing_else()
    {
        _daemon.Start();
        _daemon.Notified("READY=1");
        Reconfigure("vnis: [100]", "encap: geneve, vnis: [100]");
        var (code, answer) = await _daemon.CallAsync(HttpMethod.Post, "v1/config/reload");
        Assert.Equal((200, 2, "peer b: changed"), (code, (int)answer["revision"]!, (string?)answer["changes"]!.AsArray().Single()));
        Assert.Equal("geneve", (string?)(await _daemon.CallAsync(HttpMethod.Get, "v1/status")).Body["peers"]![0]!["encap"]);

        _daemon.Notified("READY=1");
        Reconfigure("127.0.0.2", "127.0.0.3");
        _daemon.Signal("HUP");
        _daemon.Notified("RELOADING=1");
        _daemon.Notified("READY=1");
        var status = (await _daemon.CallAsync(HttpMethod.Get, "v1/status")).Body;
        Assert.Equal((3, "127.0.0.3"), ((int)status["revision"]!, (string?)status["peers"]![0]!["address"]));

        Assert.Empty((await _daemon.CallAsync(HttpMethod.Post, "v1/config/reload")).Body["changes"]!.AsArray());
        Assert.Equal(3, (int)(await _daemon.CallAsync(HttpMethod.Get, "v1/config")).Body["revision"]!);
    }

    [Fact]
    public async Task A_bad_reload_is_refused_whole_and_says_why()
    {
        _daemon.Start();
        _daemon.Notified("READY=1");
        Reconfigure("vnis: [{ id: 100 }]", "vnis: [{ id: 100 }, { id: 16777216 }]");
        var (code, answer) = await _daemon.CallAsync(HttpMethod.Post, "v1/config/reload");
        Assert.Equal((422, "config_invalid", "vnis[1].id", 5), (code, (string?)answer["error"]!["code"], (string?)answer["error"]!["field"], (int)answer["errors"]![0]!["line"]!));

        Reconfigure("source_port_count: 4", "source_port_count: 5, ttl: 9");
        (code, answer) = await _daemon.CallAsync(HttpMethod.Post, "v1/config/reload");
        Assert.Equal((422, "restart_required"), (code, (string?)answer["error"]!["code"]));
        Assert.Contains("listen.source_port_count, listen.ttl", (string?)answer["error"]!["message"], StringComparison.Ordinal);

        Reconfigure("vnis: [{ id: 100 }]", "ports: { web: { tap: tap-x, netns: no-such-namespace } }\nvnis: [{ id: 100, ports: [web] }]");
        (code, answer) = await _daemon.CallAsync(HttpMethod.Post, "v1/config/reload");
        Assert.Equal((422, "apply_failed"), (code, (string?)answer["error"]!["code"]));

        var status = (await _daemon.CallAsync(HttpMethod.Get, "v1/status")).Body;
        Assert.Equal(("ok", 1, 1), ((string?)status["verdict"], (int)status["revision"]!, status["vnis"]!.AsArray().Count));
    }

    [Fact]
    public async Task Drops_have_a_name_a_sample_and_add_up()
    {
        _daemon.Start();
        _daemon.Notified("READY=1");
        using var peer = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        peer.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
        byte[] header = [0x08, 0, 0, 0, 0, 0, 101, 0];
        peer.SendTo([.. header, .. new byte[64]], new IPEndPoint(IPAddress.Loopback, _vxlan));

        System.Text.Json.Nodes.JsonNode drops;
        var deadline = Environment.TickCount64 + 30_000;
        do
        {
            Assert.True(Environment.TickCount64 < deadline, "the drop was never counted");
            drops = (await _daemon.CallAsync(HttpMethod.Get, "v1/drops")).Body;
        }
        while ((long)drops["totals"]!["rx"]!["received"]! == 0);

        var row = drops["drops"]!.AsArray().Single()!;
        Assert.Equal(("vni_unknown", "rx", 1L, 1L), ((string?)row["reason"], (string?)row["dir"], (long)row["total"]!, (long)row["last_minute"]!));
        Assert.StartsWith("0800000000006500", (string?)row["sample"]!["hex"], StringComparison.Ordinal);
        Assert.Equal("127.0.0.2", (string?)row["sample"]!["peer"]);
        var totals = drops["totals"]!["rx"]!;
        Assert.Equal((long)totals["received"]!, (long)totals["delivered"]! + (long)totals["consumed"]! + (long)totals["dropped"]!);
    }

    [Fact]
    public async Task A_second_daemon_on_the_same_socket_refuses_to_start_and_disturbs_nothing()
    {
        _daemon.Start();
        _daemon.Notified("READY=1");
        await using var second = new RunningDaemon();
        File.WriteAllText(second.File, _daemon.Text);
        second.Start();
        Assert.Equal(1, await second.ExitCodeAsync());
        Assert.Contains("another overlayd answers", second.Log, StringComparison.Ordinal);
        Assert.Equal(200, (await _daemon.CallAsync(HttpMethod.Get, "v1/status")).Status);
    }

    [Fact]
    public async Task A_broken_configuration_exits_with_2_and_the_place()
    {
        Reconfigure("id: 100", "id: -1");
        _daemon.Start();
        Assert.Equal(2, await _daemon.ExitCodeAsync());
        Assert.Contains($"{_daemon.File}:5:14: vnis[0].id:", _daemon.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_a_crash_the_stale_socket_is_no_obstacle()
    {
        _daemon.Start();
        _daemon.Notified("READY=1");
        _daemon.Signal("KILL");
        await _daemon.ExitCodeAsync();
        Assert.True(Path.Exists(_daemon.SocketPath));
        _daemon.Start();
        _daemon.Notified("READY=1");
        Assert.Equal(200, (await _daemon.CallAsync(HttpMethod.Get, "v1/status")).Status);
    }
}
