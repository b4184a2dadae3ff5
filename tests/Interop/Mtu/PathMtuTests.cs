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
    private const int Narrow = MtuLab.Narrow;
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(25);

    [Theory]
    [InlineData("vxlan", false)]
    [InlineData("vxlan", true)]
    [InlineData("geneve", false)]
    [InlineData("geneve", true)]
    public void TCP_recovers_by_itself_and_the_kernel_takes_our_word_for_the_path(string encap, bool outerIPv6)
    {
        using var lab = new NetLab();
        var overhead = outerIPv6 ? 70 : 50;
        var (a, b, _, _, _) = MtuLab.Build(lab, encap, outerIPv6, $"mtu: {1500 - overhead}");
        a.WaitForPing("10.0.0.2");
        a.WaitForPing("fd00::2");
        TcpTransfer.Run(a.Tenant, b.Tenant, "10.0.0.2", 1 << 20);
        TcpTransfer.Run(a.Tenant, b.Tenant, "fd00::2", 1 << 20);
        TcpTransfer.Run(b.Tenant, a.Tenant, "10.0.0.1", 1 << 20);
        TcpTransfer.Run(b.Tenant, a.Tenant, "fd00::1", 1 << 20);

        // What a knows it tells b in its segment size, so b has to be brought to send too much.
        foreach (var address in new[] { "10.0.0.1", "fd00::1" })
        {
            Wait.Until(
                () =>
                {
                    Cmd.Run(b.Tenant, "ping", "-c", "1", "-W", "1", "-M", "do", "-s", "1380", address);
                    return MtuLab.Uses(b.Tenant, address, Narrow - overhead);
                },
                TimeSpan.FromSeconds(10),
                $"b's tenant hears what fits to {address}",
                () => b.Daemon.Drops().ToString());
        }

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
        var a = MtuLab.Build(lab, "vxlan", outerIPv6: false, "mtu: 1450").A;
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

    // A device of their own tells nothing about a link-local peer but its address: the kernel leaves the scope out of what it says itself.
    [Fact]
    public void The_path_to_a_link_local_peer_is_known_too()
    {
        using var lab = new NetLab();
        var a = new Site(lab, "a");
        var b = new Site(lab, "b");
        NetLab.Join(a.Host, "u0", b.Host, "u0", Narrow);
        NetLab.Address(a.Host, "u0", "fe80::1/64");
        NetLab.Address(b.Host, "u0", "fe80::2/64");
        b.Start(b.Yaml("\"fe80::2%u0\"", 100, "- { name: a, addresses: [\"fe80::1%u0\"], encap: vxlan, vnis: [100] }", port: "mtu: 1450"), "10.0.0.2/24");
        a.Start(a.Yaml("\"fe80::1%u0\"", 100, "- { name: b, addresses: [\"fe80::2%u0\"], encap: vxlan, vnis: [100] }", port: "mtu: 1450"), "10.0.0.1/24");
        a.WaitForPing("10.0.0.2");
        Wait.Until(
            () =>
            {
                Cmd.Run(a.Tenant, "ping", "-c", "1", "-W", "1", "-M", "do", "-s", "1380", "10.0.0.2");
                return MtuLab.Uses(a.Tenant, "10.0.0.2", Narrow - 70);
            },
            TimeSpan.FromSeconds(10),
            "the tenant hears what fits",
            () => a.Daemon.Ctl("doctor", "mtu").StdOut + a.Daemon.Drops());
    }

    [Fact]
    public void A_port_whose_mtu_is_automatic_follows_the_mtu_of_the_route_to_its_peer_and_back()
    {
        using var lab = new NetLab();
        var (a, b, _, _, _) = MtuLab.Build(lab, "geneve", outerIPv6: false, "mtu: auto", second: 1500);
        Wait.Until(() => TapMtu() == 1450, Soon, "what the link allows", () => $"{TapMtu()}");
        a.WaitForPing("10.0.0.2");
        NetLab.Ip(a.Host, "route", "add", "198.51.100.2/32", "via", "192.0.2.254", "mtu", "1400");
        Wait.Until(() => TapMtu() == 1350, Soon, "what the route allows", () => $"{TapMtu()}");
        Assert.Contains("kernel", a.Daemon.Ctl("doctor", "mtu").StdOut, StringComparison.Ordinal);

        // b's port was not lowered, nor what a's takes from the wire: the longest that b sends arrives.
        const int Frames = 200;
        var (macOfA, macOfB) = (NetLab.MacOf(a.Tenant, "t0"), NetLab.MacOf(b.Tenant, "t0"));
        using var receiver = new PacketSocket(a.Tenant, "t0", filter: static frame => frame[12] == 0x88 && frame[13] == 0xb5);
        using var sender = new PacketSocket(b.Tenant, "t0", receive: false);
        var before = a.Daemon.SettledDrops();
        var frame = Wire.Ethernet(macOfA, macOfB, 0x88b5, new byte[1450]);
        for (var i = 0; i < Frames; i++) sender.Send(frame);
        Wait.Until(() => receiver.Count >= Frames, TimeSpan.FromSeconds(10), "all frames arrive", () => $"{receiver.Count}; {a.Daemon.Drops().Since(before)}");
        Assert.DoesNotContain(a.Daemon.SettledDrops().Since(before).Drops, static drop => drop.Key.StartsWith("too_big", StringComparison.Ordinal) && drop.Key.EndsWith("/rx", StringComparison.Ordinal) && drop.Value != 0);
        NetLab.Ip(a.Host, "route", "del", "198.51.100.2/32", "via", "192.0.2.254", "mtu", "1400");
        Wait.Until(() => TapMtu() == 1450, Soon, "what the link allows again", () => $"{TapMtu()}");

        int TapMtu() => (int)System.Text.Json.Nodes.JsonNode.Parse(NetLab.Ip(a.Tenant, "-j", "link", "show", "dev", "t0").StdOut)!.AsArray().Single()!["mtu"]!;
    }
}
