using System.Text.RegularExpressions;
using Overlay.Api;
using Overlay.Cli.Tests.Kit;
using Overlay.Cli.Top;

namespace Overlay.Cli.Tests.Top;

public sealed partial class TopTests
{
    [Fact]
    public void Rates_are_of_the_interval_and_a_restart_begins_anew()
    {
        TopModel model = TopModel.Of(Sample(0, 0, 10), Sample(1000, 2, 12));
        TopRow peer = Assert.Single(model.Peers);
        Assert.Equal((500, 1000, 400_000, 0), (peer.TxFps, peer.RxFps, peer.TxBps, peer.RxBps));
        Assert.Equal(0.5, model.CpuRatio, 3);
        Assert.Equal(250, Assert.Single(model.Drops).Fps);
        TopModel restarted = TopModel.Of(Sample(1000, 0, 10, pid: 1), Sample(5000, 2, 12, pid: 2));
        Assert.Equal((0, 0), (restarted.Peers[0].TxFps, restarted.CpuRatio));
    }

    [Theory]
    [InlineData(80, 24)]
    [InlineData(160, 40)]
    [InlineData(60, 12)]
    public void A_screen_fits_its_terminal(int columns, int rows)
    {
        TopSample many = Sample(5000, 2, 12);
        many = many with { Status = many.Status with { Peers = [.. Enumerable.Range(0, 100).Select(i => many.Status.Peers[0] with { Peer = $"peer-with-a-long-name-{i}[x]" })] } };
        TopModel model = TopModel.Of(Sample(0, 0, 10), many);
        TopKeys keys = new();
        string[] lines = Plain().Replace(TopScreen.Draw(model, keys, columns, rows, colour: true), "").TrimEnd('\n').Split('\n');
        if (rows >= 24) Assert.InRange(lines.Length, 10, rows);
        if (columns >= 80) Assert.All(lines, line => Assert.True(line.TrimEnd().Length <= columns, line));
        Assert.Contains("q quit", lines[^1], StringComparison.Ordinal);
        foreach (string title in (string[])["PEER", "PORT", "VNI", "DROPPED NOW"]) Assert.Contains(lines, line => line.Contains(title, StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains(" below", StringComparison.Ordinal));
    }

    [Fact]
    public void Keys_sort_choose_scroll_and_quit()
    {
        TopKeys keys = new();
        Assert.True(keys.Press(Key(ConsoleKey.S)));
        Assert.Equal(TopSort.Tx, keys.Sort);
        Assert.True(keys.Press(Key(ConsoleKey.Tab)));
        Assert.Equal(1, keys.Focus);
        for (int i = 0; i < 9; i++) Assert.True(keys.Press(Key(ConsoleKey.DownArrow)));
        Assert.Equal(7, keys.Offset(1, 10, 3));
        Assert.False(keys.Press(Key(ConsoleKey.X)));
        Assert.True(keys.Press(Key(ConsoleKey.Q)));
        Assert.True(keys.IsQuit);
    }

    [Fact]
    public async Task Once_prints_a_screen_or_json_and_ends()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/status", 200, Samples.Json(Samples.Status)), ("GET /v1/drops", 200, Samples.Json(Samples.Drops)));
        Ctl ctl = await Ctl.RunAsync("top", "--once", "--interval", "0.1", "--socket", daemon.Socket);
        Assert.Equal((ExitCode.Ok, string.Empty), (ctl.Code, ctl.Error));
        Assert.StartsWith("ok  vtep-a  up 1h02m", ctl.Out, StringComparison.Ordinal);
        ctl = await Ctl.RunAsync("top", "-o", "json", "--interval", "0.1", "--socket", daemon.Socket);
        using System.Text.Json.JsonDocument json = System.Text.Json.JsonDocument.Parse(ctl.Out);
        Assert.Equal("b", json.RootElement.GetProperty("peers")[0].GetProperty("name").GetString());
    }

    [Fact]
    public async Task The_terminal_is_given_back_when_it_is_quit_and_when_it_is_ended()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "script is not installed");
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/status", 200, Samples.Json(Samples.Status)), ("GET /v1/drops", 200, Samples.Json(Samples.Drops)));
        string top = $"'{CtlProcess.Overlayctl}' top --interval 0.2 --socket '{daemon.Socket}'";
        foreach (string end in (string[])["", $"& sleep 3; kill -TERM $!; wait"])
        {
            string inner = $"stty cols 80 rows 24; stty -a > {daemon.Socket}.before; {top} {end}; stty -a > {daemon.Socket}.after";
            string typed = end.Length == 0 ? "(sleep 3; printf 's\\t'; sleep 1; printf q; sleep 1) | " : "sleep 6 | ";
            (int code, string output, string error) = await CtlProcess.RunAsync("/bin/bash", "-c", $"{typed}TERM=xterm script -qec \"{inner.Replace("\"", "\\\"", StringComparison.Ordinal).Replace("$!", "\\$!", StringComparison.Ordinal)}\" /dev/null");
            Assert.True(code == 0, output + error);
            Assert.Contains("\e[?1049h", output, StringComparison.Ordinal);
            Assert.True(output.LastIndexOf("\e[?25h\e[?1049l", StringComparison.Ordinal) > output.LastIndexOf("\e[?1049h", StringComparison.Ordinal), output);
            Assert.Equal(await File.ReadAllTextAsync(daemon.Socket + ".before", TestContext.Current.CancellationToken), await File.ReadAllTextAsync(daemon.Socket + ".after", TestContext.Current.CancellationToken));
        }
    }

    [GeneratedRegex("\e\\[[0-9;?]*[a-zA-Z]")]
    private static partial Regex Plain();

    private static ConsoleKeyInfo Key(ConsoleKey key) => new('\0', key, shift: false, alt: false, control: false);

    private static TopSample Sample(long frames, double at, double cpu, int pid = 1)
    {
        StatusResponse status = Samples.Status with
        {
            Pid = pid,
            UptimeSeconds = 100 + at,
            Peers = [Samples.Status.Peers[0] with { TxFrames = frames, RxFrames = frames * 2, TxBytes = frames * 100, RxBytes = 7 }],
            Runtime = new RuntimeStatus { AllocatedBytes = 1, GcCount = 1, ExceptionCount = 0, Capabilities = [], RssBytes = 50_000_000, CpuSeconds = cpu - 10 + (cpu > 10 ? -1 : 0) },
        };
        DropsResponse drops = Samples.Drops with { Drops = [Samples.Drops.Drops[0] with { Total = frames / 2, LastMinute = 5 }] };
        return new TopSample(status, drops, TimeSpan.FromSeconds(at));
    }
}
