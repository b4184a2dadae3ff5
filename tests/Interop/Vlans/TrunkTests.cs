using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Vlans;

/// <summary>Trunk ports on real devices: what they answer carries the tag that was asked with, and service tags select where that is configured.</summary>
public sealed class TrunkTests
{
    private const string Me = "02:cc:00:00:00:01";
    private const string Known = "02:00:00:00:00:77";
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    public static TheoryData<string, int> Tags => new() { { "dot1q", 0x8100 }, { "dot1ad", 0x88a8 } };

    [Theory]
    [MemberData(nameof(Tags))]
    public void A_question_with_a_tag_is_answered_with_that_tag(string tag, int tpid)
    {
        using var lab = new NetLab();
        var (a, _) = Build(lab, tag);
        using var tap = new PacketSocket(a.Tenant, "t0");
        var question = Wire.Ethernet("ff:ff:ff:ff:ff:ff", Me, 0x0806, Wire.Arp(1, Me, "10.0.0.1", "00:00:00:00:00:00", "10.0.0.77"), Wire.Tag(20, tpid: tpid));
        tap.Send(question);
        var answer = Wire.Ethernet(Me, Known, 0x0806, Wire.Arp(2, Known, "10.0.0.77", Me, "10.0.0.1"), Wire.Tag(20, tpid: tpid));
        tap.WaitFor(frame => frame.AsSpan().StartsWith(answer), "the answer", Soon);
        var drops = a.Daemon.SettledDrops();
        Assert.True(drops.Total("tx", "consumed") >= 1, drops.ToString());
        Assert.Equal(0L, drops.Unaccounted("tx"));
    }

    [Theory]
    [MemberData(nameof(Tags))]
    public void A_packet_with_a_tag_that_is_too_long_is_answered_with_that_tag(string tag, int tpid)
    {
        using var lab = new NetLab();
        var (a, _) = Build(lab, tag);
        using var tap = new PacketSocket(a.Tenant, "t0");
        var packet = Wire.Udp("10.0.0.1", "10.0.0.77", 1000, 2000, new byte[3000]);
        var frame = Wire.Ethernet(Known, Me, 0x0800, packet, Wire.Tag(20, tpid: tpid));

        // The first that the kernel refuses on a path of which nothing is known is counted only.
        byte[]? told = null;
        Wait.Until(
            () =>
            {
                tap.Send(frame);
                return (told = tap.Find(f => f.Length > 50 && f.AsSpan(0, 6).SequenceEqual(Wire.Mac(Me)) && f[12] == tpid >> 8)) is not null;
            },
            Soon,
            "an answer",
            () => $"{a.Daemon.Drops()}");
        var head = Wire.Ethernet(Me, Known, 0x0800, [], Wire.Tag(20, tpid: tpid));
        Assert.Equal(head, told![..18]);

        // ICMP 3/4 from the address that the packet was for, with what fits the path less 50 octets of VXLAN over IPv4.
        Assert.Equal((1, 3, 4), (told[18 + 9], told[18 + 20], told[18 + 21]));
        Assert.Equal((byte[])[10, 0, 0, 77, 10, 0, 0, 1], told[(18 + 12)..(18 + 20)]);
        Assert.Equal(1450, (told[18 + 26] << 8) | told[18 + 27]);
        Assert.True(a.Daemon.SettledDrops().Drops.GetValueOrDefault("too_big_notified/tx") > 0, a.Daemon.Drops().ToString());
    }

    [Fact]
    public void Two_trunks_one_with_service_tags_carry_a_VLAN_between_them_and_customer_tags_inside()
    {
        using var lab = new NetLab();
        var (a, b) = Build(lab, "dot1ad");
        using var left = new PacketSocket(a.Tenant, "t0");
        using var right = new PacketSocket(b.Tenant, "t0");
        foreach (var inner in new[] { Array.Empty<byte>(), Wire.Tag(77) })
        {
            var (at, bt) = (Frame("02:cc:00:00:00:0a", [.. Wire.Tag(20, tpid: 0x88a8), .. inner]), Frame("02:cc:00:00:00:0a", [.. Wire.Tag(20), .. inner]));
            left.Send(at);
            right.WaitFor(frame => frame.AsSpan().SequenceEqual(bt), "the frame with the other trunk's tag", Soon);
            var (back, backAt) = (Frame("02:cc:00:00:00:0b", [.. Wire.Tag(20), .. inner]), Frame("02:cc:00:00:00:0b", [.. Wire.Tag(20, tpid: 0x88a8), .. inner]));
            right.Send(back);
            left.WaitFor(frame => frame.AsSpan().SequenceEqual(backAt), "the answer with the service tag", Soon);
        }

        var before = a.Daemon.SettledDrops();
        left.Send(Frame("02:cc:00:00:00:0a", Wire.Tag(20)));
        left.Send(Frame("02:cc:00:00:00:0a", [.. Wire.Tag(0, tpid: 0x88a8), .. Wire.Tag(20)]));
        Wait.Until(() => a.Daemon.Drops().Since(before).Drops.GetValueOrDefault("vlan_not_allowed/tx") == 2, Soon, "customer tags do not select", () => $"{a.Daemon.Drops().Since(before)}");
    }

