using System.Diagnostics;
using Overlay.Interop.Restart;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Evpn;

/// <summary>overlayd and an FRR leaf with the kernel's vxlan behind it, one eBGP session between them, nothing else.</summary>
[Trait("Category", "Peer")]
public sealed class FrrLeafTests(ITestOutputHelper output)
{
    private const string Ours = "192.0.2.1";
    private const string Theirs = "192.0.2.2";
    private const string Roamer = "02:00:00:00:0a:77";

    [Fact]
    public void Routes_of_type_2_and_3_cross_both_ways_and_so_do_frames()
    {
        using var lab = new NetLab();
        var (site, frr, tenant) = Build(lab);
        site.WaitForPing("10.0.0.2");
        NetLab.WaitForPing(tenant, "10.0.0.1");

        // Theirs here: the VTEP for broadcasts, the tenant's MAC; its address feeds suppression.
        var theirMac = NetLab.MacOf(tenant, "t0");
        EvpnLab.WaitBehind(site.Daemon, 100, theirMac, Theirs);
        var imet = Assert.Single(EvpnLab.Routes(site.Daemon, "?type=3&neighbor=" + Theirs));
        Assert.Equal((Theirs, 100), ((string?)imet["next_hop"], (int)imet["vni"]!));
        Assert.Equal("vxlan", (string?)EvpnLab.Entry(site.Daemon, 100, theirMac)!["encap"]);

        // Ours there, as FRR and the kernel have it.
        var ourMac = NetLab.MacOf(site.Tenant, "t0");
        Wait.Until(() => frr.Vtysh("show evpn mac vni 100").Contains(ourMac, StringComparison.OrdinalIgnoreCase), EvpnLab.Patience, "FRR has our tenant's MAC", () => frr.Vtysh("show evpn mac vni 100", "show bgp l2vpn evpn"));
        var fdb = Cmd.Run(frr.Netns, "bridge", "fdb", "show", "dev", "vx100").OrThrow().StdOut;
        Assert.Contains($"{ourMac} dst {Ours}", fdb, StringComparison.OrdinalIgnoreCase);
        Assert.Contains($"00:00:00:00:00:00 dst {Ours}", fdb, StringComparison.Ordinal);

        TcpTransfer.Run(site.Tenant, tenant, "10.0.0.2");
        TcpTransfer.Run(tenant, site.Tenant, "10.0.0.1");
        var drops = site.Daemon.SettledDrops();
        Assert.Equal((0L, 0L), (drops.Unaccounted("rx"), drops.Unaccounted("tx")));
    }

    [Fact]
    public void A_MAC_that_moves_is_found_within_a_second_in_both_directions()
    {
        using var lab = new NetLab();
        var (site, frr, tenant) = Build(lab);
        using var here = new PacketSocket(site.Tenant, "t0");
        using var there = new PacketSocket(tenant, "t0");

        there.Send(EvpnLab.Announcement(Roamer, "10.0.0.77"));
        EvpnLab.WaitBehind(site.Daemon, 100, Roamer, Theirs);

        var watch = Stopwatch.StartNew();
        here.Send(EvpnLab.Announcement(Roamer, "10.0.0.77"));
        Wait.Until(() => IsRemoteAtFrr(frr), EvpnLab.Patience, "FRR has the MAC behind us", () => $"{frr.Vtysh("show evpn mac vni 100", "show bgp l2vpn evpn")}\n{site.Daemon.Api.Get("/v1/evpn/routes?mac=" + Roamer)}");
        var toUs = watch.Elapsed;

        watch.Restart();
        there.Send(EvpnLab.Announcement(Roamer, "10.0.0.77"));
        EvpnLab.WaitBehind(site.Daemon, 100, Roamer, Theirs);
        var toThem = watch.Elapsed;
        output.WriteLine($"moved to us {toUs.TotalMilliseconds:0} ms, to them {toThem.TotalMilliseconds:0} ms; {Machine.Report()}");
        Assert.True(toUs < TimeSpan.FromSeconds(1) && toThem < TimeSpan.FromSeconds(1), $"{toUs.TotalMilliseconds:0} and {toThem.TotalMilliseconds:0} ms; {Machine.Report()}");

        // Sequence 1 was ours, 2 is theirs (RFC 7432 §15).
        var route = Assert.Single(EvpnLab.Routes(site.Daemon, $"?mac={Roamer}&type=2"), r => (bool)r["best"]! && (string?)r["neighbor"] == Theirs && r["address"] is null);
        Assert.Contains(route["communities"]!.AsArray(), c => ((string?)c)!.Contains('2', StringComparison.Ordinal));
    }

