using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Packaging;

/// <summary>The Debian package in a Debian: installed, run, upgraded, removed.</summary>
[Trait("Category", "Peer")]
public sealed class DebTests(InstalledPackage package) : IClassFixture<InstalledPackage>
{
    // Keys of a later systemd than Debian 12's, which says that it does not know them and goes on.
    private static readonly string[] NewerKeys = ["'RestartSteps'", "'RestartMaxDelaySec'"];
    private static readonly string[] NamesSomething = ["overlay", "Description=", "RuntimeDirectoryPreserve="];

    [Fact]
    public void Installed_programs_run_without_a_runtime_of_the_host_and_judge_the_example()
    {
        var debian = package.Debian;

        Assert.StartsWith("overlayd ", debian.Run("overlayd", "--version").OrThrow().StdOut, StringComparison.Ordinal);
        Assert.StartsWith("overlayctl ", debian.Run("overlayctl", "--version").OrThrow().StdOut, StringComparison.Ordinal);
        debian.Run("overlayd", "--check", "/usr/share/doc/overlay/examples/overlayd.yaml").OrThrow();
        Assert.Equal(2, debian.Run("overlayd").ExitCode);    // no configuration comes with it: the example names no device of this host
        Assert.Equal("755 root root", debian.Run("stat", "-c", "%a %U %G", "/usr/lib/overlay/overlayd").OrThrow().StdOut.Trim());
        debian.Run("sh", "-c", "cd / && md5sum --quiet -c /var/lib/dpkg/info/overlay.md5sums").OrThrow();
        debian.Run("dpkg", "--audit").OrThrow();
    }

    [Fact]
    public void Installed_daemon_carries_frames_as_the_packages_user_with_one_capability()
    {
        var debian = package.Debian;
        using var lab = new NetLab();
        var (ours, theirs) = (lab.AddHost("deb"), lab.AddHost("peer"));
        NetLab.Join(ours, "u0", theirs, "u0");
        NetLab.Address(ours, "u0", "192.0.2.1/24");
        NetLab.Address(theirs, "u0", "192.0.2.2/24");
        var kernel = KernelVxlanPeer.Create(theirs, "u0", 100, "192.0.2.2", "192.0.2.1");
        NetLab.Address(kernel.Netns, kernel.Device, "10.0.0.2/24");
        File.WriteAllText(debian.PathOf("etc/overlay/overlayd.yaml"), """
            node: { name: packaged, local: [192.0.2.1] }
            ports:
              t0: { tap: t0 }
            vnis:
              - { id: 100, ports: [t0] }
            peers:
              - { name: kernel, addresses: [192.0.2.2], vnis: [100] }
            """);
        try
        {
            // As the unit does.
            debian.Run("install", "-d", "-o", "overlay", "-g", "overlay", "/run/overlay", "/var/lib/overlay").OrThrow();
            using var daemon = debian.Start(
                ours, "setpriv", "--reuid=overlay", "--regid=overlay", "--clear-groups", "--bounding-set=-all,+net_admin", "--inh-caps=-all,+net_admin", "--ambient-caps=-all,+net_admin",
                "--no-new-privs", "overlayd", "--config", "/etc/overlay/overlayd.yaml");
            Wait.Until(() => daemon.HasExited || NetLab.HasDevice(ours, "t0"), TimeSpan.FromSeconds(20), "the TAP is there", () => daemon.StdErr + daemon.StdOut);
            NetLab.Address(ours, "t0", "10.0.0.1/24");
            NetLab.WaitForPing(ours, "10.0.0.2", TimeSpan.FromSeconds(15));

            Assert.Contains("packaged", debian.Run("overlayctl", "status").OrThrow().StdOut, StringComparison.Ordinal);
            Assert.Contains("CapEff:\t0000000000001000", File.ReadAllText($"/proc/{daemon.Pid}/status"), StringComparison.Ordinal);
            daemon.Stop(limit: TimeSpan.FromSeconds(20));
        }
        finally
        {
            debian.Run("sh", "-c", "rm -rf /run/overlay/* /var/lib/overlay /etc/overlay/overlayd.yaml");
        }
    }