    [Theory]
    [MemberData(nameof(Tags))]
    public void A_frame_of_full_length_leaves_by_a_trunk_on_a_veth_end_with_either_tag(string tag, int tpid)
    {
        const int Mtu = 1450;
        const string Mine = "02:cc:00:00:00:0a";
        using var lab = new NetLab();
        var (a, b) = Build(lab, tag, vethMtu: Mtu);
        using var left = new PacketSocket(a.Tenant, "t0");
        using var right = new PacketSocket(b.Tenant, "t0");
        left.Send(Frame(Mine, Wire.Tag(20, tpid: tpid)));
        right.WaitFor(frame => frame.AsSpan().SequenceEqual(Frame(Mine, Wire.Tag(20))), "the frame that says where it is", Soon);
        var before = a.Daemon.SettledDrops();

        // A copy of a flooded frame, and a frame for this port alone.
        foreach (var destination in new[] { "ff:ff:ff:ff:ff:ff", Mine })
        {
            right.Send(Wire.Ethernet(destination, "02:cc:00:00:00:0b", 0x88b5, new byte[Mtu], Wire.Tag(20)));
            var expected = Wire.Ethernet(destination, "02:cc:00:00:00:0b", 0x88b5, new byte[Mtu], Wire.Tag(20, tpid: tpid));
            left.WaitFor(frame => frame.AsSpan().SequenceEqual(expected), $"all of the frame to {destination}", Soon);
        }

        Assert.Equal(0L, a.Daemon.SettledDrops().Since(before).Drops.GetValueOrDefault("too_big_silent/rx"));
        Assert.Equal(Mtu, (int)a.Daemon.Status()["ports"]!.AsArray().Single()!["mtu"]!);
    }

    private static byte[] Frame(string source, byte[] tags) => Wire.Ethernet("ff:ff:ff:ff:ff:ff", source, 0x88b5, new byte[64], tags);

    // a has a trunk of either kind, b one of the usual kind; VLAN 20 is VNI 100 on both, and untagged frames are of VNI 400.
    private static (Site A, Site B) Build(NetLab lab, string tag, int vethMtu = 0)
    {
        var a = new Site(lab, "a", quietTenant: true);
        var b = new Site(lab, "b", quietTenant: true);
        NetLab.Join(a.Host, "u0", b.Host, "u0");
        NetLab.Address(a.Host, "u0", "192.0.2.1/24");
        NetLab.Address(b.Host, "u0", "192.0.2.2/24");
        b.Start(Yaml(b, "192.0.2.2", "a", "192.0.2.1", "dot1q", ""));
        var yaml = Yaml(a, "192.0.2.1", "b", "192.0.2.2", tag, $"macs: [ {{ vni: 100, mac: \"{Known}\", peer: b, ip: [10.0.0.77] }} ]");
        if (vethMtu != 0)
        {
            NetLab.SilenceNewDevices(a.Host);
            NetLab.Join(a.Host, "h0", a.Tenant, "t0", vethMtu);
            yaml = yaml.Replace($"tap: t0, netns: {a.Tenant}, mtu: 9000", $"veth: h0, mtu: {vethMtu}", StringComparison.Ordinal);
        }

        a.Start(yaml);
        NetLab.WaitForPing(a.Host, "192.0.2.2");
        return (a, b);
    }

    private static string Yaml(Site site, string local, string peer, string address, string tag, string more) => $$"""
        node: { name: vtep, local: [{{local}}] }
        ports:
          t0: { tap: t0, netns: {{site.Tenant}}, mtu: 9000, mode: trunk, native: 400, vlans: { 20: 100 }, tag: {{tag}} }
        vnis:
          - { id: 100, learning: { remote: true }, flood: { arp_suppress: true } }
          - { id: 400 }
        peers:
          - { name: {{peer}}, addresses: [{{address}}], vnis: [100, 400] }
        {{more}}
        """;
}
