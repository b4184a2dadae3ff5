using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Mtu;

/// <summary>
/// A path whose middle takes less than the ends believe, with the kernel's own hosts and router:
/// <code>
/// tenant a ── overlayd a ──1500── router ──1400── overlayd b ── tenant b         ports have the MTU that 1,500 octets allow
/// </code>
/// Towards b the router says so by ICMP, towards a the host's own link does.
/// </summary>
public sealed class PathMtuTests
{
    private const int Narrow = 1400;

    [Theory]
    [InlineData("vxlan", false)]
    [InlineData("vxlan", true)]
    [InlineData("geneve", false)]
    [InlineData("geneve", true)]
    public void TCP_recovers_by_itself_and_the_kernel_takes_our_word_for_the_path(string encap, bool outerIPv6)
    {
        using var lab = new NetLab();
        var overhead = outerIPv6 ? 70 : 50;
        var (a, b) = Build(lab, encap, outerIPv6, 1500 - overhead);
        a.WaitForPing("10.0.0.2");
        a.WaitForPing("fd00::2");
        TcpTransfer.Run(a.Tenant, b.Tenant, "10.0.0.2", 1 << 20);
        TcpTransfer.Run(a.Tenant, b.Tenant, "fd00::2", 1 << 20);
        TcpTransfer.Run(b.Tenant, a.Tenant, "10.0.0.1", 1 << 20);
        TcpTransfer.Run(b.Tenant, a.Tenant, "fd00::1", 1 << 20);

        // What a knows it tells b in its segment size, so b has to be brought to send too much.
        foreach (var address in new[] { "10.0.0.1", "fd00::1" }) Cmd.Run(b.Tenant, "ping", "-c", "5", "-i", "0.2", "-W", "1", "-M", "do", "-s", "1380", address);

        // A kernel drops an ICMP message with a wrong checksum: that it remembers the MTU is the proof.
        Expect(a.Tenant, "10.0.0.2");
        Expect(a.Tenant, "fd00::2");
        Expect(b.Tenant, "10.0.0.1");
        Expect(b.Tenant, "fd00::1");
        foreach (var site in new[] { a, b })
        {
            var drops = site.Daemon.SettledDrops();
            Assert.True(drops.Drops.GetValueOrDefault("too_big_notified/tx") > 0, drops.ToString());
            Assert.Equal((0L, 0L), (drops.Unaccounted("rx"), drops.Unaccounted("tx")));
        }

        var doctor = a.Daemon.Ctl("doctor", "mtu", "b");
        Assert.True(doctor.Ok, doctor.StdOut + doctor.StdErr);
        Assert.Contains("network", doctor.StdOut, StringComparison.Ordinal);
        Assert.Contains($"port t0 has MTU {1500 - overhead}, and the path to peer b takes {Narrow - overhead}", doctor.StdOut + doctor.StdErr, StringComparison.Ordinal);

        void Expect(string tenant, string address) =>
            Assert.Contains($"mtu {Narrow - overhead}", Cmd.Run(tenant, "ip", "route", "get", address).StdOut, StringComparison.Ordinal);
    }

    [Fact]
    public void Frames_that_nobody_can_be_told_about_are_a_black_hole_that_the_doctor_names()
    {
        using var lab = new NetLab();
        var (a, _) = Build(lab, "vxlan", outerIPv6: false, 1450);
        a.WaitForPing("10.0.0.2");
        using var sender = new PacketSocket(a.Tenant, "t0", receive: false);
        var macOfB = Cmd.Run(a.Tenant, "ip", "neigh", "show", "10.0.0.2", "dev", "t0").StdOut.Split(' ')[2];
        var frame = Wire.Ethernet(macOfB, NetLab.MacOf(a.Tenant, "t0"), 0x88b5, new byte[1440]);
        Wait.Until(
            () =>
            {
                sender.Send(frame);
                return a.Daemon.Drops().Drops.GetValueOrDefault("too_big_silent/tx") > 1;
            },
            TimeSpan.FromSeconds(10),
            "the path is known and the frames are counted",
            () => a.Daemon.Drops().ToString());
        var doctor = a.Daemon.Ctl("doctor", "mtu");
        Assert.Equal(1, doctor.ExitCode);
        Assert.Contains("black hole", doctor.StdOut + doctor.StdErr, StringComparison.Ordinal);
    }

    private static (Site A, Site B) Build(NetLab lab, string encap, bool outerIPv6, int portMtu)
    {
        var a = new Site(lab, "a");
        var b = new Site(lab, "b");
        var router = lab.AddHost("r");
        NetLab.Join(a.Host, "u0", router, "ra", 1500);
        NetLab.Join(b.Host, "u0", router, "rb", Narrow);
        NetLab.Sysctl(router, "net/ipv4/ip_forward", "1");
        NetLab.Sysctl(router, "net/ipv6/conf/all/forwarding", "1");
        NetLab.Address(a.Host, "u0", "192.0.2.1/24", "2001:db8:1::1/64");
        NetLab.Address(router, "ra", "192.0.2.254/24", "2001:db8:1::fe/64");
        NetLab.Address(b.Host, "u0", "198.51.100.2/24", "2001:db8:2::2/64");
        NetLab.Address(router, "rb", "198.51.100.254/24", "2001:db8:2::fe/64");
        NetLab.Ip(a.Host, "route", "add", "default", "via", "192.0.2.254");
        NetLab.Ip(b.Host, "route", "add", "default", "via", "198.51.100.254");
        NetLab.Ip(a.Host, "-6", "route", "add", "default", "via", "2001:db8:1::fe");
        NetLab.Ip(b.Host, "-6", "route", "add", "default", "via", "2001:db8:2::fe");
        var (ours, theirs) = outerIPv6 ? ("2001:db8:1::1", "2001:db8:2::2") : ("192.0.2.1", "198.51.100.2");
        b.Start(b.Yaml($"\"{theirs}\"", 100, $"- {{ name: a, addresses: [\"{ours}\"], encap: {encap}, vnis: [100] }}", port: $"mtu: {portMtu}"), "10.0.0.2/24", "fd00::2/64");
        a.Start(a.Yaml($"\"{ours}\"", 100, $"- {{ name: b, addresses: [\"{theirs}\"], encap: {encap}, vnis: [100] }}", port: $"mtu: {portMtu}"), "10.0.0.1/24", "fd00::1/64");
        NetLab.WaitForPing(a.Host, theirs);
        return (a, b);
    }
}
