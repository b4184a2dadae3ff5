using System.Diagnostics;
using System.Globalization;
using System.Net;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Reload;

/// <summary>The broken configurations of <c>tests/Host/Broken</c>: refused at start with the right line, refused at reload while traffic flows.</summary>
public sealed class BrokenConfigurationTests
{
    private static readonly TimeSpan MinimumFlow = TimeSpan.FromSeconds(4);
    private static readonly string Folder = Path.Combine(Binaries.Root, "tests/Host/Broken");

    [Fact]
    public void Start_with_each_is_refused_with_exit_code_2_and_the_right_line()
    {
        using var lab = new NetLab();
        var ns = lab.AddHost("x");
        List<string> wrong = [];
        foreach (var (file, line) in Broken())
        {
            var result = Cmd.Run(ns, TimeSpan.FromSeconds(20), Binaries.Overlayd, "--config", file);
            var said = result.StdErr + result.StdOut;
            if (result.ExitCode != 2) wrong.Add($"{Path.GetFileName(file)}: exit code {result.ExitCode}");
            else if (!said.Contains(line > 0 ? $"{Path.GetFileName(file)}:{line}:" : Path.GetFileName(file), StringComparison.Ordinal)) wrong.Add($"{Path.GetFileName(file)}: no line {line} in {said}");
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void Reload_with_each_is_refused_whole_and_a_running_flow_loses_nothing()
    {
        using var lab = new NetLab();
        var a = new Site(lab, "a");
        var b = new Site(lab, "b");
        NetLab.Join(a.Host, "u0", b.Host, "u0");
        NetLab.Address(a.Host, "u0", "192.0.2.1/24");
        NetLab.Address(b.Host, "u0", "192.0.2.2/24");
        a.Start(a.Yaml("192.0.2.1", 100, "- { name: b, addresses: [192.0.2.2], encap: vxlan, vnis: [100] }"), "10.0.0.1/24");
        b.Start(b.Yaml("192.0.2.2", 100, "- { name: a, addresses: [192.0.2.1], encap: geneve, vnis: [100] }"), "10.0.0.2/24");
        a.WaitForPing("10.0.0.2");
        var good = File.ReadAllText(a.Daemon.ConfigPath);
        var revision = (long)a.Daemon.Status()["revision"]!;
        using var ping = Cmd.Start(a.Tenant, null, "ping", "-i", "0.008", "10.0.0.2");
        List<string> wrong = [];
        var files = Broken();
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < files.Count || Stopwatch.GetElapsedTime(began) < MinimumFlow; i++)
        {
            var (file, line) = files[i % files.Count];
            File.Copy(file, a.Daemon.ConfigPath, overwrite: true);
            var (status, body) = a.Daemon.Api.Send(HttpMethod.Post, "/v1/config/reload");
            var first = body?["errors"]?.AsArray().FirstOrDefault();
            if (status != HttpStatusCode.UnprocessableEntity) wrong.Add($"{Path.GetFileName(file)}: {(int)status} {body}");
            else if (first is null || (line > 0 && !body!["errors"]!.AsArray().Any(e => (int)e!["line"]! == line))) wrong.Add($"{Path.GetFileName(file)}: line {line} expected in {body}");
        }

        // By signal too: the log says that it was refused, and nothing else happens.
        var before = a.Daemon.Log.Length;
        a.Daemon.Hangup();
        Wait.Until(() => a.Daemon.Log.Length > before, TimeSpan.FromSeconds(5), "the refusal is logged");
        Assert.Equal(revision, (long)a.Daemon.Status()["revision"]!);
        File.WriteAllText(a.Daemon.ConfigPath, good);
        Assert.Equal(HttpStatusCode.OK, a.Daemon.Api.Send(HttpMethod.Post, "/v1/config/reload").Status);

        var summary = PingSummary.Stop(ping);
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.True(summary.Sent >= 100, summary.ToString());
        Assert.True(summary.Lost == 0, summary.ToString());
    }

    [Fact]
    public void A_reload_that_adds_a_VNI_and_a_port_leaves_the_others_alone()
    {
        using var lab = new NetLab();
        var a = new Site(lab, "a");
        var b = new Site(lab, "b");
        NetLab.Join(a.Host, "u0", b.Host, "u0");
        NetLab.Address(a.Host, "u0", "192.0.2.1/24");
        NetLab.Address(b.Host, "u0", "192.0.2.2/24");
        string Yaml(Site site, string local, string remote, bool second) => $$"""
            node: { name: n, local: [{{local}}] }
            ports:
              t0: { tap: t0, netns: {{site.Tenant}} }
            {{(second ? $"  t1: {{ tap: t1, netns: {site.Tenant} }}" : "")}}
            vnis:
              - { id: 100, ports: [t0] }
            {{(second ? "  - { id: 200, ports: [t1] }" : "")}}
            peers:
              - { name: p, addresses: [{{remote}}], encap: geneve, vnis: [100{{(second ? ", 200" : "")}}] }
            """;
        a.Start(Yaml(a, "192.0.2.1", "192.0.2.2", false), "10.0.0.1/24");
        b.Start(Yaml(b, "192.0.2.2", "192.0.2.1", false), "10.0.0.2/24");
        a.WaitForPing("10.0.0.2");
        using var ping = Cmd.Start(a.Tenant, null, "ping", "-i", "0.008", "10.0.0.2");

        foreach (var (site, local, remote) in new[] { (a, "192.0.2.1", "192.0.2.2"), (b, "192.0.2.2", "192.0.2.1") })
        {
            site.Daemon.WriteConfig(Yaml(site, local, remote, true));
            var (status, body) = site.Daemon.Api.Send(HttpMethod.Post, "/v1/config/reload");
            Assert.True(status == HttpStatusCode.OK, $"{body}");
        }

        // The addresses of a second subnet: the two taps of a namespace must not answer for each other.
        NetLab.Address(a.Tenant, "t1", "10.0.1.1/24");
        NetLab.Address(b.Tenant, "t1", "10.0.1.2/24");
        a.WaitForPing("10.0.1.2");
        Wait.Until(() => (long)a.Daemon.Status()["ports"]!.AsArray().Single(p => (string)p!["port"]! == "t0")!["rx_frames"]! > 300, TimeSpan.FromSeconds(20), "the flow has run for a while", () => $"{a.Daemon.Status()["ports"]}");
        foreach (var (site, local, remote) in new[] { (a, "192.0.2.1", "192.0.2.2"), (b, "192.0.2.2", "192.0.2.1") })
        {
            site.Daemon.WriteConfig(Yaml(site, local, remote, false));
            site.Daemon.Hangup();
            Wait.Until(() => site.Daemon.Status()["vnis"]!.AsArray().Count == 1, TimeSpan.FromSeconds(20), "VNI 200 is gone", () => site.Daemon.Log);
        }

        Assert.False(Cmd.Run(a.Tenant, "ping", "-c", "1", "-W", "1", "10.0.1.2").Ok);
        var summary = PingSummary.Stop(ping);
        Assert.True(summary.Sent >= 100 && summary.Lost == 0, summary.ToString());
    }

    private static List<(string File, int Line)> Broken()
    {
        var table = Path.Combine(Folder, "expected.tsv");
        if (!File.Exists(table)) throw new SkipTestException($"{table} is not in this tree");
        var rows = File.ReadAllLines(table).Where(l => l.Length > 0 && l[0] != '#').Select(l => l.Split('\t'))
            .Select(w => (Path.Combine(Folder, w[0]), int.Parse(w[1], CultureInfo.InvariantCulture))).ToList();
        Assert.True(rows.Count >= 40, $"{rows.Count} broken configurations");
        return rows;
    }
}
