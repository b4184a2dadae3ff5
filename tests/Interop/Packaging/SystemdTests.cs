using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Packaging;

/// <summary>The package's units under systemd as process 1 of a container.</summary>
[Trait("Category", "Peer")]
[Trait("Category", "Long")]
[Collection(DockerCollection.Name)]
public sealed class SystemdTests(DockerDaemon docker)
{
    private const string Box = "systemd";

    // Control groups are mounted anew, as version 2: the container's own. The peer is the kernel's vxlan device in a namespace inside.
    private const string Boot =
        """
        #!/bin/sh
        set -e
        dpkg --install /overlay/*.deb
        cp /overlay/overlayd.yaml /overlay/two.yaml /etc/overlay/
        mount -o remount,rw /proc/sys 2>/dev/null || true
        umount --recursive --lazy /sys/fs/cgroup
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
        ip link set lo up
        ip netns add peer
        ip link add u0 type veth peer name u0 netns peer
        ip addr add 192.0.2.1/24 dev u0
        ip link set u0 up
        ip -n peer addr add 192.0.2.2/24 dev u0
        ip -n peer link set u0 up
        ip -n peer link add vx0 type vxlan id 100 dstport 4789 dev u0 local 192.0.2.2 remote 192.0.2.1
        ip -n peer addr add 10.0.0.2/24 dev vx0
        ip -n peer link set vx0 mtu 1450 up
        exec /lib/systemd/systemd --unit=multi-user.target
        """;

    private const string First =
        """
        node: { name: first, local: [192.0.2.1] }
        ports:
          t0: { tap: t0 }
        vnis:
          - { id: 100, ports: [t0] }
        peers:
          - { name: kernel, addresses: [192.0.2.2], vnis: [100] }

        """;

    private const string Second =
        """
        node: { name: second, local: [192.0.2.1] }
        listen: { vxlan: 4790, geneve: null, source_ports: 40000-41000 }
        ports:
          t1: { tap: t1 }
        vnis:
          - { id: 200, ports: [t1] }

        """;

    [Fact]
    public void Service_is_watched_restarted_and_upgraded_under_systemd_while_frames_pass()
    {
        _ = Staged.Programs;
        docker.Start();
        try
        {
            Start();
            Wait.Until(() => In("systemctl", "is-active", "overlayd").Ok, TimeSpan.FromSeconds(20), "the service is active", Journal);
            In("ip", "addr", "add", "10.0.0.1/24", "dev", "t0").OrThrow();
            Wait.Until(() => In("ip", "netns", "exec", "peer", "ping", "-c", "1", "-W", "1", "10.0.0.1").Ok, TimeSpan.FromSeconds(10), "a frame crosses", Journal);

            Assert.Equal("running", In("systemctl", "is-system-running").StdOut.Trim());
            Assert.Equal("30s", Show("WatchdogUSec"));
            Assert.NotEqual("0", Show("WatchdogTimestampMonotonic"));
            Assert.StartsWith("1 port, 1 VNI, 1 peer", Show("StatusText"), StringComparison.Ordinal);
            var status = In("cat", $"/proc/{Show("MainPID")}/status").OrThrow().StdOut;
            Assert.Contains("CapEff:\t0000000000001000", status, StringComparison.Ordinal);

            StaysThrough("systemctl", "restart", "overlayd");
            StaysThrough("dpkg", "--install", "/overlay/overlay.deb");
            Several();
            Saves();
            ComesBack();

            In("systemctl", "reload", "overlayd").OrThrow();
            In("dpkg", "--purge", "overlay").OrThrow();
            Assert.NotEqual("active", In("systemctl", "is-active", "overlayd").StdOut.Trim());
        }
        finally
        {
            docker.Docker("rm", "--force", "--volumes", Box);
        }
    }