    [Fact]
    public void A_link_that_goes_down_over_there_takes_its_MACs_from_the_table()
    {
        using var lab = new NetLab();
        var (site, frr, tenant) = Build(lab);
        site.WaitForPing("10.0.0.2");
        var mac = NetLab.MacOf(tenant, "t0");
        EvpnLab.WaitBehind(site.Daemon, 100, mac, Theirs);
        NetLab.Ip(frr.Netns, "link", "set", "p100", "down");
        Wait.Until(() => EvpnLab.Entry(site.Daemon, 100, mac) is null, EvpnLab.Patience, "the MAC is gone", () => $"{EvpnLab.Entry(site.Daemon, 100, mac)}\n{frr.Vtysh("show bgp l2vpn evpn")}");

        // Ours: the TAP goes down, and FRR forgets what was behind it.
        var ours = NetLab.MacOf(site.Tenant, "t0");
        NetLab.Ip(site.Tenant, "link", "set", "t0", "down");
        Wait.Until(() => !frr.Vtysh("show evpn mac vni 100").Contains(ours, StringComparison.OrdinalIgnoreCase), EvpnLab.Patience, "FRR has forgotten our MAC", () => frr.Vtysh("show bgp l2vpn evpn"));
    }

    [Fact]
    public void FRR_restarts_gracefully_and_no_frame_towards_us_is_lost()
    {
        using var lab = new NetLab();
        var (site, frr, tenant) = Build(lab);
        site.WaitForPing("10.0.0.2");
        var (ourMac, theirMac) = (NetLab.MacOf(site.Tenant, "t0"), NetLab.MacOf(tenant, "t0"));
        EvpnLab.WaitBehind(site.Daemon, 100, theirMac, Theirs);
        Wait.Until(() => frr.Vtysh("show evpn mac vni 100").Contains(ourMac, StringComparison.OrdinalIgnoreCase), EvpnLab.Patience, "FRR has our tenant's MAC");

        // Sources of their own, so that no ARP of the tenants' stacks moves anything.
        using var toUs = new SteadyFlow(tenant, site.Tenant, theirMac, ourMac, 1000, 12_000);
        using var toThem = new SteadyFlow(site.Tenant, tenant, ourMac, theirMac, 1000, 12_000);
        toUs.RunTo(1_000);
        frr.Kill();
        Wait.Until(() => (string?)EvpnLab.Neighbor(site.Daemon, Theirs)!["state"] != "established", EvpnLab.Patience, "the session is lost");

        // What is lost is stale, and in force.
        Assert.Equal("evpn", (string?)EvpnLab.Entry(site.Daemon, 100, theirMac)?["origin"]);
        Assert.True((int)EvpnLab.Neighbor(site.Daemon, Theirs)!["stale_routes"]! > 0);
        toUs.RunTo(4_000);
        frr.StartAgain();
        EvpnLab.WaitEstablished(site.Daemon, Theirs);
        Assert.Equal(0, (int)EvpnLab.Neighbor(site.Daemon, Theirs)!["stale_routes"]!);
        Assert.Equal("evpn", (string?)EvpnLab.Entry(site.Daemon, 100, theirMac)?["origin"]);
        var (us, them) = (toUs.Finish(), toThem.Finish());
        output.WriteLine($"lost towards us {us.Lost} of 12,000, towards them {them.Lost}; {Machine.Report()}");
        Assert.Equal(0, us.Lost);
        Assert.Equal(0, them.Lost);
    }

    private static bool IsRemoteAtFrr(FrrPeer frr)
    {
        foreach (var line in frr.Vtysh("show evpn mac vni 100").Split('\n'))
        {
            if (line.Contains(Roamer, StringComparison.OrdinalIgnoreCase)) return line.Contains("remote", StringComparison.Ordinal) && line.Contains(Ours, StringComparison.Ordinal);
        }

        return false;
    }

    private static (Site Site, FrrPeer Frr, string Tenant) Build(NetLab lab)
    {
        Requires.Tools("vtysh");
        var site = new Site(lab, "a", quietTenant: true);
        var host = lab.AddHost("f");
        var tenant = lab.AddHost("ft");
        NetLab.SilenceNewDevices(tenant);
        NetLab.Join(site.Host, "u0", host, "u0");
        NetLab.Address(site.Host, "u0", $"{Ours}/24");
        NetLab.Address(host, "u0", $"{Theirs}/24");
        FrrPeer.AddVni(host, tenant, 100, Theirs);
        NetLab.Address(tenant, "t0", "10.0.0.2/24");
        var frr = FrrPeer.Start(lab, host, $"""
            router bgp 65002
             bgp router-id {Theirs}
             no bgp default ipv4-unicast
             no bgp ebgp-requires-policy
             bgp graceful-restart
             bgp graceful-restart preserve-fw-state
             neighbor {Ours} remote-as 65001
             neighbor {Ours} timers connect 2
             neighbor {Ours} advertisement-interval 0
             neighbor {Ours} graceful-restart
             address-family l2vpn evpn
              neighbor {Ours} activate
              advertise-all-vni
             exit-address-family
            """);
        site.Start(EvpnLab.Yaml("vtep-a", site.Tenant, Ours, 100, $"{{ as: 65001, router_id: {Ours}, neighbors: [{{ address: {Theirs}, as: 65002, connect_retry: 1s }}] }}"), "10.0.0.1/24");
        EvpnLab.WaitEstablished(site.Daemon, Theirs);
        return (site, frr, tenant);
    }
}
