using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Mixed;

/// <summary>One VNI with a VXLAN peer of the kernel and a Geneve peer of Open vSwitch at once, one of them on IPv6 where asked.</summary>
[Trait("Category", "Peer")]
public sealed class MixedVniTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_kernel_vxlan_peer_and_an_OVS_geneve_peer_share_a_VNI_with_us_and_not_through_us(bool geneveOverIPv6)
    {
        Requires.Tools("ovs-vswitchd");
        using var lab = new NetLab();
        var wire = lab.AddSwitch("sw", 1600);
        var site = new Site(lab, "a");
        var kernelNs = lab.AddHost("k");
        var ovsNs = lab.AddHost("o");
        foreach (var ns in new[] { site.Host, kernelNs, ovsNs }) lab.Plug(wire, ns, "u0", 1600);
        NetLab.Address(site.Host, "u0", "192.0.2.1/24", "2001:db8::1/64");
        NetLab.Address(kernelNs, "u0", "192.0.2.2/24");
        var kernel = KernelVxlanPeer.Create(kernelNs, "u0", 300, "192.0.2.2", "192.0.2.1", mtu: 1400);
        NetLab.Address(kernelNs, kernel.Device, "10.0.0.2/24");
        var (ovsAddress, prefix, ours) = geneveOverIPv6 ? ("2001:db8::3", 64, "2001:db8::1") : ("192.0.2.3", 24, "192.0.2.1");
        var ovs = OvsPeer.Start(lab, ovsNs, "u0", $"{ovsAddress}/{prefix}");
        ovs.AddPort("02:00:00:00:0c:01", 1400, "10.0.0.3/24");
        ovs.AddTunnel("tun0", "geneve", ovsAddress, ours, "300", "csum=true");
        site.Start(
            site.Yaml("192.0.2.1, \"2001:db8::1\"", 300, $"- {{ name: k, addresses: [192.0.2.2], encap: vxlan, vnis: [300] }}\n- {{ name: o, addresses: [\"{ovsAddress}\"], encap: geneve, vnis: [300] }}", port: "mtu: 1400"),
            "10.0.0.1/24");

        site.WaitForPing("10.0.0.2");
        site.WaitForPing("10.0.0.3");
        NetLab.WaitForPing(kernelNs, "10.0.0.1");
        NetLab.WaitForPing(ovsNs, "10.0.0.1");
        TcpTransfer.Run(site.Tenant, kernelNs, "10.0.0.2", 1 << 20);
        TcpTransfer.Run(site.Tenant, ovsNs, "10.0.0.3", 1 << 20);
        TcpTransfer.Run(kernelNs, site.Tenant, "10.0.0.1", 1 << 20);
        TcpTransfer.Run(ovsNs, site.Tenant, "10.0.0.1", 1 << 20);

        // Broadcast and unicast of one foreign peer never reach the other through us.
        var before = site.Daemon.SettledDrops();
        using var kernelSide = new PacketSocket(kernelNs, kernel.Device);
        using var ovsSide = new PacketSocket(ovsNs, ovs.Port);
        var broadcast = Wire.Ethernet("ff:ff:ff:ff:ff:ff", kernel.Mac, 0x88b5, new byte[64]);
        var unicast = Wire.Ethernet(ovs.PortMac, kernel.Mac, 0x88b5, [.. Enumerable.Repeat((byte)1, 64)]);
        kernelSide.Send(broadcast);
        kernelSide.Send(unicast);
        var reverse = Wire.Ethernet(kernel.Mac, ovs.PortMac, 0x88b5, [.. Enumerable.Repeat((byte)2, 64)]);
        ovsSide.Send(reverse);
        Wait.Until(() => site.Daemon.Drops().Since(before).Drops.GetValueOrDefault("split_horizon/rx") >= 2, TimeSpan.FromSeconds(5), "both unicasts end as split_horizon", () => site.Daemon.Drops().Since(before).ToString());
        Assert.Null(ovsSide.Find(f => f.AsSpan(12, 2).SequenceEqual((byte[])[0x88, 0xb5])));
        Assert.Null(kernelSide.Find(f => f.AsSpan(12, 2).SequenceEqual((byte[])[0x88, 0xb5])));
        Assert.False(Cmd.Run(kernelNs, "ping", "-c", "1", "-W", "1", "10.0.0.3").Ok);
    }
}
