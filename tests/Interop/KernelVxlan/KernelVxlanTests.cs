using System.Globalization;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.KernelVxlan;

/// <summary>A vxlan device of the kernel and overlayd.</summary>
[Trait("Category", "Peer")]
public sealed class KernelVxlanTests
{
    public static TheoryData<string, string, int> Underlays() => new() { { "192.0.2.1", "192.0.2.2", 24 }, { "2001:db8::1", "2001:db8::2", 64 } };

    [Theory]
    [MemberData(nameof(Underlays))]
    public void ARP_ICMP_TCP_and_full_frames_cross_both_ways(string ours, string theirs, int prefix)
    {
        using var lab = new NetLab();
        var (site, kernel) = Build(lab, ours, theirs, prefix);

        site.WaitForPing("10.0.0.2");
        // What the kernel's device said before our VNI was there does not count.
        var before = site.Daemon.SettledDrops();
        NetLab.WaitForPing(kernel.Netns, "10.0.0.1");
        site.WaitForPing("fd00::2");
        // 1,450 octets of IP are 1,464 of frame.
        Cmd.Run(site.Tenant, "ping", "-M", "do", "-s", "1422", "-c", "3", "-i", "0.2", "-W", "2", "10.0.0.2").OrThrow();
        Cmd.Run(kernel.Netns, "ping", "-M", "do", "-s", "1422", "-c", "3", "-i", "0.2", "-W", "2", "10.0.0.1").OrThrow();
        TcpTransfer.Run(site.Tenant, kernel.Netns, "10.0.0.2");
        TcpTransfer.Run(kernel.Netns, site.Tenant, "10.0.0.1");
        TcpTransfer.Run(site.Tenant, kernel.Netns, "fd00::2");

        var drops = site.Daemon.SettledDrops();
        Assert.Equal((0L, 0L), (drops.Unaccounted("rx"), drops.Unaccounted("tx")));
        Assert.True(drops.Since(before).Drops.Count == 0, drops.Since(before).ToString());
    }

    [Theory]
    [MemberData(nameof(Underlays))]
    public void Outer_packets_are_what_tshark_reads_from_our_settings(string ours, string theirs, int prefix)
    {
        Requires.Tools("tshark");
        using var lab = new NetLab();
        var (site, kernel) = Build(lab, ours, theirs, prefix);
        using var capture = new TsharkCapture(lab, kernel.Netns, "u0", f => f.Length > 60);

        site.WaitForPing("10.0.0.2");
        Cmd.Run(site.Tenant, "ping", "-Q", "0xb8", "-c", "5", "-i", "0.2", "10.0.0.2").OrThrow();
        TcpTransfer.Run(site.Tenant, kernel.Netns, "10.0.0.2", 65_536);
        TcpTransfer.Run(site.Tenant, kernel.Netns, "10.0.0.2", 65_536);

        var v6 = prefix == 64;
        var (source, tos, ttl) = v6 ? ("ipv6.src", "ipv6.tclass", "ipv6.hlim") : ("ip.src", "ip.dsfield", "ip.ttl");
        var rows = capture.Fields($"vxlan and {source} == {ours}", "vxlan.flags", "vxlan.vni", "udp.srcport", "udp.dstport", "udp.checksum.status", ttl, tos, "ip.flags.df", "ip.checksum.status", "tcp.srcport", "ip.proto", "eth.type");
        Assert.True(rows.Count > 20, $"{rows.Count} packets");
        foreach (var row in rows)
        {
            Assert.Equal("0x0800", row["vxlan.flags"]);
            Assert.Equal("100", row["vxlan.vni"]);
            Assert.Equal("4789", First(row["udp.dstport"]));
            Assert.InRange(int.Parse(First(row["udp.srcport"]), CultureInfo.InvariantCulture), 49_152, 65_535);
            Assert.Equal("1", First(row["udp.checksum.status"]));
            Assert.Equal("64", First(row[ttl]));
            if (v6) continue;
            Assert.Equal("1", First(row["ip.flags.df"]));
            Assert.Equal("1", First(row["ip.checksum.status"]));
        }

        // Reserved octets included, the eight octets after UDP are these and no others.
        var headers = capture.Socket.Frames.Select(f => f.Data).Where(f => !v6 ? f[23] == 17 && f[29] == 1 : f[20] == 17 && f[37] == 1).Select(f => Convert.ToHexString(f.AsSpan(v6 ? 62 : 42, 8))).Distinct(StringComparer.Ordinal);
        Assert.Equal(["0800000000006400"], headers);

        // A flow keeps its port; two flows are free to differ.
        foreach (var flow in rows.Where(r => r["tcp.srcport"].Length > 0).GroupBy(r => r["tcp.srcport"], StringComparer.Ordinal))
            Assert.Single(flow.Select(r => First(r["udp.srcport"])).Distinct(StringComparer.Ordinal));
        Assert.Contains(rows, r => Convert.ToInt32(First(r[tos]), 16) == 0xb8);
        Assert.Contains(rows, r => Convert.ToInt32(First(r[tos]), 16) == 0);
    }

