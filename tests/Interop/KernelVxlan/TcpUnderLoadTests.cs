using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.KernelVxlan;

/// <summary>TCP at full speed, both ways at once, between overlayd and the kernel's vxlan device: no more is sent twice than between two kernel devices.</summary>
public sealed class TcpUnderLoadTests
{
    private const int Octets = 64 << 20;

    // What one burst that overflows a queue costs: a congestion window's worth of segments.
    private const long Tolerance = 500;

    [Fact]
    public void Nothing_is_sent_again_that_two_kernels_would_not_send_again()
    {
        var kernels = BetweenKernels();
        var (ours, octets) = BetweenUsAndAKernel();
        TestContext.Current.SendDiagnosticMessage($"retransmitted segments: two kernels {kernels}, overlayd and a kernel {ours}, of {octets / 1400} or so");
        Assert.InRange(ours, 0, kernels + Tolerance);
    }

    private static long BetweenKernels()
    {
        using var lab = new NetLab();
        var hosts = new[] { lab.AddHost("a"), lab.AddHost("b") };
        NetLab.Join(hosts[0], "u0", hosts[1], "u0", offloads: true);
        for (var i = 0; i < 2; i++)
        {
            NetLab.Address(hosts[i], "u0", $"192.0.2.{i + 1}/24");
            KernelVxlanPeer.Create(hosts[i], "u0", 100, $"192.0.2.{i + 1}", $"192.0.2.{2 - i}", offloads: true);
            NetLab.Address(hosts[i], "vx0", $"10.0.0.{i + 1}/24");
        }

        return Load(hosts[0], hosts[1]);
    }

    private static (long Retransmitted, long Octets) BetweenUsAndAKernel()
    {
        using var lab = new NetLab();
        var site = new Site(lab, "a");
        var right = lab.AddHost("k");
        NetLab.Join(site.Host, "u0", right, "u0", offloads: true);
        NetLab.Address(site.Host, "u0", "192.0.2.1/24");
        NetLab.Address(right, "u0", "192.0.2.2/24");
        KernelVxlanPeer.Create(right, "u0", 100, "192.0.2.2", "192.0.2.1", offloads: true);
        NetLab.Address(right, "vx0", "10.0.0.2/24");
        site.Start(site.Yaml("192.0.2.1", 100, "- { name: k, addresses: [192.0.2.2], encap: vxlan, vnis: [100] }"), "10.0.0.1/24");
        site.WaitForPing("10.0.0.2");
        var retransmitted = Load(site.Tenant, right);
        var drops = site.Daemon.SettledDrops();
        Assert.Equal((0L, 0L), (drops.Unaccounted("rx"), drops.Unaccounted("tx")));
        return (retransmitted, 2L * Octets);
    }

    private static long Load(string left, string right)
    {
        var before = Retransmitted(left) + Retransmitted(right);
        Task.WaitAll(
            Task.Run(() => TcpTransfer.Run(left, right, "10.0.0.2", Octets, TimeSpan.FromMinutes(1))),
            Task.Run(() => TcpTransfer.Run(right, left, "10.0.0.1", Octets, TimeSpan.FromMinutes(1))));
        return Retransmitted(left) + Retransmitted(right) - before;
    }

    private static long Retransmitted(string ns) => NetLab.Snmp(ns, "Tcp", "RetransSegs");
}
