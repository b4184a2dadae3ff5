using System.Text.Json.Nodes;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Healing;

/// <summary>The underlay changes under a running daemon; it heals without a restart and says meanwhile what is wrong.</summary>
public sealed class HealingTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    public static TheoryData<string, string, int> Underlays() => new() { { "192.0.2.1", "192.0.2.2", 24 }, { "2001:db8::1", "2001:db8::2", 64 } };

    [Theory]
    [MemberData(nameof(Underlays))]
    public void A_local_address_that_goes_and_returns(string ours, string theirs, int prefix)
    {
        using var lab = new NetLab();
        var (a, b) = Build(lab, ours, theirs, prefix);
        var pid = a.Daemon.Pid;

        NetLab.Ip(a.Host, "addr", "del", $"{ours}/{prefix}", "dev", "u0");
        Wait.Until(() => !Present(a), Soon, "the status says that the address is absent", () => $"{a.Daemon.Status()}");
        Assert.NotEqual("ok", (string)a.Daemon.Status()["verdict"]!);
        Assert.Contains(a.Daemon.Status()["reasons"]!.AsArray(), r => r!.ToString().Contains(ours, StringComparison.Ordinal));
        Assert.False(Cmd.Run(a.Tenant, "ping", "-c", "1", "-W", "1", "10.0.0.2").Ok);

        NetLab.Address(a.Host, "u0", $"{ours}/{prefix}");
        a.WaitForPing("10.0.0.2");
        // Frames dropped meanwhile are named for a minute longer; the address is not.
        Wait.Until(() => Present(a) && !a.Daemon.Status()["reasons"]!.AsArray().Any(r => r!.ToString().Contains(ours, StringComparison.Ordinal)), Soon, "the warning is gone", () => $"{a.Daemon.Status()}");
        Assert.Equal(pid, a.Daemon.Pid);
        Assert.True(a.Daemon.IsRunning);
        Assert.Equal(0, b.Daemon.SettledDrops().Unaccounted("rx"));
    }

    [Theory]
    [MemberData(nameof(Underlays))]
    public void A_link_that_goes_down_and_up(string ours, string theirs, int prefix)
    {
        using var lab = new NetLab();
        var (a, b) = Build(lab, ours, theirs, prefix);
        NetLab.Sysctl(a.Host, "net/ipv6/conf/u0/keep_addr_on_down", "1");

        NetLab.Ip(a.Host, "link", "set", "u0", "down");
        Assert.False(Cmd.Run(a.Tenant, "ping", "-c", "1", "-W", "1", "10.0.0.2").Ok);
        var drops = a.Daemon.SettledDrops();
        Assert.Equal(0, drops.Unaccounted("tx"));
        NetLab.Ip(a.Host, "link", "set", "u0", "up");

        a.WaitForPing("10.0.0.2");
        TcpTransfer.Run(a.Tenant, b.Tenant, "10.0.0.2", 65_536);
    }

    [Theory]
    [MemberData(nameof(Underlays))]
    public void A_daemon_started_before_its_address_exists(string ours, string theirs, int prefix)
    {
        using var lab = new NetLab();
        var (a, _) = Build(lab, ours, theirs, prefix, addressFirst: false);
        Assert.False(Present(a));
        Assert.NotEqual("ok", (string)a.Daemon.Status()["verdict"]!);

        NetLab.Address(a.Host, "u0", $"{ours}/{prefix}");

        a.WaitForPing("10.0.0.2");
    }

    [Theory]
    [MemberData(nameof(Underlays))]
    public void An_MTU_change_is_followed_by_the_ports_that_derive_theirs(string ours, string theirs, int prefix)
    {
        using var lab = new NetLab();
        var (a, b) = Build(lab, ours, theirs, prefix);
        var before = TapMtu(a);
        Assert.InRange(before, 1300, 1450);

        NetLab.Ip(a.Host, "link", "set", "u0", "mtu", "1400");
        Wait.Until(() => TapMtu(a) == before - 100, Soon, "the TAP's MTU follows", () => $"{TapMtu(a)}; {a.Daemon.Status()}");
        Wait.Until(() => (int?)a.Daemon.Status()["local"]!.AsArray().Single()!["mtu"] == 1400, Soon, "the status shows it", () => $"{a.Daemon.Status()}");
        Cmd.Run(a.Tenant, "ping", "-M", "do", "-s", $"{before - 100 - 28}", "-c", "2", "-i", "0.2", "-W", "2", "10.0.0.2").OrThrow();

        NetLab.Ip(a.Host, "link", "set", "u0", "mtu", "1500");
        Wait.Until(() => TapMtu(a) == before, Soon, "and back", () => $"{TapMtu(a)}");
        Cmd.Run(a.Tenant, "ping", "-M", "do", "-s", $"{before - 28}", "-c", "2", "-i", "0.2", "-W", "2", "10.0.0.2").OrThrow();
        TcpTransfer.Run(b.Tenant, a.Tenant, "10.0.0.1", 1 << 20);
    }

    [Fact]
    public void A_route_that_goes_and_returns_is_underlay_unreachable_meanwhile()
    {
        using var lab = new NetLab();
        var (a, _) = Build(lab, "192.0.2.1", "192.0.2.2", 24);
        var before = a.Daemon.SettledDrops();

        NetLab.Ip(a.Host, "route", "add", "unreachable", "192.0.2.2/32");
        Assert.False(Cmd.Run(a.Tenant, "ping", "-c", "2", "-i", "0.2", "-W", "1", "10.0.0.2").Ok);
        var change = a.Daemon.SettledDrops().Since(before);
        Assert.True(change.Drops.GetValueOrDefault("underlay_unreachable/tx") >= 1, change.ToString());
        NetLab.Ip(a.Host, "route", "del", "unreachable", "192.0.2.2/32");

        a.WaitForPing("10.0.0.2");
    }

    [Fact]
    public void A_firewall_that_refuses_to_send_is_named()
    {
        Requires.Tools("nft");
        using var lab = new NetLab();
        var (a, _) = Build(lab, "192.0.2.1", "192.0.2.2", 24);
        var before = a.Daemon.SettledDrops();
        Cmd.Run(a.Host, "nft", "add table ip f; add chain ip f o { type filter hook output priority 0; }; add rule ip f o udp dport 4789 reject; add rule ip f o udp dport 4789 drop").OrThrow();

        Cmd.Run(a.Tenant, "ping", "-c", "2", "-i", "0.2", "-W", "1", "10.0.0.2");

        Wait.Until(() => a.Daemon.Drops().Since(before).Drops.GetValueOrDefault("underlay_send_refused/tx") >= 1, Soon, "underlay_send_refused", () => a.Daemon.Drops().Since(before).ToString());
        Cmd.Run(a.Host, "nft", "delete table ip f").OrThrow();
        a.WaitForPing("10.0.0.2");
    }

    [Fact]
    public void SIGTERM_ends_with_exit_code_0_and_the_TAPs_wait_for_the_next_start()
    {
        using var lab = new NetLab();
        var (a, _) = Build(lab, "192.0.2.1", "192.0.2.2", 24);
        Assert.Equal(0, a.Daemon.Terminate().ExitCode);
        Assert.Contains("NO-CARRIER", NetLab.Ip(a.Tenant, "link", "show", "dev", "t0").StdOut, StringComparison.Ordinal);
        Assert.False(File.Exists(a.Daemon.SocketPath));
    }

    private static (Site A, Site B) Build(NetLab lab, string ours, string theirs, int prefix, bool addressFirst = true)
    {
        var a = new Site(lab, "a");
        var b = new Site(lab, "b");
        NetLab.Join(a.Host, "u0", b.Host, "u0");
        if (addressFirst) NetLab.Address(a.Host, "u0", $"{ours}/{prefix}");
        NetLab.Address(b.Host, "u0", $"{theirs}/{prefix}");
        b.Start(b.Yaml($"\"{theirs}\"", 100, $"- {{ name: a, addresses: [\"{ours}\"], encap: vxlan, vnis: [100] }}"), "10.0.0.2/24");
        a.Start(a.Yaml($"\"{ours}\"", 100, $"- {{ name: b, addresses: [\"{theirs}\"], encap: vxlan, vnis: [100] }}"), "10.0.0.1/24");
        if (addressFirst) a.WaitForPing("10.0.0.2");
        return (a, b);
    }

    private static bool Present(Site site) => (bool)site.Daemon.Status()["local"]!.AsArray().Single()!["present"]!;

    private static int TapMtu(Site site) => (int)JsonNode.Parse(NetLab.Ip(site.Tenant, "-j", "link", "show", "dev", "t0").StdOut)!.AsArray().Single()!["mtu"]!;
}