    [Theory]
    [MemberData(nameof(Underlays))]
    public void Inner_tags_cross_both_ways_on_a_transparent_port(string ours, string theirs, int prefix)
    {
        using var lab = new NetLab();
        var (site, kernel) = Build(lab, ours, theirs, prefix, port: "mode: transparent");
        site.WaitForPing("10.0.0.2");
        using var tap = new PacketSocket(site.Tenant, "t0");
        using var device = new PacketSocket(kernel.Netns, kernel.Device);
        foreach (var tags in new byte[][] { Wire.Tag(5, priority: 6), [.. Wire.Tag(7, tpid: 0x88a8), .. Wire.Tag(5)] })
        {
            var there = Wire.Ethernet(kernel.Mac, NetLab.MacOf(site.Tenant, "t0"), 0x88b5, [.. Enumerable.Range(0, 100).Select(i => (byte)i)], tags);
            tap.Send(there);
            Assert.Equal(there, device.WaitFor(f => f.AsSpan().EndsWith(there.AsSpan(12)), "the tagged frame at the kernel's device"));
            var back = Wire.Ethernet(NetLab.MacOf(site.Tenant, "t0"), kernel.Mac, 0x88b5, new byte[100], tags);
            device.Send(back);
            Assert.Equal(back, tap.WaitFor(f => f.AsSpan().EndsWith(back.AsSpan(12)), "the tagged frame at our TAP"));
        }
    }

    [Theory]
    [MemberData(nameof(Underlays))]
    public void TCP_crosses_both_ways_with_the_kernels_default_offloads(string ours, string theirs, int prefix)
    {
        // A vxlan device over a veth hands us inner frames whose checksum nobody finished, and whole super-frames.
        using var lab = new NetLab();
        var (site, kernel) = Build(lab, ours, theirs, prefix, offloads: true);
        site.WaitForPing("10.0.0.2");
        TcpTransfer.Run(kernel.Netns, site.Tenant, "10.0.0.1");
        TcpTransfer.Run(site.Tenant, kernel.Netns, "10.0.0.2");
        TcpTransfer.Run(kernel.Netns, site.Tenant, "fd00::1");
        TcpTransfer.Run(site.Tenant, kernel.Netns, "fd00::2");
        var drops = site.Daemon.SettledDrops();
        Assert.Equal((0L, 0L), (drops.Unaccounted("rx"), drops.Unaccounted("tx")));
    }

    [Theory]
    [MemberData(nameof(Underlays))]
    public void Outer_fragments_of_full_frames_are_sent_and_taken_where_DF_is_clear(string ours, string theirs, int prefix)
    {
        using var lab = new NetLab();
        var (site, kernel) = Build(lab, ours, theirs, prefix, port: "mtu: 1500", listen: "df: clear", fragments: true);
        site.WaitForPing("10.0.0.2");
        Cmd.Run(site.Tenant, "ping", "-M", "do", "-s", "1472", "-c", "3", "-i", "0.2", "-W", "2", "10.0.0.2").OrThrow();
        // The kernel tells an inner sender that sets DF of the smaller path; only one that does not gets its outer packets fragmented.
        Cmd.Run(kernel.Netns, "ping", "-M", "dont", "-s", "1472", "-c", "3", "-i", "0.2", "-W", "2", "10.0.0.1").OrThrow();
        TcpTransfer.Run(site.Tenant, kernel.Netns, "10.0.0.2", 1 << 20);
    }

