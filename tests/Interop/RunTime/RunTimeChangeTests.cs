using System.Text.Json.Nodes;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.RunTime;

/// <summary>Ports, peers and MACs that come and go while traffic flows: the real daemon, the real overlayctl, an unrelated flow that must not lose a frame.</summary>
public sealed class RunTimeChangeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void What_is_added_carries_frames_what_is_removed_does_not_and_nobody_else_loses_one()
    {
        using var lab = new NetLab();
        var (a, b, c) = Three(lab);
        using var events = Follow(a);
        using var ping = Cmd.Start(a.Tenant, null, "ping", "-i", "0.004", "10.0.0.2");

        Ok(a, "port", "add", "t1", "--tap", "t1", "--netns", a.Tenant, "--vni", "200");
        NetLab.Address(a.Tenant, "t1", "10.0.2.1/24");
        Ok(a, "peer", "add", "c", "--address", "192.0.2.3", "--encap", "geneve", "--vni", "200");
        a.WaitForPing("10.0.2.3");
        var mac = NetLab.MacOf(c.Tenant, "t0");
        Ok(a, "mac", "add", mac, "--vni", "200", "--peer", "c", "--ip", "10.0.2.3");
        Assert.Contains(a.Daemon.Api.Get("/v1/fdb?vni=200")["entries"]!.AsArray(), entry => (string)entry!["mac"]! == mac && (string)entry["origin"]! == "static");
        a.WaitForPing("10.0.2.3");

        // Refused, in conflict, or not there: told, and everything is as it was.
        var revision = (long)a.Daemon.Status()["revision"]!;
        Said(a, 2, "is an address of peer b already", "peer", "add", "x", "--address", "192.0.2.2");
        Said(a, 1, "somebody else was faster", "peer", "add", "x", "--address", "192.0.2.9", "--revision", "1");
        Said(a, 1, "port list", "port", "del", "nobody");
        Said(a, 2, "there-is-no-such", "port", "add", "x", "--tap", "x0", "--netns", "there-is-no-such");
        Assert.Equal(revision, (long)a.Daemon.Status()["revision"]!);

        Ok(a, "mac", "del", mac, "--vni", "200");
        Ok(a, "peer", "del", "c");
        Assert.False(Cmd.Run(a.Tenant, "ping", "-c", "1", "-W", "1", "10.0.2.3").Ok);
        Ok(a, "port", "del", "t1");
        Wait.Until(() => !NetLab.HasDevice(a.Tenant, "t1"), Patience, "the TAP is gone");

        // The whole of it again, at once, from a file, and back by the daemon's own.
        var file = Path.Combine(lab.Folder, "whole.yaml");
        File.WriteAllText(file, File.ReadAllText(a.Daemon.ConfigPath).Replace("vnis:\n", "vnis:\n  - { id: 300 }\n", StringComparison.Ordinal) + "macs: [{ vni: 100, mac: \"02:00:00:00:00:99\", peer: b }]\n");
        Said(a, 0, "would change", "config", "apply", file, "--dry-run");
        Assert.Equal((revision + 3, 1), ((long)a.Daemon.Status()["revision"]!, a.Daemon.Status()["vnis"]!.AsArray().Count(vni => (int)vni!["vni"]! != 200)));
        Ok(a, "config", "apply", file);
        Said(a, 0, "In force and not saved", "config", "diff");
        Said(a, 0, "undone", "config", "reload");

        var summary = PingSummary.Stop(ping);
        Assert.True(summary.Sent >= 100 && summary.Lost == 0, summary.ToString());
        string[] expected = ["port.added", "vni.added", "port.up", "peer.added", "peer.up", "mac.added", "config.refused", "mac.removed", "peer.removed", "port.removed", "config.applied"];
        Wait.Until(() => expected.All(name => Names(events).Contains(name, StringComparer.Ordinal)), Patience, "every step is an event", () => string.Join(' ', Names(events)));
    }

    [Fact]
    public void What_was_saved_is_there_after_a_restart_with_its_comments_and_whoever_listens_is_told_of_the_restart()
    {
        using var lab = new NetLab();
        var a = new Site(lab, "a");
        lab.Plug(lab.AddSwitch("sw"), a.Host, "u0");
        NetLab.Address(a.Host, "u0", "192.0.2.1/24");
        a.Start("# why this is so\n" + a.Yaml("192.0.2.1", 100, "- { name: b, addresses: [192.0.2.2], vnis: [100] }   # the other one"));
        using var events = Follow(a);
        Ok(a, "port", "add", "t1", "--tap", "t1", "--vni", "200", "--save");
        Ok(a, "peer", "add", "gone", "--address", "192.0.2.9");
        Assert.Contains("not saved, a restart loses it: peer gone: added", a.Daemon.Ctl("status").StdOut, StringComparison.Ordinal);
        Wait.Until(() => Names(events).Count(name => name == "peer.added") == 1, Patience, "the peer is an event", () => events.StdOut);

        var file = File.ReadAllText(a.Daemon.ConfigPath);
        Assert.StartsWith("# why this is so\n", file, StringComparison.Ordinal);
        Assert.Contains("   # the other one\n", file, StringComparison.Ordinal);
        Assert.Equal(0, a.Daemon.Terminate().ExitCode);
        a.Restart(file);
        Assert.Equal(["t0", "t1"], a.Daemon.Status()["ports"]!.AsArray().Select(port => (string)port!["port"]!));
        Assert.Equal(["b"], a.Daemon.Status()["peers"]!.AsArray().Select(peer => (string)peer!["peer"]!));
        Wait.Until(() => Names(events) is var names && names.Contains("stopping") && names.Contains("reset") && names.Count(name => name == "started") == 2, Patience, "the restart is told", () => events.StdOut + events.StdErr);
    }

    private static (Site A, Site B, Site C) Three(NetLab lab)
    {
        var wire = lab.AddSwitch("sw");
        Site[] sites = [new(lab, "a"), new(lab, "b"), new(lab, "c")];
        for (var i = 0; i < sites.Length; i++)
        {
            lab.Plug(wire, sites[i].Host, "u0");
            NetLab.Address(sites[i].Host, "u0", $"192.0.2.{i + 1}/24");
        }

        sites[0].Start(sites[0].Yaml("192.0.2.1", 100, "- { name: b, addresses: [192.0.2.2], vnis: [100] }"), "10.0.0.1/24");
        sites[1].Start(sites[1].Yaml("192.0.2.2", 100, "- { name: a, addresses: [192.0.2.1], vnis: [100] }"), "10.0.0.2/24");
        sites[2].Start(sites[2].Yaml("192.0.2.3", 200, "- { name: a, addresses: [192.0.2.1], vnis: [200] }"), "10.0.2.3/24");
        sites[0].WaitForPing("10.0.0.2");
        return (sites[0], sites[1], sites[2]);
    }

    private static RunningProcess Follow(Site site) =>
        Cmd.Start(site.Host, null, Binaries.Overlayctl, "events", "--since", "1h", "--follow", "-o", "json", "--socket", site.Daemon.SocketPath);

    private static List<string> Names(RunningProcess events) =>
        [.. events.StdOut.Split('\n').Where(line => line.EndsWith('}')).Select(line => (string)JsonNode.Parse(line)!["event"]!)];

    private static void Ok(Site site, params string[] line) => Said(site, 0, "", line);

    private static void Said(Site site, int code, string text, params string[] line)
    {
        var result = site.Daemon.Ctl(line);
        Assert.True(result.ExitCode == code && (result.StdOut + result.StdErr).Contains(text, StringComparison.Ordinal), $"overlayctl {string.Join(' ', line)}: {result}\n{site.Daemon.Log}");
    }
}
