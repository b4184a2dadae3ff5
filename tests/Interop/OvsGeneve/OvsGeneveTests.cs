using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.OvsGeneve;

/// <summary>Open vSwitch's userspace Geneve with a tlv-map for our three options, and overlayd.</summary>
[Trait("Category", "Peer")]
public sealed class OvsGeneveTests
{
    private const string OvsMac = "02:00:00:00:0b:01";
    private const int Policy = 17;
    private const int Identity = 7;

    public static TheoryData<string, string, int> Underlays() => new() { { "192.0.2.1", "192.0.2.2", 24 }, { "2001:db8::1", "2001:db8::2", 64 } };

    [Theory]
    [MemberData(nameof(Underlays))]
    public void ARP_ICMP_and_TCP_cross_both_ways(string ours, string theirs, int prefix)
    {
        using var lab = new NetLab();
        var (site, ovs) = Build(lab, ours, theirs, prefix);
        var (port, tunnel) = (ovs.PortNumber(ovs.Port), ovs.PortNumber("tun0"));
        ovs.SetFlows($"in_port={port},actions=set_field:200->tun_id,output:{tunnel}", $"in_port={tunnel},tun_id=200,actions=output:{port}");

        site.WaitForPing("10.0.0.2");
        NetLab.WaitForPing(ovs.Netns, "10.0.0.1");
        TcpTransfer.Run(site.Tenant, ovs.Netns, "10.0.0.2", 1 << 20);
        TcpTransfer.Run(ovs.Netns, site.Tenant, "10.0.0.1", 1 << 20);
    }

    [Theory]
    [MemberData(nameof(Underlays))]
    public void Options_that_we_write_match_OVS_flows(string ours, string theirs, int prefix)
    {
        Requires.Tools("tshark");
        using var lab = new NetLab();
        var (site, ovs) = Build(lab, ours, theirs, prefix);
        var (port, tunnel) = (ovs.PortNumber(ovs.Port), ovs.PortNumber("tun0"));
        ovs.SetFlows(
            $"cookie=1,priority=30,in_port={tunnel},tun_id=200,tun_metadata0={Policy},tun_metadata2={Identity},actions=output:{port}",
            $"cookie=2,priority=20,in_port={tunnel},actions=output:{port}",
            $"cookie=3,priority=10,in_port={port},actions=set_field:200->tun_id,output:{tunnel}");
        using var capture = new TsharkCapture(lab, ovs.Netns, "u0");

        site.WaitForPing("10.0.0.2");

        Assert.True(ovs.Packets(1) > 0, ovs.Ofctl("dump-flows", "br-int"));
        Assert.Equal(0, ovs.Packets(2));
        var rows = capture.Fields($"geneve and {(prefix == 64 ? "ipv6" : "ip")}.src == {ours}", "geneve.options", "geneve.vni", "geneve.flags", "udp.checksum.status", "geneve.version");
        Assert.NotEmpty(rows);
        Assert.All(rows, r =>
        {
            var options = r["geneve.options"].Replace(":", "", StringComparison.Ordinal);
            Assert.Contains("0102010100000011", options, StringComparison.Ordinal);
            Assert.Contains("0104030100000007", options, StringComparison.Ordinal);
            Assert.Equal("0x0000c8", r["geneve.vni"]);
            Assert.StartsWith("1", r["udp.checksum.status"], StringComparison.Ordinal);
        });
    }

    [Theory]
    [MemberData(nameof(Underlays))]
    public void Options_that_OVS_writes_arrive_decoded(string ours, string theirs, int prefix)
    {
        using var lab = new NetLab();
        var (site, ovs) = Build(lab, ours, theirs, prefix);
        var (port, tunnel) = (ovs.PortNumber(ovs.Port), ovs.PortNumber("tun0"));
        ovs.SetFlows(
            $"in_port={tunnel},actions=output:{port}",
            $"in_port={port},actions=set_field:200->tun_id,set_field:0xcafe0001->tun_metadata0,set_field:0x1234->tun_metadata2,output:{tunnel}");

        site.WaitForPing("10.0.0.2");

        var peer = site.Daemon.Status()["peers"]!.AsArray().Single()!;
        Assert.Equal((0xcafe0001L, 0x1234L), ((long?)peer["seen_policy_id"], (long?)peer["seen_identity"]));
    }

    [Theory]
    [MemberData(nameof(Underlays))]
    public void An_unknown_critical_option_is_dropped_and_an_unknown_other_one_delivered(string ours, string theirs, int prefix)
    {
        using var lab = new NetLab();
        var (site, ovs) = Build(lab, ours, theirs, prefix);
        ovs.MapOption(0x0200, 0x80, 4, 3);
        ovs.MapOption(0x0200, 0x01, 4, 4);
        var (port, tunnel) = (ovs.PortNumber(ovs.Port), ovs.PortNumber("tun0"));
        var back = $"in_port={tunnel},actions=output:{port}";
        ovs.SetFlows(back, $"in_port={port},actions=set_field:200->tun_id,set_field:0x5->tun_metadata4,output:{tunnel}");
        site.WaitForPing("10.0.0.2");

        // In this order: what OVS's own port sends by itself (neighbour discovery) between the two would be delivered by the old flows.
        ovs.SetFlows(back, $"in_port={port},actions=set_field:200->tun_id,set_field:0x5->tun_metadata3,output:{tunnel}");
        var before = site.Daemon.SettledDrops();

        Assert.False(Cmd.Run(site.Tenant, "ping", "-c", "3", "-i", "0.2", "-W", "1", "10.0.0.2").Ok);
        var change = site.Daemon.SettledDrops().Since(before);
        Assert.True(change.Drops.GetValueOrDefault("geneve_critical_unknown/rx") >= 3, change.ToString());
        Assert.Equal(0, change.Total("rx", "delivered"));
    }

    private static (Site Site, OvsPeer Ovs) Build(NetLab lab, string ours, string theirs, int prefix)
    {
        Requires.Tools("ovs-vswitchd");
        var site = new Site(lab, "a");
        var right = lab.AddHost("o");
        NetLab.Join(site.Host, "u0", right, "u0", 1600);
        NetLab.Address(site.Host, "u0", $"{ours}/{prefix}");
        var ovs = OvsPeer.Start(lab, right, "u0", $"{theirs}/{prefix}");
        ovs.AddPort(OvsMac, 1400, "10.0.0.2/24");
        ovs.AddTunnel("tun0", "geneve", theirs, ours, "flow", "csum=true");
        ovs.MapOption(0x0102, 1, 4, 0);
        ovs.MapOption(0x0103, 2, 12, 1);
        ovs.MapOption(0x0104, 3, 4, 2);
        site.Start(
            site.Yaml($"\"{ours}\"", 200, $"- {{ name: o, addresses: [\"{theirs}\"], encap: geneve, vnis: [200] }}", port: $"mtu: 1400, identity: {Identity}", vniExtra: $"policy: {{ id: {Policy} }}"),
            "10.0.0.1/24");
        return (site, ovs);
    }
}
