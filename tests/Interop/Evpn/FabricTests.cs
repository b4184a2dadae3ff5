using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Evpn;

/// <summary>Two overlayd and an FRR leaf in one VNI; and EVPN beside the static plane.</summary>
[Trait("Category", "Peer")]
public sealed class FabricTests
{
    [Fact]
    public void In_one_VNI_two_overlayd_talk_Geneve_and_both_talk_VXLAN_to_an_FRR_leaf()
    {
        Requires.Tools("vtysh");
        using var lab = new NetLab();
        var underlay = lab.AddSwitch("sw");
        Site[] sites = [new(lab, "a", quietTenant: true), new(lab, "b", quietTenant: true)];
        var (host, tenant) = (lab.AddHost("f"), lab.AddHost("ft"));
        NetLab.SilenceNewDevices(tenant);
        string[] hosts = [sites[0].Host, sites[1].Host, host];
        for (var i = 0; i < hosts.Length; i++)
        {
            lab.Plug(underlay, hosts[i], "u0");
            NetLab.Address(hosts[i], "u0", $"192.0.2.{i + 1}/24");
        }

        FrrPeer.AddVni(host, tenant, 100, "192.0.2.3");
        NetLab.Address(tenant, "t0", "10.0.0.3/24");
        FrrPeer.Start(lab, host, """
            router bgp 65003
             bgp router-id 192.0.2.3
             no bgp default ipv4-unicast
             no bgp ebgp-requires-policy
             neighbor 192.0.2.1 remote-as 65001
             neighbor 192.0.2.2 remote-as 65002
             address-family l2vpn evpn
              neighbor 192.0.2.1 activate
              neighbor 192.0.2.2 activate
              advertise-all-vni
             exit-address-family
            """);
        for (var i = 0; i < sites.Length; i++)
        {
            var other = 2 - i;
            sites[i].Start(
                EvpnLab.Yaml($"vtep-{i + 1}", sites[i].Tenant, $"192.0.2.{i + 1}", 100, $"{{ as: 6500{i + 1}, neighbors: [{{ address: 192.0.2.{other}, as: 6500{other}, connect_retry: 1s }}, {{ address: 192.0.2.3, as: 65003, connect_retry: 1s }}] }}"),
                $"10.0.0.{i + 1}/24");
        }

        EvpnLab.WaitEstablished(sites[0].Daemon, "192.0.2.2");
        foreach (var site in sites) EvpnLab.WaitEstablished(site.Daemon, "192.0.2.3", untilComplete: false);
        sites[0].WaitForPing("10.0.0.2");
        foreach (var site in sites) site.WaitForPing("10.0.0.3");
        NetLab.WaitForPing(tenant, "10.0.0.1");
        for (var i = 0; i < sites.Length; i++)
        {
            var (theirs, frr) = (NetLab.MacOf(sites[1 - i].Tenant, "t0"), NetLab.MacOf(tenant, "t0"));
            EvpnLab.WaitBehind(sites[i].Daemon, 100, theirs, $"192.0.2.{2 - i}");
            EvpnLab.WaitBehind(sites[i].Daemon, 100, frr, "192.0.2.3");
            Assert.Equal("geneve", (string?)EvpnLab.Entry(sites[i].Daemon, 100, theirs)!["encap"]);
            Assert.Equal("vxlan", (string?)EvpnLab.Entry(sites[i].Daemon, 100, frr)!["encap"]);
        }

        TcpTransfer.Run(sites[0].Tenant, sites[1].Tenant, "10.0.0.2");
        TcpTransfer.Run(sites[0].Tenant, tenant, "10.0.0.3");
        TcpTransfer.Run(tenant, sites[1].Tenant, "10.0.0.2");
    }

    [Theory]
    [InlineData("[static, evpn, ovsdb, etcd, local, learned]", "static", "192.0.2.2")]
    [InlineData("[evpn, static, ovsdb, etcd, local, learned]", "evpn", "192.0.2.9")]
    public void Between_the_file_and_EVPN_the_written_precedence_decides_and_fdb_why_tells(string precedence, string winner, string address)
    {
        const string Both = "02:00:00:00:0b:01";
        const string One = "02:00:00:00:0b:02";
        using var lab = new NetLab();
        var site = new Site(lab, "a", quietTenant: true);
        var host = lab.AddHost("r");
        NetLab.Join(site.Host, "u0", host, "u0");
        NetLab.Address(site.Host, "u0", "192.0.2.1/24");
        NetLab.Address(host, "u0", "192.0.2.9/24", "192.0.2.2/24");
        var gobgp = GoBgpPeer.Start(lab, host, """
            [global.config]
              as = 65000
              router-id = "192.0.2.9"
            [[neighbors]]
              [neighbors.config]
                neighbor-address = "192.0.2.1"
                peer-as = 65000
              [neighbors.transport.config]
                passive-mode = true
                local-address = "192.0.2.9"
              [[neighbors.afi-safis]]
                [neighbors.afi-safis.config]
                  afi-safi-name = "l2vpn-evpn"
            """);
        var yaml = EvpnLab.Yaml("vtep-a", site.Tenant, "192.0.2.1", 100, "{ as: 65000, neighbors: [{ address: 192.0.2.9, as: 65000, connect_retry: 1s }] }") + $"""

              precedence: {precedence}
            peers:
              - name: b
                addresses: [192.0.2.2]
                encap: vxlan
                vnis: [100]
            macs:
              - vni: 100
                mac: "{Both}"
                peer: b
            """.Replace("\n            ", "\n", StringComparison.Ordinal);
        site.Start(yaml, "10.0.0.1/24");
        EvpnLab.WaitEstablished(site.Daemon, "192.0.2.9", untilComplete: false);
        foreach (var mac in new[] { Both, One })
        {
            gobgp.Run("global", "rib", "-a", "evpn", "add", "macadv", mac, "0.0.0.0", "etag", "0", "label", "100", "rd", "192.0.2.9:1", "rt", "65000:100", "encap", "vxlan", "nexthop", "192.0.2.9");
        }

        EvpnLab.WaitBehind(site.Daemon, 100, One, "192.0.2.9");
        Wait.Until(() => site.Daemon.Api.Get($"/v1/fdb/why?vni=100&mac={Both}")["candidates"]!.AsArray().Count == 2, EvpnLab.Patience, "both planes claim the MAC", () => site.Daemon.Api.Get($"/v1/fdb/why?vni=100&mac={Both}").ToJsonString());
        var candidates = site.Daemon.Api.Get($"/v1/fdb/why?vni=100&mac={Both}")["candidates"]!.AsArray();
        var first = Assert.Single(candidates, candidate => (bool)candidate!["wins"]!);
        Assert.Equal((winner, address), ((string?)first!["origin"], (string?)first["address"]));
        Assert.Contains(candidates, candidate => ((string?)candidate!["why"])!.Contains("precedence", StringComparison.Ordinal));
        Assert.Contains(winner, site.Daemon.Ctl("fdb", "why", Both, "--vni", "100").OrThrow().StdOut, StringComparison.Ordinal);
    }
}