    [Fact]
    public void Manual_pages_and_completions_are_there_and_read_without_a_warning()
    {
        var debian = package.Debian;

        foreach (var page in new[] { "man8/overlayd.8", "man8/overlayctl.8", "man5/overlayd.yaml.5" })
        {
            var text = debian.Run("sh", "-c", $"zcat /usr/share/man/{page}.gz | groff -man -Tutf8 -ww -P-cbou").OrThrow();
            Assert.Equal("", text.StdErr.Trim());
            Assert.Contains("NAME", text.StdOut, StringComparison.Ordinal);
        }

        foreach (var file in new[] { "bash-completion/completions/overlayctl", "zsh/vendor-completions/_overlayctl", "fish/vendor_completions.d/overlayctl.fish" })
            Assert.True(File.Exists(debian.PathOf("usr/share/" + file)), file);
    }

    [Fact]
    public void Units_are_valid_and_the_one_for_several_daemons_names_nothing_shared()
    {
        var debian = package.Debian;

        var one = File.ReadAllLines(debian.PathOf("lib/systemd/system/overlayd.service"));
        var several = File.ReadAllLines(debian.PathOf("lib/systemd/system/overlayd@.service"));
        Assert.Contains(one, l => l == "ConditionPathExists=/etc/overlay/overlayd.yaml");
        Assert.Contains(several, l => l == "ConditionPathExists=/etc/overlay/%i.yaml");
        Assert.Contains(several, l => l.StartsWith("ExecStart=", StringComparison.Ordinal) && l.EndsWith("--config /etc/overlay/%i.yaml", StringComparison.Ordinal));
        Assert.Contains(several, l => l.StartsWith("ExecReload=/usr/bin/overlayctl --socket /run/overlay/%i.sock ", StringComparison.Ordinal));
        Assert.Contains(several, l => l == "StateDirectory=overlay/%i");
        Assert.DoesNotContain(several, l => l.Contains("overlayd.yaml", StringComparison.Ordinal) && !l.StartsWith("Documentation=", StringComparison.Ordinal));
        // What confines one confines all: same lines but for the names.
        var confining = (string[] lines) => lines.Where(l => l.Length > 0 && l[0] != '#' && !NamesSomething.Any(n => l.Contains(n, StringComparison.Ordinal))).ToArray();
        Assert.Equal(confining(one), confining(several));
        foreach (var unit in new[] { "overlayd.service", "overlayd@vtep.service" })
        {
            var verdict = debian.Run("systemd-analyze", "--man=no", "verify", "/lib/systemd/system/" + unit);
            Assert.True(verdict.Ok && !verdict.StdErr.Split('\n').Any(l => l.Contains("overlayd", StringComparison.Ordinal) && !NewerKeys.Any(k => l.Contains(k, StringComparison.Ordinal))), verdict.ToString());
        }
    }

    [Fact]
    public void Package_is_upgraded_in_place_and_purged_without_a_trace()
    {
        using var debian = new DebianCopy();
        _ = package.Debian;
        debian.Install(package.File);
        Assert.True(debian.Run("getent", "passwd", "overlay").Ok);
        File.WriteAllText(debian.PathOf("etc/overlay/overlayd.yaml"), "node: { name: mine, local: [192.0.2.1] }\n");
        debian.Run("install", "-d", "-o", "overlay", "/var/lib/overlay").OrThrow();
        File.WriteAllText(debian.PathOf("var/lib/overlay/seed"), "state");

        debian.Install(package.File);
        Assert.Equal("node: { name: mine, local: [192.0.2.1] }\n", File.ReadAllText(debian.PathOf("etc/overlay/overlayd.yaml")));
        Assert.True(File.Exists(debian.PathOf("var/lib/overlay/seed")));

        debian.Run("dpkg", "--remove", "overlay").OrThrow();
        Assert.False(Directory.Exists(debian.PathOf("usr/lib/overlay")));
        Assert.True(File.Exists(debian.PathOf("etc/overlay/overlayd.yaml")), "the administrator's configuration stays on removal");
        Assert.True(File.Exists(debian.PathOf("var/lib/overlay/seed")), "state stays on removal");

        // A configuration is the administrator's own and outlives a purge; all else goes, the user too.
        debian.Run("dpkg", "--purge", "overlay").OrThrow();
        Assert.True(File.Exists(debian.PathOf("etc/overlay/overlayd.yaml")));
        Directory.Delete(debian.PathOf("etc/overlay"), recursive: true);
        var after = debian.Inventory();
        Assert.Empty(after.Except(package.Before).Select(p => $"left or changed: {p.Key} {p.Value}").Concat(package.Before.Keys.Except(after.Keys).Select(k => "gone: " + k)));
    }
}
