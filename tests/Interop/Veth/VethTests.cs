using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Veth;

/// <summary>Ports on veth ends: the tenant's end is in another namespace, as a container's is, with all offloads as the kernel makes them.</summary>
public sealed class VethTests
{
    private const int TenantMtu = 1430;
    private const string Our = "h0";
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    public static TheoryData<string, string> Combinations() => new() { { "vxlan", "v4" }, { "vxlan", "v6" }, { "geneve", "v4" }, { "geneve", "v6" } };

    [Theory]
    [MemberData(nameof(Combinations))]
    public void ARP_ND_ICMP_TCP_and_large_UDP_cross_with_their_checksums_right(string encap, string family)
    {
        using var lab = new NetLab();
        var (a, b) = Build(lab, encap, family, bothVeth: true);
        a.WaitForPing("10.0.0.2");
        a.WaitForPing("fd00::2");
        TcpTransfer.Run(a.Tenant, b.Tenant, "10.0.0.2", 16 << 20);
        TcpTransfer.Run(b.Tenant, a.Tenant, "fd00::1", 16 << 20);

        // Fragments: the tenant's kernel finishes their checksum and cuts them itself.
        Assert.True(Cmd.Run(a.Tenant, "ping", "-c", "3", "-i", "0.2", "-s", "8000", "10.0.0.2").Ok);
        AssertClean(a, b);
        Assert.True(IsUp(a, "t0"));
        Assert.Equal((Our, (string?)null), ((string?)Port(a, "t0")["veth"], (string?)Port(a, "t0")["tap"]));
        Assert.Contains(Our, a.Daemon.Ctl("status").OrThrow().StdOut, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vxlan")]
    [InlineData("geneve")]
    public void A_veth_port_and_TAPs_share_a_VNI(string encap)
    {
        using var lab = new NetLab();
        var (a, b) = Build(lab, encap, "v4", bothVeth: false, extraTap: true);
        NetLab.Address(a.Tenant + "x", "t1", "10.0.0.3/24");
        a.WaitForPing("10.0.0.2");
        a.WaitForPing("10.0.0.3");
        NetLab.WaitForPing(a.Tenant + "x", "10.0.0.2");
        foreach (var (from, to, address) in new[] { (a.Tenant, b.Tenant, "10.0.0.2"), (b.Tenant, a.Tenant, "10.0.0.1"), (a.Tenant, a.Tenant + "x", "10.0.0.3"), (a.Tenant + "x", a.Tenant, "10.0.0.1") })
            TcpTransfer.Run(from, to, address);
        AssertClean(a, b);
    }

    [Fact]
    public void A_trunk_on_a_veth_end_sees_the_tag_that_the_kernel_took_out()
    {
        using var lab = new NetLab();
        var (a, b) = Build(lab, "vxlan", "v4", bothVeth: false, trunkVid: 20);
        using var tagged = new PacketSocket(a.Tenant, "t0");
        using var plain = new PacketSocket(b.Tenant, "t0");
        var there = Wire.Ethernet("ff:ff:ff:ff:ff:ff", "02:00:00:00:00:0a", 0x88b5, new byte[64]);
        tagged.Send([.. there[..12], .. Wire.Tag(20), .. there[12..]]);
        Assert.Equal(there, plain.WaitFor(f => f.AsSpan(12, 2).SequenceEqual((byte[])[0x88, 0xb5]), "the frame without its tag"));
        var back = Wire.Ethernet("02:00:00:00:00:0a", "02:00:00:00:00:0b", 0x88b5, new byte[64]);
        plain.Send(back);
        byte[] expected = [.. back[..12], .. Wire.Tag(20), .. back[12..]];
        Assert.Equal(expected, tagged.WaitFor(f => f.AsSpan(0, 6).SequenceEqual(back.AsSpan(0, 6)) && f[12] == 0x81, "the frame with its tag"));
    }

    [Fact]
    public void A_tenant_whose_MTU_is_too_large_is_told_what_fits()
    {
        using var lab = new NetLab();
        var (a, b) = Build(lab, "vxlan", "v4", bothVeth: true);
        a.WaitForPing("10.0.0.2");
        NetLab.Ip(a.Tenant, "link", "set", "t0", "mtu", "1500");
        var before = a.Daemon.SettledDrops();
        var ping = Cmd.Run(a.Tenant, "ping", "-c", "3", "-i", "0.2", "-W", "1", "-M", "do", "-s", "1472", "10.0.0.2");
        Assert.False(ping.Ok);
        Assert.Contains("mtu", ping.StdOut + ping.StdErr, StringComparison.OrdinalIgnoreCase);
        Assert.InRange(a.Daemon.SettledDrops().Since(before).Drops.GetValueOrDefault("too_big_notified/tx"), 1, 3);
        Assert.True(b.Daemon.IsRunning);
    }

    [Fact]
    public void A_tenant_s_end_that_moves_to_another_namespace_and_comes_up_there_goes_on()
    {
        using var lab = new NetLab();
        var (a, b) = Build(lab, "geneve", "v4", bothVeth: true);
        a.WaitForPing("10.0.0.2");
        var container = lab.AddHost("c");
        NetLab.Ip(a.Tenant, "link", "set", "t0", "netns", container, "name", "eth0");
        Wait.Until(() => !IsUp(a, "t0"), Soon, "the port whose other end is down is down", () => $"{a.Daemon.Status()}");
        Assert.Contains(a.Daemon.Status()["reasons"]!.AsArray(), r => r!.ToString().Contains($"ip link show {Our}", StringComparison.Ordinal));
        NetLab.Ip(container, "link", "set", "eth0", "up");
        NetLab.Address(container, "eth0", "10.0.0.3/24");
        NetLab.WaitForPing(container, "10.0.0.2");
        TcpTransfer.Run(container, b.Tenant, "10.0.0.2");
        Wait.Until(() => IsUp(a, "t0"), Soon, "the port is up");
        Assert.DoesNotContain("unhandled", a.Daemon.Log, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_pair_that_disappears_is_a_port_down_by_name_and_a_reload_takes_the_next_one()
    {
        using var lab = new NetLab();
        var (a, b) = Build(lab, "vxlan", "v4", bothVeth: true, extraTap: true);
        NetLab.Address(a.Tenant + "x", "t1", "10.0.0.3/24");
        a.WaitForPing("10.0.0.2");
        NetLab.WaitForPing(b.Tenant, "10.0.0.3");
        NetLab.Ip(a.Tenant, "link", "del", "t0");
        Wait.Until(() => !IsUp(a, "t0"), Soon, "the port is down", () => $"{a.Daemon.Status()}");
        Wait.Until(() => a.Daemon.Log.Contains("t0", StringComparison.Ordinal) && a.Daemon.Log.Contains("gone", StringComparison.Ordinal), Soon, "the log says so", () => a.Daemon.Log);

        // What is for it, a copy of every frame to all, has nowhere to go; the other port does not notice.
        var before = a.Daemon.SettledDrops();
        using var sender = new PacketSocket(b.Tenant, "t0", receive: false);
        sender.Send(Wire.Ethernet("ff:ff:ff:ff:ff:ff", "02:00:00:00:00:0b", 0x88b5, new byte[64]));
        Wait.Until(() => a.Daemon.Drops().Since(before).Total("rx", "copy_drops") > 0, Soon, "the copy is counted", () => $"{a.Daemon.Drops()}");
        Assert.Contains("port_down", a.Daemon.Ctl("drops").StdOut, StringComparison.Ordinal);
        NetLab.WaitForPing(b.Tenant, "10.0.0.3");

        // A reload before there is a new pair names what is missing and changes everything else; a change of the port itself is refused.
        var yaml = File.ReadAllText(a.Daemon.ConfigPath);
        File.WriteAllText(a.Daemon.ConfigPath, yaml.Replace("{ id: 100,", "{ id: 200 }\n  - { id: 100,", StringComparison.Ordinal));
        var (code, body) = a.Daemon.Api.Send(HttpMethod.Post, "/v1/config/reload");
        Assert.True(code == HttpStatusCode.OK && $"{body}".Contains("no such device", StringComparison.Ordinal), $"{code} {body}");
        Assert.Equal([100, 200], a.Daemon.Status()["vnis"]!.AsArray().Select(vni => (int)vni!["vni"]!));
        Assert.Contains(a.Daemon.Status()["reasons"]!.AsArray(), reason => $"{reason}".Contains("'t0'", StringComparison.Ordinal) && $"{reason}".Contains("no such device", StringComparison.Ordinal));
        NetLab.WaitForPing(b.Tenant, "10.0.0.3");
        File.WriteAllText(a.Daemon.ConfigPath, yaml.Replace($"veth: {Our}", $"veth: {Our}, mac_limit: 77", StringComparison.Ordinal));
        (code, body) = a.Daemon.Api.Send(HttpMethod.Post, "/v1/config/reload");
        Assert.True(code == HttpStatusCode.UnprocessableEntity && $"{body}".Contains("apply_failed", StringComparison.Ordinal), $"{code} {body}");
        File.WriteAllText(a.Daemon.ConfigPath, yaml);

        // Once there is one the port is there again.
        NetLab.Join(a.Host, Our, a.Tenant, "t0", offloads: true);
        NetLab.Ip(a.Tenant, "link", "set", "t0", "mtu", TenantMtu.ToString(CultureInfo.InvariantCulture));
        NetLab.Address(a.Tenant, "t0", "10.0.0.1/24");
        Assert.Equal(HttpStatusCode.OK, a.Daemon.Api.Send(HttpMethod.Post, "/v1/config/reload").Status);
        a.WaitForPing("10.0.0.2");
        Assert.True(IsUp(a, "t0"));
        TcpTransfer.Run(a.Tenant, b.Tenant, "10.0.0.2");
    }

    private static (Site A, Site B) Build(NetLab lab, string encap, string family, bool bothVeth, bool extraTap = false, int trunkVid = 0)
    {
        var (ours, theirs, prefix) = family == "v4" ? ("192.0.2.1", "192.0.2.2", 24) : ("2001:db8::1", "2001:db8::2", 64);
        var a = new Site(lab, "a");
        var b = new Site(lab, "b");
        NetLab.Join(a.Host, "u0", b.Host, "u0");
        NetLab.Address(a.Host, "u0", $"{ours}/{prefix}");
        NetLab.Address(b.Host, "u0", $"{theirs}/{prefix}");
        foreach (var (site, last) in bothVeth ? new[] { (a, 1), (b, 2) } : [(a, 1)])
        {
            NetLab.SilenceNewDevices(site.Host);
            NetLab.Join(site.Host, Our, site.Tenant, "t0", offloads: true);
            NetLab.Ip(site.Tenant, "link", "set", "t0", "mtu", TenantMtu.ToString(CultureInfo.InvariantCulture));
            if (trunkVid == 0) NetLab.Address(site.Tenant, "t0", $"10.0.0.{last}/24", $"fd00::{last}/64");
        }

        if (extraTap) lab.AddHost("atx");
        string Peer(string name, string address) => $"- {{ name: {name}, addresses: [\"{address}\"], encap: {encap}, vnis: [100] }}";
        b.Start(AsVeth(b.Yaml($"\"{theirs}\"", 100, Peer("a", ours), port: bothVeth ? "" : $"mtu: {TenantMtu}"), b, bothVeth));
        if (!bothVeth) NetLab.Address(b.Tenant, "t0", "10.0.0.2/24", "fd00::2/64");
        var yaml = AsVeth(a.Yaml($"\"{ours}\"", 100, Peer("b", theirs)), a, isVeth: true);
        if (trunkVid != 0) yaml = yaml.Replace($"veth: {Our}", $"veth: {Our}, mode: trunk, vlans: {{ {trunkVid}: 100 }}", StringComparison.Ordinal).Replace(", ports: [t0]", "", StringComparison.Ordinal);
        if (extraTap)
        {
            yaml = yaml.Replace("ports:\n", $"ports:\n  t1: {{ tap: t1, netns: {a.Tenant}x, mtu: {TenantMtu} }}\n", StringComparison.Ordinal)
                .Replace("ports: [t0]", "ports: [t0, t1]", StringComparison.Ordinal);
        }

        a.Start(yaml);
        NetLab.WaitForPing(a.Host, theirs);
        return (a, b);
    }

    private static string AsVeth(string yaml, Site site, bool isVeth) =>
        isVeth ? yaml.Replace($"tap: t0, netns: {site.Tenant}", $"veth: {Our}", StringComparison.Ordinal) : yaml;

    private static JsonNode Port(Site site, string name) => site.Daemon.Status()["ports"]!.AsArray().Single(p => (string)p!["port"]! == name)!;

    private static bool IsUp(Site site, string name) => (bool)Port(site, name)["up"]!;

    private static void AssertClean(params ReadOnlySpan<Site> sites)
    {
        foreach (var site in sites)
        {
            var drops = site.Daemon.SettledDrops();
            Assert.Equal((0L, 0L), (drops.Unaccounted("rx"), drops.Unaccounted("tx")));
            Assert.Equal(0, NetLab.Snmp(site.Tenant, "Tcp", "InCsumErrors"));
            Assert.Equal(0, NetLab.Snmp(site.Tenant, "Udp", "InCsumErrors"));
            Assert.Equal(0, drops.Drops.GetValueOrDefault("tap_bad_vnet_header/tx") + drops.Drops.GetValueOrDefault("tap_bad_vnet_header/rx"));
        }
    }
}
