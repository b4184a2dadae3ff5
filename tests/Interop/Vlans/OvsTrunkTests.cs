using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Vlans;

/// <summary>
/// A trunk port against Open vSwitch as an ordinary learning switch, with a tunnel a VLAN.
/// <code>
/// tenant of a ── t0 trunk { 20: 200, 30: 300, native 400 } overlayd a ── underlay ── tun20 (200, tag=20), tun30 (300, tag=30), tun1 (400, tag=1) br-int ── ov0 (20, 30 tagged, 1 native)
/// </code>
/// </summary>
[Trait("Category", "Peer")]
public sealed class OvsTrunkTests
{
    private const string Left = "02:cc:00:00:00:0a";
    private const string Right = "02:cc:00:00:00:0b";
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData("vxlan")]
    [InlineData("geneve")]
    public void Each_VLAN_reaches_its_own_and_no_other_in_both_directions(string encap)
    {
        using var lab = new NetLab();
        var (site, ovs) = Build(lab, encap);
        using var left = new PacketSocket(site.Tenant, "t0", filter: IsOurs);
        using var right = new PacketSocket(ovs.Netns, ovs.Port, filter: IsOurs);
        (int Vid, byte[] Tag)[] vlans = [(20, Wire.Tag(20)), (30, Wire.Tag(30)), (0, [])];
        foreach (var (vid, tag) in vlans)
        {
            // Flooded one way, unicast the other.
            var there = Frame("ff:ff:ff:ff:ff:ff", Left, vid, tag);
            left.Send(there);
            right.WaitFor(frame => frame.AsSpan().SequenceEqual(there), $"VLAN {vid} at the switch's tenant", Soon);
            var back = Frame(Left, Right, vid, tag);
            right.Send(back);
            left.WaitFor(frame => frame.AsSpan().SequenceEqual(back), $"VLAN {vid} at our tenant", Soon);
        }

        // A VLAN that neither knows, and one behind a priority tag.
        var before = site.Daemon.SettledDrops();
        left.Send(Frame("ff:ff:ff:ff:ff:ff", Left, 21, Wire.Tag(21)));
        left.Send(Frame("ff:ff:ff:ff:ff:ff", Left, 31, [.. Wire.Tag(0), .. Wire.Tag(30)]));
        right.Send(Frame("ff:ff:ff:ff:ff:ff", Right, 21, Wire.Tag(21)));
        Wait.Until(() => site.Daemon.Drops().Since(before).Drops.GetValueOrDefault("vlan_not_allowed/tx") == 2, Soon, "both are dropped", () => $"{site.Daemon.Drops().Since(before)}");
        Wait.Settled(() => left.Count + right.Count, TimeSpan.FromMilliseconds(300), Soon);
        Assert.Equal((vlans.Length, vlans.Length), (left.Count, right.Count));
        var drops = site.Daemon.SettledDrops();
        Assert.Equal((0L, 0L), (drops.Unaccounted("tx"), drops.Unaccounted("rx")));
    }

    private static bool IsOurs(byte[] frame) => frame.Length > 60 && frame.AsSpan(6, 4).SequenceEqual(Wire.Mac(Left).AsSpan(0, 4));

    private static byte[] Frame(string destination, string source, int mark, byte[] tags) => Wire.Ethernet(destination, source, 0x88b5, [.. Enumerable.Repeat((byte)mark, 64)], tags);

    private static (Site Site, OvsPeer Ovs) Build(NetLab lab, string encap)
    {
        var site = new Site(lab, "a", quietTenant: true);
        var host = lab.AddHost("o");
        NetLab.Join(site.Host, "u0", host, "u0");
        NetLab.Address(site.Host, "u0", "192.0.2.1/24");
        NetLab.SilenceNewDevices(host);
        var ovs = OvsPeer.Start(lab, host, "u0", "192.0.2.2/24");
        site.Start($$"""
            node: { name: vtep, local: [192.0.2.1] }
            ports:
              t0: { tap: t0, netns: {{site.Tenant}}, mode: trunk, native: 400, vlans: { 20: 200, 30: 300 } }
            vnis:
              - { id: 200, learning: { remote: true } }
              - { id: 300, learning: { remote: true } }
              - { id: 400, learning: { remote: true } }
            peers:
              - { name: o, addresses: [192.0.2.2], encap: {{encap}}, vnis: [200, 300, 400] }
            """);
        ovs.AddPort("02:00:00:00:0b:01", 1400);
        ovs.Vsctl("set", "port", ovs.Port, "vlan_mode=native-untagged", "tag=1", "trunks=1,20,30");
        foreach (var (vid, vni) in new[] { (20, "200"), (30, "300"), (1, "400") })
        {
            ovs.AddTunnel($"tun{vid}", encap, "192.0.2.2", "192.0.2.1", vni);
            ovs.Vsctl("set", "port", $"tun{vid}", $"tag={vid}");
        }

        return (site, ovs);
    }
}
