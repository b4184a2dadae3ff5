using System.Globalization;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Restart;

/// <summary>What is configured otherwise at a restart than it was when descriptors were handed over: what fits is taken over, what does not is opened anew, and nothing is looked for in the wrong namespace.</summary>
public sealed class AdoptionTests
{
    [Fact]
    public void Queues_that_are_more_by_a_restart_are_opened_and_handed_over_from_then_on()
    {
        Requires.Bpf();
        using var lab = new RestartLab().Start();
        lab.Learn();
        lab.A.WaitStored(4);
        lab.A.WriteConfig(With(lab, $"netns: {lab.TenantA}, queues: 3"));
        lab.A.Restart();
        lab.A.WaitReady();
        Wait.Until(() => lab.A.Stored.Contains(lab.A.TapName(lab.TenantA, "2")), TimeSpan.FromSeconds(5), "the third queue is in the store", () => string.Join(' ', lab.A.Stored) + lab.A.Log);
        lab.Learn();

        // And fewer.
        lab.A.WriteConfig(lab.YamlOfA);
        lab.A.Restart();
        lab.A.WaitReady();
        Wait.Until(() => !lab.A.Stored.Contains(lab.A.TapName(lab.TenantA, "1")), TimeSpan.FromSeconds(5), "one queue is in the store", () => string.Join(' ', lab.A.Stored) + lab.A.Log);
        lab.Learn();
    }

    [Fact]
    public void A_lane_that_comes_by_a_restart_is_opened_at_the_device_and_not_at_one_of_its_name_elsewhere()
    {
        Requires.Bpf();
        using var lab = new RestartLab();
        lab.A.WriteConfig(lab.YamlOfA + "\nworkers: { lane: off }");
        lab.Start();
        lab.Learn();
        lab.A.WaitStored(3);
        var lane = lab.A.TapName(lab.TenantA, "lane");
        Assert.DoesNotContain(lane, lab.A.Stored);

        // A stranger's device of the same name where the daemon is.
        NetLab.Ip(lab.HostA, "tuntap", "add", "t0", "mode", "tap", "multi_queue");
        lab.A.WriteConfig(lab.YamlOfA);
        lab.A.Restart();
        lab.A.WaitReady();
        Wait.Until(() => lab.A.Stored.Contains(lane), TimeSpan.FromSeconds(5), "the lane is in the store", () => string.Join(' ', lab.A.Stored) + lab.A.Log);
        Assert.Contains("numqueues 2", NetLab.Ip(lab.TenantA, "-d", "link", "show", "dev", "t0").StdOut, StringComparison.Ordinal);
        Assert.DoesNotContain("numqueues 1 ", NetLab.Ip(lab.HostA, "-d", "link", "show", "dev", "t0").StdOut, StringComparison.Ordinal);
        lab.Learn();
    }

    [Fact]
    public void Another_spelling_of_the_namespace_and_another_name_of_the_device_are_no_obstacle()
    {
        using var lab = new RestartLab().Start();
        lab.Learn();
        lab.A.WaitStored(4);
        var index = Index(lab.TenantA, "t0");
        lab.A.WriteConfig(With(lab, $"netns: /var/run/netns/{lab.TenantA}"));
        lab.A.Restart();
        lab.A.WaitReady();
        lab.Learn();
        Assert.Equal(index, Index(lab.TenantA, "t0"));

        lab.A.End();
        NetLab.Ip(lab.TenantA, "link", "set", "t0", "down");
        NetLab.Ip(lab.TenantA, "link", "set", "t0", "name", "t7");
        lab.A.WriteConfig(lab.YamlOfA.Replace("tap: t0", "tap: t7", StringComparison.Ordinal));
        lab.A.StartReady();
        Assert.Equal(index, Index(lab.TenantA, "t7"));
        Assert.False(NetLab.HasDevice(lab.TenantA, "t0"));
        Assert.DoesNotContain("in use by another", lab.A.Log, StringComparison.Ordinal);
    }

    [Fact]
    public void A_namespace_that_was_made_anew_under_the_same_name_gets_a_device_of_its_own()
    {
        using var lab = new RestartLab().Start();
        lab.Learn();
        lab.A.WaitStored(4);
        NetLab.Ip(lab.TenantA, "link", "set", "lo", "down");
        Cmd.Run(null, "ip", "netns", "del", lab.TenantA).OrThrow();
        Cmd.Run(null, "ip", "netns", "add", lab.TenantA).OrThrow();
        NetLab.SilenceNewDevices(lab.TenantA);
        Assert.False(NetLab.HasDevice(lab.TenantA, "t0"));
        lab.A.Restart();
        lab.A.WaitReady();
        Assert.Contains("its network namespace is not the one that is configured", lab.A.Log, StringComparison.Ordinal);
        lab.Learn();
    }

    [Fact]
    public void A_device_follows_its_configured_bridge_over_a_restart()
    {
        using var lab = new RestartLab();
        NetLab.Ip(lab.TenantA, "link", "add", "br0", "type", "bridge");
        NetLab.Ip(lab.TenantA, "link", "add", "br1", "type", "bridge");
        lab.A.WriteConfig(With(lab, $"netns: {lab.TenantA}, bridge: br0"));
        lab.A.StartReady();
        Assert.Contains("master br0", Show(lab.TenantA, "t0"), StringComparison.Ordinal);
        lab.A.Restart();
        lab.A.WaitReady();
        Assert.Contains("master br0", Show(lab.TenantA, "t0"), StringComparison.Ordinal);
        lab.A.WriteConfig(With(lab, $"netns: {lab.TenantA}, bridge: br1"));
        lab.A.Restart();
        lab.A.WaitReady();
        Assert.Contains("master br1", Show(lab.TenantA, "t0"), StringComparison.Ordinal);
        Assert.DoesNotContain("cannot be put into bridge", lab.A.Log, StringComparison.Ordinal);
    }

    [Fact]
    public void Fewer_workers_read_all_that_comes()
    {
        using var lab = new RestartLab();
        lab.A.WriteConfig(lab.YamlOfA + "\nworkers: { count: 3 }");
        lab.Start();
        lab.Learn();
        lab.A.WaitStored(4);
        lab.A.WriteConfig(lab.YamlOfA + "\nworkers: { count: 2 }");
        lab.A.Restart();
        lab.A.WaitReady();
        Assert.Contains("or more than are wanted", lab.A.Log, StringComparison.Ordinal);
        Wait.Until(() => !lab.A.Stored.Any(static name => name.EndsWith(".4789.2", StringComparison.Ordinal)), TimeSpan.FromSeconds(5), "the third socket is not in the store", () => string.Join(' ', lab.A.Stored));
        lab.Learn();

        // Many flows: each of the sockets that are there is read.
        using var flow = new SteadyFlow(lab.TenantB, lab.TenantA, RestartLab.MacB, RestartLab.MacA, 2000, 1000);
        var (lost, twice, _) = flow.Finish();
        Assert.Equal((0, 0), (lost, twice));
    }

    private static string With(RestartLab lab, string port) => lab.YamlOfA.Replace($"netns: {lab.TenantA}", port, StringComparison.Ordinal);

    private static string Show(string ns, string device) => NetLab.Ip(ns, "link", "show", "dev", device).StdOut;

    private static int Index(string ns, string device) => int.Parse(Show(ns, device).Split(':')[0], CultureInfo.InvariantCulture);
}
