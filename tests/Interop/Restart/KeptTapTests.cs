using System.Globalization;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Restart;

/// <summary>TAPs that overlayd makes outlive it, and only those; what is not configured any more goes, and nothing that is somebody else's.</summary>
public sealed class KeptTapTests
{
    [Fact]
    public void A_tap_stays_with_its_addresses_when_the_daemon_stops_or_is_killed_and_is_taken_up_again()
    {
        using var lab = new RestartLab();
        lab.A.HasStore = false;
        lab.A.StartReady();
        NetLab.Address(lab.TenantA, "t0", "10.0.0.1/24");
        NetLab.Ip(lab.TenantA, "route", "add", "10.9.0.0/16", "via", "10.0.0.2");
        var index = Index(lab.TenantA, "t0");
        Assert.Contains("alias overlayd:vtep:", Show(lab.TenantA, "t0"), StringComparison.Ordinal);
        foreach (var end in new[] { lab.A.Kill, () => lab.A.End() })
        {
            end();
            Assert.Contains("NO-CARRIER", Show(lab.TenantA, "t0"), StringComparison.Ordinal);
            lab.A.StartReady();
            Assert.Equal(index, Index(lab.TenantA, "t0"));
            Assert.Contains("LOWER_UP", Show(lab.TenantA, "t0"), StringComparison.Ordinal);
            Assert.Contains("10.0.0.1/24", NetLab.Ip(lab.TenantA, "addr", "show", "dev", "t0").StdOut, StringComparison.Ordinal);
            Assert.Contains("10.9.0.0/16", NetLab.Ip(lab.TenantA, "route").StdOut, StringComparison.Ordinal);
        }

        // Whoever ends it at a terminal wants nothing of it to be left.
        Assert.Equal(0, lab.A.Interrupt());
        Assert.False(NetLab.HasDevice(lab.TenantA, "t0"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_tap_that_is_taken_out_of_the_configuration_goes_at_a_reload_and_at_the_next_start(bool hasStore)
    {
        using var lab = new RestartLab();
        lab.A.HasStore = hasStore;
        var two = lab.YamlOfA.Replace("\nvnis:", $"\n  t1: {{ tap: t1, netns: {lab.TenantA} }}\n  t2: {{ tap: t2, netns: {lab.TenantA} }}\nvnis:", StringComparison.Ordinal);
        lab.A.WriteConfig(two);
        lab.A.StartReady();
        if (hasStore) lab.A.WaitStored(8);
        lab.A.WriteConfig(two.Replace($"  t1: {{ tap: t1, netns: {lab.TenantA} }}\n", "", StringComparison.Ordinal));
        Assert.Equal(System.Net.HttpStatusCode.OK, lab.A.Api.Send(HttpMethod.Post, "/v1/config/reload").Status);
        Wait.Until(() => !NetLab.HasDevice(lab.TenantA, "t1"), TimeSpan.FromSeconds(5), "t1 is gone", () => lab.A.Log + string.Join(' ', lab.A.Stored));
        Assert.True(NetLab.HasDevice(lab.TenantA, "t2"));

        // Somebody has taken t2 over: another alias, another owner.
        lab.A.End();
        NetLab.Ip(lab.TenantA, "link", "set", "t2", "alias", "mine");
        lab.A.WriteConfig(lab.YamlOfA);
        lab.A.StartReady();
        Assert.True(NetLab.HasDevice(lab.TenantA, "t2"));

        lab.A.WriteConfig(two);
        Assert.Equal(System.Net.HttpStatusCode.OK, lab.A.Api.Send(HttpMethod.Post, "/v1/config/reload").Status);
        lab.A.End();
        lab.A.WriteConfig(lab.YamlOfA);
        lab.A.StartReady();
        Wait.Until(() => !NetLab.HasDevice(lab.TenantA, "t1"), TimeSpan.FromSeconds(5), "t1 is gone", () => lab.A.Log);
        Wait.Until(() => lab.A.Log.Contains("tap 't1' is not configured any more: removed", StringComparison.Ordinal), TimeSpan.FromSeconds(5), "the log says so", () => lab.A.Log);
        Assert.True(NetLab.HasDevice(lab.TenantA, "t2"));
        Assert.True(NetLab.HasDevice(lab.TenantA, "t0"));
        Assert.DoesNotContain(lab.A.Stored, static name => name.Contains(".t1.", StringComparison.Ordinal) || name.Contains(".t2.", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("multi_queue")]
    [InlineData("")]
    public void A_tap_that_somebody_made_is_never_removed(string flags)
    {
        using var lab = new RestartLab();
        NetLab.Ip(lab.TenantA, [.. $"tuntap add t0 mode tap {flags}".Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        var index = Index(lab.TenantA, "t0");
        lab.Start();
        lab.Learn();
        lab.A.Restart();
        lab.A.WaitReady();
        lab.Learn();
        lab.A.Kill();
        lab.A.StartReady();
        lab.Learn();
        Assert.DoesNotContain("alias", Show(lab.TenantA, "t0"), StringComparison.Ordinal);
        lab.A.Interrupt();
        lab.A.EmptyStore();
        Assert.Equal(index, Index(lab.TenantA, "t0"));
        lab.A.WriteConfig(lab.YamlOfA.Replace("t0", "t9", StringComparison.Ordinal));
        lab.A.StartReady();
        Assert.Equal(index, Index(lab.TenantA, "t0"));
        lab.A.End();
    }

    [Fact]
    public void Another_daemon_gets_neither_the_tap_nor_its_removal()
    {
        using var lab = new RestartLab();
        lab.A.HasStore = false;
        lab.A.StartReady();
        var yaml = lab.YamlOfA.Replace("192.0.2.1", "127.0.0.1", StringComparison.Ordinal);
        var other = new Supervisor(lab.Net, lab.HostA, yaml) { HasStore = false };
        other.Start();
        Wait.Until(() => other.Log.Contains("in use by another process", StringComparison.Ordinal), TimeSpan.FromSeconds(10), "a refusal", () => other.Log);
        other.End();

        // Not even one that reads the first one's list: the TAP is open.
        Directory.CreateDirectory(other.StateDirectory);
        File.Copy(Path.Combine(lab.A.StateDirectory, "taps"), Path.Combine(other.StateDirectory, "taps"), overwrite: true);
        other.WriteConfig(yaml.Replace("t0", "t5", StringComparison.Ordinal));
        other.StartReady();
        Wait.Until(() => other.Log.Contains("cannot be removed", StringComparison.Ordinal), TimeSpan.FromSeconds(10), "a warning", () => other.Log);
        Assert.True(NetLab.HasDevice(lab.TenantA, "t0"));
        other.Interrupt();
    }

    private static string Show(string ns, string device) => NetLab.Ip(ns, "link", "show", "dev", device).StdOut;

    private static int Index(string ns, string device) => int.Parse(Show(ns, device).Split(':')[0], CultureInfo.InvariantCulture);
}
