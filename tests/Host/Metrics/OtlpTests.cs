using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Overlay.Host.Tests.Composition;
using Xunit;

namespace Overlay.Host.Tests.Metrics;

/// <summary>Metrics that a whole daemon pushes.</summary>
public sealed class OtlpTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly RunningDaemon _daemon = new();
    private readonly int _listen = RunningDaemon.FreeTcpPort();
    private readonly int _collector = RunningDaemon.FreeTcpPort();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _daemon.DisposeAsync();

    [Fact]
    public async Task A_collector_gets_every_metric_with_the_name_the_value_and_the_kind_that_the_page_has()
    {
        await using var collector = new OtlpReceiver(_collector);
        Start($"otlp: {{ endpoint: \"http://127.0.0.1:{_collector}\", interval: 1s }}");
        await Eventually.HoldsAsync(() => Task.FromResult(collector.Requests >= 2), "the collector got two pushes");
        Assert.Equal("/v1/metrics", collector.Path);
        Assert.Contains("service.name=\"overlayd\"", collector.Resource, StringComparison.Ordinal);
        Assert.Contains("service.instance.id=\"a\"", collector.Resource, StringComparison.Ordinal);
        var (page, pushed) = (await PageAsync(), collector.Values);
        var served = page.Series.ToDictionary(Sorted, series => page[series], StringComparer.Ordinal);
        Assert.Equal(served.Keys.Order(StringComparer.Ordinal), pushed.Keys.Select(key => Sorted(key[..key.LastIndexOf('|')])).Order(StringComparer.Ordinal));
        foreach (var (key, value) in pushed)
        {
            var at = key.LastIndexOf('|');
            var name = key[..at].Split('{')[0];
            var family = name.Replace("_bucket", "", StringComparison.Ordinal).Replace("_sum", "", StringComparison.Ordinal).Replace("_count", "", StringComparison.Ordinal);
            Assert.Equal(page.Types[page.Types.ContainsKey(name) ? name : family] == "gauge" ? "gauge" : "sum", key[(at + 1)..]);

            // An idle daemon's frames, tables and states do not change between the two; its clock, memory and own counts do.
            if (!name.StartsWith("process_", StringComparison.Ordinal) && !name.StartsWith("overlay_gc", StringComparison.Ordinal) &&
                name is not ("overlay_allocated_bytes_total" or "overlay_heap_bytes" or "overlay_exceptions_total" or "overlay_metrics_reading_seconds" or "overlay_metrics_scrapes_total" or "overlay_otlp_pushes_total"))
            {
                Assert.Equal(served[Sorted(key[..at])], value);
            }
        }

        Assert.True(page["overlay_otlp_pushes_total{result=\"accepted\"}"] >= 1);
    }

    [Fact]
    public async Task A_collector_that_is_away_and_one_that_never_answers_are_an_alarm_and_nothing_else()
    {
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, _collector));
        Start($"otlp: {{ endpoint: \"http://127.0.0.1:{_collector}\", interval: 1s }}");
        await Eventually.HoldsAsync(async () => (await PageAsync())["overlay_alarms{alarm=\"metrics_otlp\"}"] == 1, "there is an alarm");
        Assert.Equal("ok", (string?)(await _daemon.CallAsync(HttpMethod.Get, "readyz")).Body["status"]);

        // It takes connections now, and says nothing: pages come all the same, and the daemon stops in time.
        silent.Listen();
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(1, (await PageAsync())["overlay_ready"]);
        }

        _daemon.Signal("TERM");
        Assert.Equal(0, await _daemon.ExitCodeAsync());
    }

    [Fact]
    public async Task Nothing_of_it_is_loaded_without_a_collector_and_a_reload_begins_and_ends_it()
    {
        Start("otlp: null");
        _ = await PageAsync();
        Assert.DoesNotContain("OpenTelemetry", File.ReadAllText($"/proc/{_daemon.Process.Id}/maps"), StringComparison.Ordinal);

        await using var collector = new OtlpReceiver(_collector);
        File.WriteAllText(_daemon.File, _daemon.Text.Replace("otlp: null", $"otlp: {{ endpoint: \"http://127.0.0.1:{_collector}\", interval: 1s }}", StringComparison.Ordinal));
        Assert.Equal(200, (await _daemon.CallAsync(HttpMethod.Post, "v1/config/reload")).Status);
        await Eventually.HoldsAsync(() => Task.FromResult(collector.Requests > 0), "the collector got a push");
        Assert.Contains("OpenTelemetry", File.ReadAllText($"/proc/{_daemon.Process.Id}/maps"), StringComparison.Ordinal);
        File.WriteAllText(_daemon.File, _daemon.Text);
        Assert.Equal(200, (await _daemon.CallAsync(HttpMethod.Post, "v1/config/reload")).Status);
        await Eventually.HoldsAsync(() => Task.FromResult(_daemon.Log.Contains("metrics are pushed no more", StringComparison.Ordinal)), "it ended");
    }

    // Labels have no order.
    private static string Sorted(string series) => series.IndexOf('{', StringComparison.Ordinal) is > 0 and var at
        ? $"{series[..at]}{{{string.Join(',', series[(at + 1)..^1].Split(',').Order(StringComparer.Ordinal))}}}"
        : series;

    private void Start(string otlp)
    {
        var (vxlan, geneve) = RunningDaemon.FreePorts();
        _daemon.Configure(vxlan, geneve, $"{{ listen: 127.0.0.1:{_listen}, {otlp} }}");
        _daemon.Start();
        _daemon.Notified("READY=1");
    }

    private async Task<MetricsPage> PageAsync()
    {
        MetricsPage? page = null;
        using var http = new HttpClient { Timeout = Patience };
        await Eventually.HoldsAsync(
            async () =>
            {
                try
                {
                    page = new MetricsPage(await http.GetStringAsync($"http://127.0.0.1:{_listen}/metrics"));
                    return true;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            "the page is served");
        return page!;
    }
}