    // A ping every 5 ms is never left without an answer, and another process gives the answers afterwards.
    private void StaysThrough(params string[] command)
    {
        // Without a store of descriptors a restart makes its TAPs anew; then it is enough that it forwards again.
        var keeps = Show("FileDescriptorStoreMax") != "0";
        var before = Show("MainPID");
        using var ping = Cmd.Start(null, new Dictionary<string, string>(StringComparer.Ordinal) { ["DOCKER_HOST"] = docker.Host }, "docker", "exec", Box, "ip", "netns", "exec", "peer", "ping", "-n", "-i", "0.005", "10.0.0.1");
        Wait.Until(() => ping.StdOut.Contains("icmp_seq=50 ", StringComparison.Ordinal), TimeSpan.FromSeconds(10), "frames pass before");
        In(command).OrThrow();
        Wait.Until(() => In("systemctl", "is-active", "overlayd").StdOut.Trim() == "active", TimeSpan.FromSeconds(20), "the service is active again", Journal);
        if (!keeps)
        {
            // A new TAP has another MAC, and the peer would believe its old neighbour entry for half a minute.
            In("ip", "addr", "add", "10.0.0.1/24", "dev", "t0").OrThrow();
            In("ip", "-n", "peer", "neigh", "flush", "dev", "vx0").OrThrow();
        }

        var after = ping.StdOut.Length;
        Wait.Until(() => ping.StdOut.Length > after + 10_000, TimeSpan.FromSeconds(10), "frames pass afterwards", Journal);
        In("sh", "-c", "kill -INT $(pidof ping)").OrThrow();
        var output = ping.WaitForExit(TimeSpan.FromSeconds(20)).StdOut;

        Assert.NotEqual(before, Show("MainPID"));
        if (!keeps) return;
        var missing = Echoes.Missing(output);
        Assert.True(missing.Count == 0, $"{string.Join(' ', command)}: no answer to {string.Join(' ', missing)}\n{Journal()}");
        Assert.NotEqual("0", Show("NFileDescriptorStore"));
    }

    // The sandbox lets a change be saved, and the file stays its group's.
    private void Saves()
    {
        const string Configuration = "/etc/overlay/overlayd.yaml";
        string[] ask = ["stat", "-c", "%G %a", Configuration];
        var before = In(ask).OrThrow().StdOut;
        In("overlayctl", "peer", "add", "later", "--address", "192.0.2.9", "--vni", "100", "--save").OrThrow();
        Assert.Contains("192.0.2.9", In("cat", Configuration).StdOut, StringComparison.Ordinal);
        Assert.Equal(before, In(ask).StdOut);
    }

    // Removed with its configuration left, and installed again: it runs as it did.
    private void ComesBack()
    {
        In("dpkg", "--remove", "overlay").OrThrow();
        Assert.NotEqual("active", In("systemctl", "is-active", "overlayd").StdOut.Trim());
        In("dpkg", "--install", "/overlay/overlay.deb").OrThrow();
        Wait.Until(() => In("systemctl", "is-active", "overlayd").StdOut.Trim() == "active", TimeSpan.FromSeconds(20), "the service is active again", Journal);
    }

    // The template: a second daemon beside the first, whose socket stays when it stops.
    private void Several()
    {
        In("systemctl", "start", "overlayd@two").OrThrow();
        Wait.Until(() => In("overlayctl", "--socket", "/run/overlay/two.sock", "status").StdOut.Contains("second", StringComparison.Ordinal), TimeSpan.FromSeconds(10), "the second daemon answers", Journal);
        In("systemctl", "reload", "overlayd@two").OrThrow();
        In("systemctl", "stop", "overlayd@two").OrThrow();
        Assert.Contains("first", In("overlayctl", "status").StdOut, StringComparison.Ordinal);
    }

    private void Start()
    {
        var folder = Path.Combine(docker.Folder, "systemd");
        Directory.CreateDirectory(folder);
        File.Move(Staged.Package(folder), Path.Combine(folder, "overlay.deb"));
        File.WriteAllText(Path.Combine(folder, "boot"), Boot);
        File.WriteAllText(Path.Combine(folder, "overlayd.yaml"), First);
        File.WriteAllText(Path.Combine(folder, "two.yaml"), Second);
        // Privileged but for what a machine may not have itself: --privileged asks for every capability and is refused where one is missing.
        var run = docker.Docker(
            "run", "--detach", "--name", Box, "--cap-add", "ALL", "--cap-drop", "SYS_RESOURCE", "--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined",
            "--security-opt", "systempaths=unconfined", "--device", "/dev/net/tun", "--cgroupns", "private", "--network", "none", "--tmpfs", "/run", "--tmpfs", "/tmp", "--env", "container=docker",
            "--volume", folder + ":/overlay:ro", DockerDaemon.Debian, "sh", "/overlay/boot");
        if (!run.Ok) throw new SkipTestException("no container with the capabilities that systemd needs: " + run.StdErr.Trim());
        if (Wait.TryUntil(() => In("systemctl", "is-system-running", "--wait").StdOut.Trim() is "running" or "degraded", TimeSpan.FromSeconds(60))) return;
        var said = docker.Docker("logs", Box);
        Assert.True(said.StdOut.Contains("Setting up overlay", StringComparison.Ordinal), said.ToString());
        throw new SkipTestException("systemd does not run as process 1 of a container here: " + said.StdErr.Trim().Split('\n')[^1]);
    }

    private CmdResult In(params ReadOnlySpan<string> args) => docker.Exec(Box, args);

    private string Show(string property) => In("systemctl", "show", "overlayd", "--value", "--property", property).OrThrow().StdOut.Trim();

    private string Journal() => In("journalctl", "--no-pager", "--lines", "40").ToString();
}
