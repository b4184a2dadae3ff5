using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Evpn;

/// <summary>Two overlayd that know each other only through a route reflector that none of us wrote.</summary>
[Trait("Category", "Peer")]
public sealed class ReflectorTests
{
    public static TheoryData<string, string> Topologies() => new() { { "frr", "ipv4" }, { "gobgp", "ipv4" }, { "gobgp", "ipv6" } };

    [Theory]
    [MemberData(nameof(Topologies))]
    public void Two_sites_find_each_other_through_a_reflector_and_choose_Geneve(string reflector, string family)
    {
        using var lab = new NetLab();
        var (a, b, kill) = Build(lab, reflector, family);
        a.WaitForPing("10.0.0.2");
        NetLab.WaitForPing(b.Tenant, "10.0.0.1");
        var (macA, macB) = (NetLab.MacOf(a.Tenant, "t0"), NetLab.MacOf(b.Tenant, "t0"));
        EvpnLab.WaitBehind(a.Daemon, 100, macB, Address(family, 2));
        EvpnLab.WaitBehind(b.Daemon, 100, macA, Address(family, 1));

        // Both advertise both, and prefer Geneve.
        Assert.Equal("geneve", (string?)EvpnLab.Entry(a.Daemon, 100, macB)!["encap"]);
        Assert.Equal("geneve", (string?)EvpnLab.Entry(b.Daemon, 100, macA)!["encap"]);
        TcpTransfer.Run(a.Tenant, b.Tenant, "10.0.0.2");
        TcpTransfer.Run(b.Tenant, a.Tenant, "10.0.0.1");

        // The reflector goes, and nothing that was known goes with it.
        kill();
        Wait.Until(() => (string?)EvpnLab.Neighbor(a.Daemon, Address(family, 9))!["state"] != "established", EvpnLab.Patience, "the session is lost");
        Assert.Equal("evpn", (string?)EvpnLab.Entry(a.Daemon, 100, macB)?["origin"]);
        TcpTransfer.Run(a.Tenant, b.Tenant, "10.0.0.2");
    }

    private static string Address(string family, int host) => family == "ipv6" ? $"2001:db8::{host}" : $"192.0.2.{host}";

    private static (Site A, Site B, Action Kill) Build(NetLab lab, string reflector, string family)
    {
        Requires.Tools(reflector == "frr" ? "vtysh" : "gobgpd");
        var underlay = lab.AddSwitch("sw");
        Site[] sites = [new(lab, "a", quietTenant: true), new(lab, "b", quietTenant: true)];
        var host = lab.AddHost("r");
        var length = family == "ipv6" ? 64 : 24;
        foreach (var (name, number) in new[] { (sites[0].Host, 1), (sites[1].Host, 2), (host, 9) })
        {
            lab.Plug(underlay, name, "u0");
            NetLab.Address(name, "u0", $"{Address(family, number)}/{length}");
        }

        var (one, two, rr) = (Address(family, 1), Address(family, 2), Address(family, 9));
        Action kill = reflector == "frr"
            ? FrrPeer.Start(lab, host, $"""
                router bgp 65000
                 bgp router-id 192.0.2.9
                 bgp cluster-id 192.0.2.9
                 no bgp default ipv4-unicast
                 neighbor leaves peer-group
                 neighbor leaves remote-as 65000
                 neighbor {one} peer-group leaves
                 neighbor {two} peer-group leaves
                 address-family l2vpn evpn
                  neighbor leaves activate
                  neighbor leaves route-reflector-client
                 exit-address-family
                """).Kill
            : GoBgpPeer.Start(lab, host, $"""
                [global.config]
                  as = 65000
                  router-id = "192.0.2.9"
                {Neighbor(one)}
                {Neighbor(two)}
                """).Kill;
        for (var i = 0; i < sites.Length; i++)
        {
            sites[i].Start(
                EvpnLab.Yaml($"vtep-{i + 1}", sites[i].Tenant, $"\"{Address(family, i + 1)}\"", 100, $"{{ as: 65000, router_id: 192.0.2.{i + 1}, neighbors: [{{ address: \"{rr}\", as: 65000, connect_retry: 1s }}] }}"),
                $"10.0.0.{i + 1}/24");
        }

        foreach (var site in sites) EvpnLab.WaitEstablished(site.Daemon, rr, untilComplete: reflector == "frr");
        return (sites[0], sites[1], kill);
    }

    private static string Neighbor(string address) => $"""
        [[neighbors]]
          [neighbors.config]
            neighbor-address = "{address}"
            peer-as = 65000
          [neighbors.transport.config]
            passive-mode = true
          [neighbors.route-reflector.config]
            route-reflector-client = true
            route-reflector-cluster-id = "192.0.2.9"
          [[neighbors.afi-safis]]
            [neighbors.afi-safis.config]
              afi-safi-name = "l2vpn-evpn"
        """;
}
