using System.Text.Json.Nodes;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Neighbors;

/// <summary>
/// ARP and ND suppression with the kernel's own hosts on both sides, counted on the wire between two daemons. Suppression is on at <c>a</c>; <c>b</c> floods.
/// </summary>
public sealed class SuppressionTests
{
    private const string MacA = "02:00:00:00:00:0a";
    private const string MacB = "02:00:00:00:00:0b";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData("10.0.0.2")]
    [InlineData("fd00::2")]
    public void A_host_that_spoke_once_is_answered_for_while_it_is_down_and_nothing_is_flooded(string target)
    {
        using var lab = new NetLab();
        var (a, b) = Build(lab);
        a.WaitForPing(target);
        WaitForBinding(a, target);
        Cmd.Run(b.Tenant, "ip", "link", "set", "t0", "down").OrThrow();
        using var wire = Questions(b, target);
        for (var round = 1; round <= 5; round++)
        {
            Cmd.Run(a.Tenant, "ip", "neigh", "flush", "dev", "t0").OrThrow();
            Cmd.Run(a.Tenant, "ping", "-c", "1", "-W", "1", target);
            var entry = Cmd.Run(a.Tenant, "ip", "neigh", "show", target, "dev", "t0").StdOut;
            Assert.Contains(MacB, entry, StringComparison.Ordinal);
            Assert.True(Counter(a, "suppressed", target) >= round, a.Daemon.Api.Get("/v1/neighbors").ToJsonString());
        }

        Assert.Equal(0, wire.Count);
        var drops = a.Daemon.SettledDrops();
        Assert.Equal((0L, 0L), (drops.Unaccounted("rx"), drops.Unaccounted("tx")));
        Assert.True(drops.Total("tx", "consumed") >= 5);
    }

    [Theory]
    [InlineData("10.0.0.99")]
    [InlineData("fd00::99")]
    public void A_target_that_nobody_knows_is_asked_for_on_the_wire(string target)
    {
        using var lab = new NetLab();
        var (a, b) = Build(lab);
        using var wire = Questions(b, target);
        Cmd.Run(a.Tenant, "ping", "-c", "1", "-W", "1", target);
        Wait.Until(() => wire.Count > 0, Limit, "the question is on the wire");
        Assert.True(Counter(a, "flooded", target) > 0);
        Assert.Equal(0, Counter(a, "suppressed", target));
    }

    [Theory]
    [InlineData("10.0.0.77")]
    [InlineData("fd00::77")]
    public void A_binding_of_the_configuration_answers_for_a_host_that_never_spoke(string target)
    {
        using var lab = new NetLab();
        var (a, b) = Build(lab, $"macs: [ {{ vni: 100, mac: \"02:00:00:00:00:77\", peer: b, ip: [10.0.0.77, \"fd00::77\"] }} ]");
        using var wire = Questions(b, target);
        Cmd.Run(a.Tenant, "ping", "-c", "1", "-W", "1", target);
        Assert.Contains("02:00:00:00:00:77", Cmd.Run(a.Tenant, "ip", "neigh", "show", target, "dev", "t0").StdOut, StringComparison.Ordinal);
        Assert.Equal(0, wire.Count);
        var table = a.Daemon.Ctl("neighbors", "--vni", "100").StdOut;
        Assert.Contains("02:00:00:00:00:77  static", table, StringComparison.Ordinal);
        Assert.Contains("peer b", table, StringComparison.Ordinal);
    }

    [Fact]
    public void Duplicate_address_detection_hears_the_host_that_has_the_address()
    {
        using var lab = new NetLab();
        var (a, _) = Build(lab);
        a.WaitForPing("fd00::2");
        WaitForBinding(a, "fd00::2");
        Cmd.Run(a.Tenant, "sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/t0/accept_dad").OrThrow();
        Cmd.Run(a.Tenant, "ip", "addr", "add", "fd00::2/64", "dev", "t0").OrThrow();
        Wait.Until(
            () => Cmd.Run(a.Tenant, "ip", "-6", "addr", "show", "dev", "t0").StdOut.Contains("dadfailed", StringComparison.Ordinal),
            Limit,
            "the kernel finds the duplicate",
            () => Cmd.Run(a.Tenant, "ip", "-6", "addr", "show", "dev", "t0").StdOut);
    }

    private static void WaitForBinding(Site site, string address) => Wait.Until(
        () => site.Daemon.Api.Get("/v1/neighbors?vni=100")["neighbors"]!.AsArray().Any(n => (string)n!["address"]! == address && (bool)n["answered"]!),
        Limit,
        $"a binding of {address}",
        () => site.Daemon.Api.Get("/v1/neighbors").ToJsonString());

    private static long Counter(Site site, string what, string address)
    {
        JsonNode row = site.Daemon.Api.Get("/v1/neighbors?vni=100")["vnis"]![0]!;
        return (long)row[address.Contains(':', StringComparison.Ordinal) ? $"{what}_ipv6" : $"{what}_ipv4"]!;
    }

    // VXLAN over IPv4: the inner frame begins at 50. Questions for the target that arrive at a host: ARP requests and solicitations to a group.
    private static PacketSocket Questions(Site site, string target)
    {
        var octets = System.Net.IPAddress.Parse(target).GetAddressBytes();
        return new PacketSocket(site.Host, "u0", filter: f => f.Length > 91 && f[23] == 17 && (f[50] & 1) != 0 &&
            (octets.Length == 4 ? f[62] == 8 && f[63] == 6 && f.AsSpan(88, 4).SequenceEqual(octets) : f.Length > 127 && f[62] == 0x86 && f[104] == 135 && f.AsSpan(112, 16).SequenceEqual(octets)));
    }

    private static (Site A, Site B) Build(NetLab lab, string more = "")
    {
        var a = new Site(lab, "a");
        var b = new Site(lab, "b");
        NetLab.Join(a.Host, "u0", b.Host, "u0");
        NetLab.Address(a.Host, "u0", "192.0.2.1/24");
        NetLab.Address(b.Host, "u0", "192.0.2.2/24");
        b.Start(b.Yaml("192.0.2.2", 100, "- { name: a, addresses: [192.0.2.1], vnis: [100] }", port: $"mac: \"{MacB}\""), "10.0.0.2/24", "fd00::2/64");
        a.Start(
            a.Yaml("192.0.2.1", 100, "- { name: b, addresses: [192.0.2.2], vnis: [100] }", port: $"mac: \"{MacA}\"", vniExtra: "flood: { arp_suppress: true, nd_suppress: true }", more: more),
            "10.0.0.1/24",
            "fd00::1/64");
        NetLab.WaitForPing(a.Host, "192.0.2.2");
        return (a, b);
    }
}