    [Theory]
    [InlineData("ttl: 7, dscp: 46, df: clear, checksum: zero", "192.0.2.1", "192.0.2.2", 24, 7, 0xb8, "0", "0x0000")]
    [InlineData("ttl: inherit, dscp: 0, source_ports: 50000-50003, source_port_count: 4", "192.0.2.1", "192.0.2.2", 24, 33, 0, "1", null)]
    [InlineData("ttl: 7, dscp: 46", "2001:db8::1", "2001:db8::2", 64, 7, 0xb8, "", null)]
    [InlineData("ttl: inherit, dscp: 0", "2001:db8::1", "2001:db8::2", 64, 33, 0, "", null)]
    public void Outer_settings_are_on_the_wire(string listen, string ours, string theirs, int prefix, int ttl, int tos, string df, string? checksum)
    {
        Requires.Tools("tshark");
        using var lab = new NetLab();
        var (site, kernel) = Build(lab, ours, theirs, prefix, listen: listen);
        using var capture = new TsharkCapture(lab, kernel.Netns, "u0", f => f.Length > 60);
        site.WaitForPing("10.0.0.2");
        Cmd.Run(site.Tenant, "ping", "-t", "33", "-Q", "0x28", "-c", "4", "-i", "0.2", "10.0.0.2").OrThrow();

        var v6 = prefix == 64;
        var (source, tosField, ttlField) = v6 ? ("ipv6.src", "ipv6.tclass", "ipv6.hlim") : ("ip.src", "ip.dsfield", "ip.ttl");
        var rows = capture.Fields($"vxlan and icmp and {source} == {ours} and ip.ttl == 33", ttlField, tosField, "ip.flags.df", "udp.checksum", "udp.checksum.status", "udp.srcport");
        Assert.NotEmpty(rows);
        foreach (var row in rows)
        {
            Assert.Equal(ttl, int.Parse(First(row[ttlField]), CultureInfo.InvariantCulture));
            Assert.Equal(tos, Convert.ToInt32(First(row[tosField]), 16));
            if (df.Length > 0) Assert.Equal(df, First(row["ip.flags.df"]));
            if (checksum is null) Assert.Equal("1", First(row["udp.checksum.status"]));
            else Assert.Equal(checksum, First(row["udp.checksum"]));
            if (listen.Contains("source_ports", StringComparison.Ordinal)) Assert.InRange(int.Parse(First(row["udp.srcport"]), CultureInfo.InvariantCulture), 50_000, 50_003);
        }
    }

    [Fact]
    public void A_peer_on_port_8472_is_reached_there_and_heard_from_there()
    {
        using var lab = new NetLab();
        var site = new Site(lab, "a");
        var right = lab.AddHost("k");
        NetLab.Join(site.Host, "u0", right, "u0");
        NetLab.Address(site.Host, "u0", "192.0.2.1/24");
        NetLab.Address(right, "u0", "192.0.2.2/24");
        var kernel = KernelVxlanPeer.Create(right, "u0", 100, "192.0.2.1".Replace(".1", ".2", StringComparison.Ordinal), "192.0.2.1", port: 8472);
        NetLab.Address(right, kernel.Device, "10.0.0.2/24");
        site.Start(
            site.Yaml("192.0.2.1", 100, "- { name: k, addresses: [192.0.2.2], encap: vxlan, port: 8472, vnis: [100] }").Replace("vxlan: 4789", "vxlan: 8472", StringComparison.Ordinal),
            "10.0.0.1/24");
        site.WaitForPing("10.0.0.2");
    }

    private static (Site Site, KernelVxlanPeer Kernel) Build(NetLab lab, string ours, string theirs, int prefix, string port = "", string listen = "", bool offloads = false, bool fragments = false)
    {
        var site = new Site(lab, "a");
        var right = lab.AddHost("k");
        NetLab.Join(site.Host, "u0", right, "u0", prefix == 64 && !fragments ? 1520 : 1500, offloads);
        NetLab.Address(site.Host, "u0", $"{ours}/{prefix}");
        NetLab.Address(right, "u0", $"{theirs}/{prefix}");
        var kernel = KernelVxlanPeer.Create(right, fragments ? null : "u0", 100, theirs, ours, mtu: fragments ? 1500 : 1450, offloads: offloads);
        NetLab.Address(right, kernel.Device, "10.0.0.2/24", "fd00::2/64");
        site.Start(site.Yaml($"\"{ours}\"", 100, $"- {{ name: k, addresses: [\"{theirs}\"], encap: vxlan, vnis: [100] }}", listen, port), "10.0.0.1/24", "fd00::1/64");
        return (site, kernel);
    }

    private static string First(string values) => values.Split(',')[0];
}
