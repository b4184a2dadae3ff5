using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Overlay.Host.Metrics;
using Overlay.Host.Tests.Composition;
using Xunit;

namespace Overlay.Host.Tests.Metrics;

/// <summary>A whole daemon, and what it tells Prometheus.</summary>
public sealed class DaemonMetricsTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly RunningDaemon _daemon = new();
    private readonly HttpClient _http = new() { Timeout = Patience };
    private readonly int _port = RunningDaemon.FreeTcpPort();
    private readonly int _vxlan;
    private readonly int _geneve;

    public DaemonMetricsTests()
    {
        (_vxlan, _geneve) = RunningDaemon.FreePorts();
        // A BGP neighbour that is never there, so that its metrics are on the page.
        _daemon.Configure(_vxlan, _geneve, $"{{ listen: 127.0.0.1:{_port} }}", "control: { evpn: { as: 65001, port: 0, neighbors: [{ address: 127.0.0.9, as: 65002, port: 1 }] }, etcd: { endpoints: [\"http://127.0.0.9:1\"] } }");
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        return _daemon.DisposeAsync();
    }

    [Fact]
    public async Task The_page_has_every_metric_and_promtool_has_no_complaint()
    {
        _daemon.Start();
        _daemon.Notified("READY=1");
        var page = await PageAsync(_port);
        string[] withoutSeries = ["overlay_port_up", "overlay_port_frames_total", "overlay_port_bytes_total", "overlay_port_mtu_bytes", "overlay_tap_queue_drops_total", "overlay_multicast_group_joined", "overlay_neighbor_suppressed_total", "overlay_neighbor_flooded_total", "overlay_evpn_faults_total", "overlay_etcd_faults_total"];
        Assert.Equal(MetricCatalog.All.Select(metric => metric.Family).Distinct(StringComparer.Ordinal).Except(withoutSeries).Order(StringComparer.Ordinal), page.Types.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((1, 1, 1), (page["overlay_ready"], page["overlay_peer_up{peer=\"b\"}"], page["overlay_config_revision"]));
        foreach (var (name, labels) in page.Names())
        {
            Assert.Equal(MetricCatalog.All.Single(metric => metric.Name == name).Labels.Order(StringComparer.Ordinal), labels.Order(StringComparer.Ordinal));
        }

        Assert.Equal((0, ""), await Promtool.RunAsync(page.Text, "check", "metrics"));
    }

    [Fact]
    public async Task After_a_flood_of_datagrams_of_every_kind_received_is_delivered_consumed_and_dropped_exactly()
    {
        _daemon.Start();
        _daemon.Notified("READY=1");
        using var peer = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        peer.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
        byte[] frame = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, .. new byte[50]];
        byte[] broadcast = [255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 2, 8, 0, .. new byte[50]];
        (int Port, byte[] Octets)[] kinds =
        [
            (_vxlan, [8, 0, 0, 0, 0, 0, 100, 0, .. frame]),
            (_vxlan, [8, 0, 0, 0, 0, 0, 100, 0, .. broadcast]),
            (_vxlan, [8, 0, 0, 0, 0, 0, 101, 0, .. frame]),
            (_vxlan, [0, 0, 0, 0, 0, 0, 100, 0, .. frame]),
            (_vxlan, [8, 0, 0, 0, 0, 0, 100, 0, 1, 2]),
            (_vxlan, [8]),
            (_geneve, [0, 0, 0x65, 0x58, 0, 0, 100, 0, .. frame]),
            (_geneve, [0xC0, 0, 0x65, 0x58, 0, 0, 100, 0, .. frame]),
            (_geneve, [0, 0x80, 0x65, 0x58, 0, 0, 100, 0, .. frame]),
            (_geneve, [1, 0, 0x65, 0x58, 0, 0, 100, 0, 1, 2, 3, 31, .. frame]),
        ];
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < 20_000; i++)
        {
            while (Stopwatch.GetElapsedTime(began).TotalMilliseconds < i / 10.0)
            {
                Thread.SpinWait(50);
            }

            var (port, octets) = kinds[i % kinds.Length];
            peer.SendTo(octets, new IPEndPoint(IPAddress.Loopback, port));
        }

        // What the kernel dropped on a busy machine was never received.
        var page = await PageAsync(_port);
        await Eventually.HoldsAsync(
            async () =>
            {
                var last = page["overlay_received_frames_total{dir=\"rx\"}"];
                page = await PageAsync(_port);
                return last > 1000 && last == page["overlay_received_frames_total{dir=\"rx\"}"] && page.Unaccounted("rx") == 0;
            },
            "every datagram is accounted for");
        Assert.Equal(0, page.Unaccounted("tx"));
        Assert.True(page["overlay_drops_total{reason=\"vni_unknown\",dir=\"rx\"}"] > 0);
        Assert.True(page.Series.Count(series => series.StartsWith("overlay_drops_total", StringComparison.Ordinal) && page[series] > 0) >= 5, page.Text);
        Assert.Equal(page["overlay_received_frames_total{dir=\"rx\"}"], page["overlay_batch_size_sum{dir=\"rx\"}"]);
        Assert.Equal(page["overlay_batch_size_bucket{dir=\"rx\",le=\"+Inf\"}"], page["overlay_batch_size_count{dir=\"rx\"}"]);
        Assert.InRange(page["overlay_batch_size_count{dir=\"rx\"}"], 1, 20_000);
        Assert.Equal(page["overlay_received_frames_total{dir=\"rx\"}"], page.Series.Where(series => series.StartsWith("overlay_worker_frames_total", StringComparison.Ordinal)).Sum(series => page[series]));
    }

    [Fact]
    public async Task A_reload_moves_the_listener_closes_it_and_is_counted()
    {
        _daemon.Start();
        _daemon.Notified("READY=1");
        _ = await PageAsync(_port);
        var other = RunningDaemon.FreeTcpPort();
        File.WriteAllText(_daemon.File, _daemon.Text.Replace($"127.0.0.1:{_port}", $"\"[::1]:{other}\"", StringComparison.Ordinal));
        var (code, answer) = await _daemon.CallAsync(HttpMethod.Post, "v1/config/reload");
        Assert.Equal((200, $"metrics.listen: [::1]:{other}"), (code, (string?)answer["changes"]!.AsArray().Single()));
        var page = await PageAsync(other, "[::1]");
        Assert.Equal((2, 1, 1), (page["overlay_config_revision"], page["overlay_config_reloads_total{result=\"applied\"}"], page["overlay_config_last_reload_successful"]));
        await Assert.ThrowsAsync<HttpRequestException>(() => _http.GetStringAsync($"http://127.0.0.1:{_port}/metrics"));

        File.WriteAllText(_daemon.File, _daemon.Text.Replace("id: 100", "id: -1", StringComparison.Ordinal));
        Assert.Equal(422, (await _daemon.CallAsync(HttpMethod.Post, "v1/config/reload")).Status);
        page = await PageAsync(other, "[::1]");
        Assert.Equal((1, 0), (page["overlay_config_reloads_total{result=\"refused\"}"], page["overlay_config_last_reload_successful"]));
    }

    [Fact]
    public async Task An_address_in_use_is_an_alarm_and_is_taken_when_it_is_free()
    {
        using var squatter = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        squatter.Bind(new IPEndPoint(IPAddress.Loopback, _port));
        squatter.Listen();
        _daemon.Start();
        _daemon.Notified("READY=1");
        await Eventually.HoldsAsync(async () => Alarms(await _daemon.CallAsync(HttpMethod.Get, "v1/status")).Contains($"metrics_listen 127.0.0.1:{_port}: cannot be listened on", StringComparison.Ordinal), "there is an alarm");
        Assert.Equal(200, (await _daemon.CallAsync(HttpMethod.Get, "readyz")).Status);
        squatter.Close();
        Assert.Equal(0, (await PageAsync(_port))["overlay_alarms{alarm=\"metrics_listen\"}"]);
        Assert.Equal("", Alarms(await _daemon.CallAsync(HttpMethod.Get, "v1/status")));
        Assert.Equal(1, _daemon.Log.Split("cannot be listened on").Length - 1);

        static string Alarms((int Status, System.Text.Json.Nodes.JsonNode Body) answer) => string.Join(';', answer.Body["alarms"]!.AsArray().Select(line => (string?)line));
    }

    [Fact]
    public async Task Health_and_readiness_are_served_and_a_daemon_without_its_address_is_not_ready()
    {
        File.WriteAllText(_daemon.File, _daemon.Text.Replace("local: [127.0.0.1]", "local: [192.0.2.77]", StringComparison.Ordinal));
        _daemon.Start();
        _daemon.Notified("READY=1");
        var page = await PageAsync(_port);
        Assert.Equal((0, 0), (page["overlay_ready"], page["overlay_local_address_up{address=\"192.0.2.77\"}"]));
        using var ready = await _http.GetAsync($"http://127.0.0.1:{_port}/readyz");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Equal("""{"status":"not_forwarding","reasons":["no device has a local address (192.0.2.77)"]}""", await ready.Content.ReadAsStringAsync());
        Assert.Equal("""{"status":"ok","reasons":[]}""", await _http.GetStringAsync($"http://127.0.0.1:{_port}/healthz"));
        Assert.Equal(503, (await _daemon.CallAsync(HttpMethod.Get, "readyz")).Status);
        Assert.Equal(200, (await _daemon.CallAsync(HttpMethod.Get, "healthz")).Status);
        using var post = await _http.PostAsync($"http://127.0.0.1:{_port}/metrics", null);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
        using var nothing = await _http.GetAsync($"http://127.0.0.1:{_port}/v1/status");
        Assert.Equal(HttpStatusCode.NotFound, nothing.StatusCode);
    }

    [Fact]
    public async Task Clients_that_say_nothing_and_clients_that_read_nothing_keep_nobody_from_the_page()
    {
        _daemon.Start();
        _daemon.Notified("READY=1");
        _ = await PageAsync(_port);
        var idle = new List<Socket>();
        try
        {
            for (var i = 0; i < 60; i++)
            {
                var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 1024 };
                idle.Add(client);
                await client.ConnectAsync(IPAddress.Loopback, _port);
                if (i % 2 == 0)
                {
                    await client.SendAsync("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
                }
            }

            // A fresh connection, and an answer in a moment: the limits on slow clients are seconds.
            using var fresh = new HttpClient { Timeout = Patience };
            Assert.Contains("overlay_ready 1", await fresh.GetStringAsync($"http://127.0.0.1:{_port}/metrics"), StringComparison.Ordinal);
        }
        finally
        {
            idle.ForEach(client => client.Dispose());
        }
    }

    // The listener begins when the daemon is ready, not before.
    private async Task<MetricsPage> PageAsync(int port, string host = "127.0.0.1")
    {
        MetricsPage? page = null;
        await Eventually.HoldsAsync(
            async () =>
            {
                try
                {
                    page = new MetricsPage(await _http.GetStringAsync($"http://{host}:{port}/metrics"));
                    return true;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            $"port {port} answers");
        return page!;
    }
}
