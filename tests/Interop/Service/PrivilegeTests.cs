using System.Globalization;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Service;

/// <summary>What the process may do once it runs, read from /proc for every thread; and that it forwards with no more than that.</summary>
public sealed class PrivilegeTests : IDisposable
{
    private const ulong NetAdmin = 1UL << 12;
    private const ulong SysAdmin = 1UL << 21;
    private const ulong Bpf = 1UL << 39;
    private const int Nobody = 65534;
    private const string PeerB = "- { name: b, addresses: [192.0.2.2], encap: vxlan, vnis: [100] }";
    private const string PeerA = "- { name: a, addresses: [192.0.2.1], encap: vxlan, vnis: [100] }";

    private readonly NetLab _lab = new();

    public void Dispose() => _lab.Dispose();

    /// <summary>As the unit starts it: a user of its own, one capability, nothing else in reach.</summary>
    [Fact]
    public void With_CAP_NET_ADMIN_alone_every_thread_holds_that_and_it_forwards()
    {
        Requires.Tools("setpriv", "unshare");
        Requires.HostRoot("another user's id");
        (string host, string program) = Prepare($"--reuid={Nobody} --regid={Nobody} --clear-groups --no-new-privs --inh-caps=-all,+net_admin --ambient-caps=-all,+net_admin --bounding-set=-all,+net_admin");
        OverlaydProcess daemon = OverlaydProcess.Start(_lab, host, Yaml(), program: program);
        AssertForwards(host, daemon, NetAdmin);
        AssertBounded(daemon, NetAdmin);
        Assert.Equal(["CAP_NET_ADMIN"], daemon.Status()["runtime"]!["capabilities"]!.AsArray().Select(name => (string)name!));
        Assert.Contains("lane", daemon.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 1)]
    [InlineData("multi_queue", 1)]
    [InlineData("multi_queue", 2)]
    public void With_no_capability_at_all_it_forwards_over_a_TAP_that_was_made_for_its_user(string kind, int queues)
    {
        Requires.Tools("setpriv", "unshare");
        Requires.HostRoot("another user's id");
        (string host, string program) = Prepare($"--reuid={Nobody} --regid={Nobody} --clear-groups --no-new-privs --inh-caps=-all --ambient-caps=-all --bounding-set=-all");
        string[] made = ["ip", "tuntap", "add", "dev", "t0", "mode", "tap", "user", Nobody.ToString(CultureInfo.InvariantCulture), "vnet_hdr"];
        Cmd.Run(host, kind.Length > 0 ? [.. made, kind] : made).OrThrow();
        NetLab.Ip(host, "link", "set", "t0", "mtu", "1400", "up");
        OverlaydProcess daemon = OverlaydProcess.Start(_lab, host, Yaml($"queues: {queues}, mtu: 1400"), program: program);
        AssertForwards(host, daemon, 0);
        AssertBounded(daemon, 0);
        Assert.Empty(daemon.Status()["runtime"]!["capabilities"]!.AsArray());
    }

    /// <summary>Root by hand, and the daemon gives up by itself what it has no use for.</summary>
    [Theory]
    [InlineData("auto", NetAdmin | Bpf)]
    [InlineData("[net_admin]", NetAdmin)]
    [InlineData("[net_admin, sys_admin]", NetAdmin | SysAdmin)]
    public void What_the_configuration_does_not_keep_is_given_up_by_every_thread(string capabilities, ulong kept)
    {
        Requires.HostRoot("all capabilities to begin with");
        string host = Hosts();
        OverlaydProcess daemon = OverlaydProcess.Start(_lab, host, $"{Yaml()}\nprivileges: {{ capabilities: {capabilities} }}");
        AssertForwards(host, daemon, kept);
        AssertBounded(daemon, kept);
    }

    private static string Yaml(string port = "") => $$"""
        node: { name: a, local: [192.0.2.1] }
        ports: { t0: { tap: t0{{(port.Length > 0 ? ", " + port : "")}} } }
        vnis: [ { id: 100, ports: [t0] } ]
        peers: [ {{PeerB[2..]}} ]
        """;

    private static void AssertForwards(string host, OverlaydProcess daemon, ulong held)
    {
        NetLab.Address(host, "t0", "10.0.0.1/24");
        NetLab.WaitForPing(host, "10.0.0.2");
        (string Thread, ulong[] Sets)[] threads = [.. Threads(daemon.Pid)];
        Assert.True(threads.Length > 5, "a .NET process has more threads than that");
        Assert.All(threads, thread => Assert.Equal((thread.Thread, held, held), (thread.Thread, thread.Sets[0], thread.Sets[1])));
    }

    private static void AssertBounded(OverlaydProcess daemon, ulong most) =>
        Assert.All(Threads(daemon.Pid), thread => Assert.Equal((thread.Thread, 0UL), (thread.Thread, thread.Sets[2] & ~most)));

    // Permitted, effective, bounding.
    private static IEnumerable<(string Thread, ulong[] Sets)> Threads(int pid)
    {
        foreach (string folder in Directory.GetDirectories($"/proc/{pid}/task"))
        {
            string[] lines;
            try
            {
                lines = File.ReadAllLines(Path.Combine(folder, "status"));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // It has ended since.
                continue;
            }

            yield return (lines[0], [.. new[] { "CapPrm:", "CapEff:", "CapBnd:" }.Select(key =>
                ulong.Parse(lines.Single(line => line.StartsWith(key, StringComparison.Ordinal)).AsSpan(key.Length).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture))]);
        }
    }

    private string Hosts()
    {
        string host = _lab.AddHost("h");
        var peer = new Site(_lab, "b");
        NetLab.Join(host, "u0", peer.Host, "u0");
        NetLab.Address(host, "u0", "192.0.2.1/24");
        NetLab.Address(peer.Host, "u0", "192.0.2.2/24");
        peer.Start(peer.Yaml("192.0.2.2", 100, PeerA), "10.0.0.2/24");
        return host;
    }

    /// <summary>The hosts, and a program that starts overlayd with less: the tun device is everybody's for it, as udev makes it on most systems.</summary>
    private (string Host, string Program) Prepare(string setpriv)
    {
        string host = Hosts();
        string tun = Path.Combine(_lab.Folder, "tun");
        string program = Path.Combine(_lab.Folder, "start");
        Cmd.Run(null, "mknod", "-m", "0666", tun, "c", "10", "200").OrThrow();
        File.WriteAllText(program, $"#!/bin/sh\nexec unshare --mount --propagation private /bin/sh -c 'mount --bind {tun} /dev/net/tun && exec setpriv {setpriv} \"$@\"' sh {Binaries.Overlayd} \"$@\"\n");
        File.SetUnixFileMode(program, (UnixFileMode)0b111_101_101);
        File.SetUnixFileMode(_lab.Folder, (UnixFileMode)0b111_111_111);
        return (host, program);
    }
}
