using System.Globalization;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Bum;

/// <summary>Multicast groups come and go with the configuration and heal with the underlay; membership is what the kernel says it is.</summary>
public sealed class GroupTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    public static TheoryData<bool> Families => [false, true];

    [Theory]
    [MemberData(nameof(Families))]
    public void A_reload_joins_and_leaves_groups_and_several_VNIs_share_one(bool v6)
    {
        using var lab = new NetLab();
        var (a, b) = Build(lab, v6);
        var (one, two) = (Group(v6, 1), Group(v6, 2));
        Assert.Equal([one], Joined(a.Host, v6));

        // Of two VNIs with one group, the first to go leaves the other where it is.
        Reload(a, Yaml(a, v6, 1, (100, 1), (200, 1)));
        Assert.Equal([one], Joined(a.Host, v6));
        Reload(a, Yaml(a, v6, 1, (100, 2), (200, 1)));
        Assert.Equal([one, two], Joined(a.Host, v6));
        Reload(b, Yaml(b, v6, 2, (100, 2), (200, 1)));
        a.WaitForPing("10.0.0.2");
        Reload(a, Yaml(a, v6, 1, (100, 2)));
        Assert.Equal([two], Joined(a.Host, v6));
        Assert.Equal([(one, "joined"), (two, "joined")], Groups(b));

        // Head-end again: nothing is joined.
        Reload(a, a.Yaml($"\"{Address(v6, 1)}\"", 100, $"- {{ name: b, addresses: [\"{Address(v6, 2)}\"], vnis: [100] }}"));
        Assert.Empty(Joined(a.Host, v6));
        var drops = a.Daemon.SettledDrops();
        Assert.Equal((0L, 0L), (drops.Unaccounted("tx"), drops.Unaccounted("rx")));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_reload_that_changes_one_group_loses_no_frame_of_another_VNI(bool v6)
    {
        using var lab = new NetLab();
        var (a, b) = Build(lab, v6, (100, 1), (200, 2));
        // Some hundred pings a second, of which none is lost.
        using var ping = Cmd.Start(a.Tenant, null, "ping", "-q", "-i", "0.002", "-c", "1500", "-W", "2", "10.0.0.2");
        for (var i = 0; i < 6; i++)
        {
            Reload(a, Yaml(a, v6, 1, (100, 1), (200, 3 + (i % 2))));
            Reload(b, Yaml(b, v6, 2, (100, 1), (200, 3 + (i % 2))));
        }

        var result = ping.WaitForExit(TimeSpan.FromSeconds(30));
        Assert.True(result.StdOut.Contains(" 1500 received", StringComparison.Ordinal), result.StdOut);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Groups_heal_when_their_link_goes_and_returns_and_when_their_device_is_made_again(bool v6)
    {
        using var lab = new NetLab();
        var (a, b) = Build(lab, v6);
        NetLab.Sysctl(a.Host, "net/ipv6/conf/u0/keep_addr_on_down", "1");
        NetLab.Ip(a.Host, "link", "set", "u0", "down");
        NetLab.Ip(a.Host, "link", "set", "u0", "up");
        FromNobody(a, b);

        NetLab.Ip(a.Host, "link", "del", "u0");
        Wait.Until(() => Groups(a)[0].State != "joined", Soon, "the status says that the group is not joined", () => $"{a.Daemon.Status()}");
        Assert.Contains(a.Daemon.Status()["reasons"]!.AsArray(), r => r!.ToString().Contains("there is no device 'u0'", StringComparison.Ordinal));
        Assert.False(Cmd.Run(a.Tenant, "ping", "-c", "1", "-W", "1", "10.0.0.2").Ok);
        Connect(a, b, v6);
        Wait.Until(() => Joined(a.Host, v6).Length == 1 && Joined(b.Host, v6).Length == 1, Soon, "both joined again");
        FromNobody(a, b);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_daemon_started_before_its_device_exists_joins_when_it_comes(bool v6)
    {
        using var lab = new NetLab();
        var (a, b) = Build(lab, v6, connected: false);
        Assert.Empty(Joined(a.Host, v6));
        Connect(a, b, v6);
        FromNobody(a, b);
        Assert.Equal([Group(v6, 1)], Joined(a.Host, v6));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void What_a_stranger_sends_to_a_group_that_is_joined_is_not_delivered_and_teaches_nothing(bool v6)
    {
        const int Count = 200;
        using var lab = new NetLab();
        var (a, b) = Build(lab, v6);
        Wait.Until(() => Joined(a.Host, v6).Length == 1, Soon, "the group is joined");
        var inside = new NftCounters(a.Tenant, [("opened", "t0", "ether type 0x88b5")]);
        using var wire = new PacketSocket(b.Host, "u0", receive: false);

        // One that nobody listed, and b's own host beside its daemon, which the prefix lists.
        var stranger = v6 ? "2001:db8:99::9" : "198.51.100.9";
        Offer(stranger, "02:cc:00:00:00:99", Count, Count, "vtep_unknown/rx");
        Assert.DoesNotContain(a.Daemon.Api.Get("/v1/fdb?vni=100")["entries"]!.AsArray(), entry => (string)entry!["mac"]! == "02:cc:00:00:00:99");
        Assert.Equal(0, inside.Read()["opened"]);
        Offer(Address(v6, 2), "02:cc:00:00:00:22", Count, 0, "vtep_unknown/rx");
        Wait.Until(() => inside.Read()["opened"] == Count, Soon, "who is listed is heard");
        Wait.Until(() => a.Daemon.Api.Get("/v1/fdb?vni=100")["entries"]!.AsArray().Any(entry => (string)entry!["mac"]! == "02:cc:00:00:00:22"), Soon, "and learned from");

        void Offer(string source, string mac, int count, int dropped, string reason)
        {
            var before = a.Daemon.SettledDrops();
            var inner = Wire.Ethernet("ff:ff:ff:ff:ff:ff", mac, 0x88b5, new byte[64]);
            for (var i = 0; i < count; i++)
            {
                var geneve = i % 2 == 0;
                var packet = Wire.Udp(source, Group(v6, 1), 50_000 + i, geneve ? 6081 : 4789, geneve ? Wire.Geneve(100, inner) : Wire.Vxlan(100, inner));
                wire.Send(Wire.Ethernet(v6 ? "33:33:be:ef:00:01" : "01:00:5e:01:01:01", NetLab.MacOf(b.Host, "u0"), v6 ? 0x86dd : 0x0800, packet));
            }

            // b's tenant speaks too: that so many are received does not say that these are.
            Wait.Until(
                () => a.Daemon.Drops().Since(before) is var now && now.Total("rx", "received") >= count && now.Drops.GetValueOrDefault(reason) >= dropped,
                Soon,
                "all are received",
                () => $"{a.Daemon.Drops().Since(before)}");
            var drops = a.Daemon.SettledDrops().Since(before);
            Assert.True(drops.Drops.GetValueOrDefault(reason) == dropped, drops.ToString());
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_group_of_Geneve_is_sent_Geneve_and_who_is_heard_is_answered_in_it(bool v6)
    {
        using var lab = new NetLab();
        var (a, b) = (new Site(lab, "a"), new Site(lab, "b"));
        Connect(a, b, v6);
        var ip = v6 ? "ip6" : "ip";
        var at = new NftCounters(b.Host, [("group", "u0", $"{ip} daddr {Group(v6, 1)} udp dport 6081"), ("unicast", "u0", $"{ip} daddr {Address(v6, 2)} udp dport 6081"), ("vxlan", "u0", "udp dport 4789")]);
        b.Start(Geneve(b, 2), "10.0.0.2/24");
        a.Start(Geneve(a, 1), "10.0.0.1/24");
        FromNobody(a, b);
        Wait.Until(() => at.Read() is var read && read["group"] > 0 && read["unicast"] > 0, Soon, "Geneve to the group and to the VTEP", () => string.Join('\n', at.Read()));
        Assert.Equal(0, at.Read()["vxlan"]);
        Assert.Contains($"multicast {Group(v6, 1)}%u0, sent as geneve", a.Daemon.Ctl("vni", "show", "--vni", "100").OrThrow().StdOut, StringComparison.Ordinal);
        Assert.Contains(a.Daemon.Api.Get("/v1/fdb?vni=100")["entries"]!.AsArray(), entry => (string?)entry!["encap"] == "geneve");

        string Geneve(Site site, int number) => Yaml(site, v6, number, (100, 1)).Replace("device: u0", "device: u0, encap: geneve", StringComparison.Ordinal);
    }

    private static (Site A, Site B) Build(NetLab lab, bool v6, params (int Vni, int Group)[] vnis) => Build(lab, v6, true, vnis);

    private static (Site A, Site B) Build(NetLab lab, bool v6, bool connected, params (int Vni, int Group)[] vnis)
    {
        var a = new Site(lab, "a");
        var b = new Site(lab, "b");
        if (connected) Connect(a, b, v6);
        var all = vnis.Length == 0 ? [(100, 1)] : vnis;
        b.Start(Yaml(b, v6, 2, all), "10.0.0.2/24");
        a.Start(Yaml(a, v6, 1, all), "10.0.0.1/24");
        return (a, b);
    }

    private static void Connect(Site a, Site b, bool v6)
    {
        foreach (var host in new[] { a.Host, b.Host }) NetLab.Sysctl(host, "net/ipv6/conf/default/disable_ipv6", "0");
        NetLab.Join(a.Host, "u0", b.Host, "u0");
        NetLab.Address(a.Host, "u0", $"{Address(v6, 1)}/{(v6 ? 64 : 24)}");
        NetLab.Address(b.Host, "u0", $"{Address(v6, 2)}/{(v6 ? 64 : 24)}");
        foreach (var host in new[] { a.Host, b.Host }) NetLab.Sysctl(host, "net/ipv6/conf/default/disable_ipv6", "1");
    }

    // The neighbour tables are emptied first: the question goes to everybody, by the group.
    private static void FromNobody(Site a, Site b) => Wait.Until(
        () =>
        {
            foreach (var tenant in new[] { a.Tenant, b.Tenant }) NetLab.Ip(tenant, "neigh", "flush", "dev", "t0");
            return Cmd.Run(a.Tenant, "ping", "-c", "1", "-W", "1", "10.0.0.2").Ok;
        },
        Soon,
        "a broadcast reaches the other side",
        () => $"{a.Daemon.Status()}\n{a.Daemon.Drops()}\n{b.Daemon.Drops()}");

    private static void Reload(Site site, string yaml)
    {
        site.Daemon.WriteConfig(yaml);
        var result = site.Daemon.Ctl("config", "reload");
        Assert.True(result.Ok, $"{result}\n{yaml}");
    }

    private static string Yaml(Site site, bool v6, int number, params (int Vni, int Group)[] vnis)
    {
        var yaml = site.Yaml($"\"{Address(v6, number)}\"", 100, "", vniExtra: Flood(v6, vnis[0].Group)).Replace("peers:\n", "peers: []\n", StringComparison.Ordinal);
        return vnis[1..].Aggregate(yaml, (text, vni) => text.Replace("peers: []", string.Create(CultureInfo.InvariantCulture, $"  - {{ id: {vni.Vni}, {Flood(v6, vni.Group)} }}\npeers: []"), StringComparison.Ordinal));
    }

    private static string Flood(bool v6, int group) =>
        $"allow: [{(v6 ? "\"2001:db8::/64\"" : "192.0.2.0/24")}], flood: {{ mode: multicast, group: \"{Group(v6, group)}\", device: u0 }}";

    private static string Address(bool v6, int number) => string.Create(CultureInfo.InvariantCulture, $"{(v6 ? "2001:db8::" : "192.0.2.")}{number}");

    // One of the link's scope, which has to be named with its interface when it is bound.
    private static string Group(bool v6, int number) => string.Create(CultureInfo.InvariantCulture, $"{(!v6 ? "239.1.1." : number == 1 ? "ff02::beef:" : "ff05::beef:")}{number}");

    private static (string Group, string State)[] Groups(Site site) =>
        [.. site.Daemon.Status()["vnis"]!.AsArray().Select(vni => ((string)vni!["group"]!, (bool)vni["group_joined"]! ? "joined" : "not joined")).Distinct().OrderBy(vni => vni.Item1, StringComparer.Ordinal)];

    /// <summary>The groups of these tests that the kernel is a member of on u0.</summary>
    private static string[] Joined(string host, bool v6) => NetNs.Run(host, () =>
        Enumerable.Range(1, 9).Select(number => Group(v6, number)).Where(group =>
        {
            var octets = System.Net.IPAddress.Parse(group).GetAddressBytes();
            var (file, text) = v6 ? ("igmp6", Convert.ToHexStringLower(octets)) : ("igmp", Convert.ToHexString([.. octets.Reverse()]));
            return File.ReadAllText($"/proc/thread-self/net/{file}").Contains(text, StringComparison.Ordinal);
        }).ToArray());
}
