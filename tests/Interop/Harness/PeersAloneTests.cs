using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Harness;

/// <summary>The harness proven by implementations that are not ours, before it judges us.</summary>
[Trait("Category", "Peer")]
public sealed class PeersAloneTests
{
    [Theory]
    [InlineData("192.0.2.1", "192.0.2.2", 24)]
    [InlineData("2001:db8::1", "2001:db8::2", 64)]
    public void Kernel_vxlan_and_OVS_vxlan_talk_through_the_lab(string a, string b, int prefix)
    {
        Requires.Tools("ovs-vswitchd");
        using var lab = new NetLab();
        var left = lab.AddHost("k");
        var right = lab.AddHost("o");
        NetLab.Join(left, "u0", right, "u0");
        NetLab.Address(left, "u0", $"{a}/{prefix}");
        var ovs = OvsPeer.Start(lab, right, "u0", $"{b}/{prefix}");
        ovs.AddPort("02:00:00:00:0b:01", 1400, "10.0.0.2/24");
        var kernel = KernelVxlanPeer.Create(left, "u0", 100, a, b, mtu: 1400);
        NetLab.Address(left, kernel.Device, "10.0.0.1/24");
        using var capture = new TsharkCapture(lab, left, "u0");
        ovs.AddTunnel("tun0", "vxlan", b, a, "100", "csum=true");

        NetLab.WaitForPing(left, "10.0.0.2");

        var rows = capture.Fields("vxlan and icmp", "vxlan.vni", "vxlan.flags", "udp.dstport", "udp.checksum.status");
        Assert.NotEmpty(rows);
        Assert.All(rows, r => Assert.Equal(("100", "0x0800", "4789"), (r["vxlan.vni"], r["vxlan.flags"], r["udp.dstport"])));
    }

    [Fact]
    public void OVS_geneve_carries_mapped_options_between_two_switches()
    {
        Requires.Tools("ovs-vswitchd", "tshark");
        using var lab = new NetLab();
        var left = lab.AddHost("a");
        var right = lab.AddHost("b");
        NetLab.Join(left, "u0", right, "u0");
        var a = OvsPeer.Start(lab, left, "u0", "192.0.2.1/24");
        var b = OvsPeer.Start(lab, right, "u0", "192.0.2.2/24");
        foreach (var (peer, mac, ip, local, remote) in new[] { (a, "02:00:00:00:0a:01", "10.0.0.1/24", "192.0.2.1", "192.0.2.2"), (b, "02:00:00:00:0b:01", "10.0.0.2/24", "192.0.2.2", "192.0.2.1") })
        {
            peer.AddPort(mac, 1400, ip);
            peer.AddTunnel("tun0", "geneve", local, remote, "flow", "csum=true");
            peer.MapOption(0x0102, 1, 4, 0);
            peer.SetFlows($"cookie=1,priority=10,in_port={peer.PortNumber(peer.Port)},actions=set_field:200->tun_id,set_field:0x11->tun_metadata0,output:{peer.PortNumber("tun0")}",
                $"cookie=2,priority=20,tun_id=200,tun_metadata0=0x11,in_port={peer.PortNumber("tun0")},actions=output:{peer.PortNumber(peer.Port)}",
                "cookie=3,priority=0,actions=drop");
        }

        using var capture = new TsharkCapture(lab, right, "u0");

        NetLab.WaitForPing(left, "10.0.0.2");

        Assert.True(b.Packets(2) > 0, "the flow that matches the option has not been hit");
        var rows = capture.Fields("geneve and icmp", "geneve.vni", "geneve.options");
        Assert.NotEmpty(rows);
        Assert.All(rows, r => Assert.Contains("0102010100000011", r["geneve.options"].Replace(":", "", StringComparison.Ordinal), StringComparison.Ordinal));
    }

    [Fact]
    public void A_hand_made_datagram_reaches_the_tenant_behind_a_kernel_device_with_its_tag()
    {
        using var lab = new NetLab();
        var injector = lab.AddHost("i");
        var host = lab.AddHost("k");
        NetLab.Join(injector, "u0", host, "u0");
        NetLab.Address(injector, "u0", "192.0.2.10/24");
        NetLab.Address(host, "u0", "192.0.2.20/24");
        var kernel = KernelVxlanPeer.Create(host, "u0", 100, "192.0.2.20", "192.0.2.10", learning: false);
        using var sniffer = new PacketSocket(host, kernel.Device);
        using var sender = new PacketSocket(injector, "u0", receive: false);
        var inner = Wire.Ethernet("ff:ff:ff:ff:ff:ff", "02:aa:00:00:00:01", 0x88b5, new byte[60], Wire.Tag(5));
        var outer = Wire.Udp("192.0.2.10", "192.0.2.20", 50000, 4789, Wire.Vxlan(100, inner));

        sender.Send(Wire.Ethernet(NetLab.MacOf(host, "u0"), NetLab.MacOf(injector, "u0"), 0x0800, outer));

        Assert.Equal(inner, sniffer.WaitFor(f => f.AsSpan(6, 6).SequenceEqual(inner.AsSpan(6, 6)), "the inner frame"));
    }

    [Fact]
    public void A_lab_leaves_no_trace_even_with_processes_still_running()
    {
        string folder, ns;
        RunningProcess sleeper;
        using (var lab = new NetLab())
        {
            folder = lab.Folder;
            ns = lab.AddHost("x");
            sleeper = Cmd.Start(ns, null, "sleep", "1000");
            Wait.Until(() => Cmd.Run(null, "ip", "netns", "pids", ns).StdOut.Contains($"{sleeper.Pid}", StringComparison.Ordinal), TimeSpan.FromSeconds(5), "sleep runs");
        }

        Assert.True(sleeper.HasExited);
        Assert.False(Directory.Exists(folder));
        Assert.DoesNotContain(ns, Cmd.Run(null, "ip", "netns", "list").StdOut, StringComparison.Ordinal);
        sleeper.Dispose();
    }
}
