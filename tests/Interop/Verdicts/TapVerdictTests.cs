using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Verdicts;

/// <summary>
/// What tenants do to us, sent into the TAPs of a running daemon. A frame under 14 octets and a bad virtio-net header cannot be made from outside:
/// the kernel pads the one and writes the other, so those rows are tested where a port's input can be forged, in memory.
/// </summary>
public sealed class TapVerdictTests(VerdictLab lab) : IClassFixture<VerdictLab>
{
    private const string Tenant = "02:cc:00:00:00:01";

    public static TheoryData<string, string, string> StaticDestinations() => new()
    {
        { "vxlan", "v4", "02:bb:00:00:00:01" },
        { "geneve", "v4", "02:bb:00:00:00:02" },
        { "vxlan", "v6", "02:bb:00:00:00:03" },
        { "geneve", "v6", "02:bb:00:00:00:04" },
    };

    /// <summary>Four code points towards four peers (encapsulation and family), IPv4 and IPv6 inside.</summary>
    public static TheoryData<string, int, bool> EncapsulatedEcn()
    {
        var data = new TheoryData<string, int, bool>();
        for (var i = 0; i < 32; i++) data.Add($"02:bb:00:00:00:0{(i >> 2 & 3) + 1}", i & 3, i >= 16);
        return data;
    }

    [Theory]
    [MemberData(nameof(StaticDestinations))]
    public void A_frame_to_a_static_MAC_leaves_once_by_its_peers_encapsulation_and_family(string encap, string family, string mac)
    {
        var frame = WireCases.Inner(mac, Tenant);

        var change = lab.Observe("tx", 1, () => lab.Tap("tap-web").Send(frame));

        Assert.True(change.Total("tx", "delivered") == 1 && change.Drops.Count == 0, change.ToString());
        var outer = lab.Injector.WaitFor(f => f.AsSpan().EndsWith(frame), "the encapsulated frame");
        var ip = family == "v4" ? 20 : 40;
        Assert.Equal(VerdictLab.TunnelPort(encap), (outer[14 + ip + 2] << 8) | outer[14 + ip + 3]);
        Assert.Equal(WireCases.Tunnel(encap, 100, frame), outer[(14 + ip + 8)..]);
        Assert.Equal(1, lab.Injector.Count);
    }

    [Theory]
    [MemberData(nameof(EncapsulatedEcn))]
    public void Outer_ECN_is_the_inner_one_and_DSCP_is_inherited(string mac, int ecn, bool inner6)
    {
        var tos = 0xb8 | ecn;
        var frame = inner6 ? WireCases.Inner6(mac, Tenant, trafficClass: tos) : WireCases.Inner(mac, Tenant, tos: tos);

        lab.Observe("tx", 1, () => lab.Tap("tap-web").Send(frame));

        var outer = lab.Injector.WaitFor(f => f.AsSpan().EndsWith(frame), "the encapsulated frame");
        Assert.Equal(tos, outer[12] == 0x08 ? outer[15] : ((outer[14] & 0xf) << 4) | (outer[15] >> 4));
        Assert.Equal(64, outer[12] == 0x08 ? outer[22] : outer[21]);
    }

    [Fact]
    public void Outer_ECN_of_a_frame_that_is_not_IP_is_Not_ECT()
    {
        var frame = Wire.Ethernet("02:bb:00:00:00:01", Tenant, 0x88b5, [.. Enumerable.Repeat((byte)0xff, 60)]);
        lab.Observe("tx", 1, () => lab.Tap("tap-web").Send(frame));
        var outer = lab.Injector.WaitFor(f => f.AsSpan().EndsWith(frame), "the encapsulated frame");
        Assert.Equal(0, outer[15]);
    }

    [Theory]
    [InlineData("ff:ff:ff:ff:ff:ff")]
    [InlineData("01:00:5e:00:00:05")]
    [InlineData("00:00:00:00:00:00")]
    [InlineData("02:dd:00:00:00:01")]
    public void A_frame_to_flood_goes_once_to_every_peer_of_the_VNI(string destination)
    {
        var frame = WireCases.Inner(destination, Tenant);
        var change = lab.Observe("tx", 1, () => lab.Tap("tap-web").Send(frame));
        Assert.Equal(1, change.Total("tx", "delivered"));
        Wait.Until(() => lab.Injector.Count >= 4, TimeSpan.FromSeconds(3), "four copies");
        Assert.Equal(4, lab.Injector.Frames.Count(f => f.Data.AsSpan().EndsWith(frame)));
    }

    [Theory]
    [InlineData("source multicast", "03:00:00:00:00:01")]
    [InlineData("source broadcast", "ff:ff:ff:ff:ff:ff")]
    [InlineData("source zero", "00:00:00:00:00:00")]
    public void An_invalid_source_is_dropped_and_never_learned(string what, string source)
    {
        _ = what;
        ExpectDrop("tap-web", WireCases.Inner("02:bb:00:00:00:01", source), "inner_source_invalid");
        Assert.DoesNotContain(lab.Daemon.Api.Get("/v1/fdb")["entries"]!.AsArray(), e => (string)e!["mac"]! == source);
    }

    [Fact]
    public void A_tagged_frame_on_an_access_port_is_dropped() => ExpectDrop("tap-web", WireCases.Inner("02:bb:00:00:00:01", Tenant, Wire.Tag(5)), "vlan_not_allowed");

    [Fact]
    public void Eight_tags_on_an_access_port_are_dropped() => ExpectDrop("tap-web", WireCases.Inner("02:bb:00:00:00:01", Tenant, EightTags()), "vlan_not_allowed");

    [Fact]
    public void Eight_tags_on_a_transparent_port_are_carried_untouched()
    {
        var frame = WireCases.Inner("02:bb:00:00:00:05", Tenant, EightTags());
        var change = lab.Observe("tx", 1, () => lab.Tap("tap-clear").Send(frame));
        Assert.Equal(1, change.Total("tx", "delivered"));
        Assert.Equal(Wire.Vxlan(300, frame), lab.Injector.WaitFor(f => f.AsSpan().EndsWith(frame), "the encapsulated frame")[42..]);
    }

    [Theory]
    [InlineData("tap-web")]
    [InlineData("tap-clear")]
    [InlineData("tap-trunk")]
    public void A_frame_that_ends_inside_a_tag_is_malformed(string tap) => ExpectDrop(tap, WireCases.Inner("02:bb:00:00:00:01", Tenant, Wire.Tag(20))[..16], "tap_malformed");

    [Fact]
    public void A_trunk_maps_its_tags_to_VNIs_and_drops_the_others()
    {
        foreach (var (tag, vni) in new[] { (20, 420), (30, 430) })
        {
            var frame = WireCases.Inner("ff:ff:ff:ff:ff:ff", Tenant);
            lab.Observe("tx", 1, () => lab.Tap("tap-trunk").Send([.. frame[..12], .. Wire.Tag(tag), .. frame[12..]]));
            lab.Injector.WaitFor(f => f.AsSpan().EndsWith(Wire.Vxlan(vni, frame)), $"an untagged frame in VNI {vni}");
            Wait.Until(() => lab.Injector.Count == 4, TimeSpan.FromSeconds(3), "copies for the four peers of one VNI only");
        }

        ExpectDrop("tap-trunk", WireCases.Inner("ff:ff:ff:ff:ff:ff", Tenant, Wire.Tag(21)), "vlan_not_allowed");
        var native = WireCases.Inner("ff:ff:ff:ff:ff:ff", Tenant);
        lab.Observe("tx", 1, () => lab.Tap("tap-trunk").Send(native));
        lab.Injector.WaitFor(f => f.AsSpan().EndsWith(Wire.Vxlan(400, native)), "an untagged frame in the native VNI");
    }

    [Theory]
    [InlineData(0x8100, 0x8100)]
    [InlineData(0x8100, 0x88a8)]
    [InlineData(0x88a8, 0x8100)]
    public void A_priority_tag_leads_no_other_tag_into_the_native_VNI(int outer, int inner) =>
        ExpectDrop("tap-trunk", WireCases.Inner("ff:ff:ff:ff:ff:ff", Tenant, [.. Wire.Tag(0, tpid: outer), .. Wire.Tag(30, tpid: inner)]), "vlan_not_allowed");

    [Theory]
    [InlineData("01:80:c2:00:00:00")]
    [InlineData("01:80:c2:00:00:0e")]
    public void Link_local_stays_at_home_unless_the_VNI_is_transparent(string destination)
    {
        var frame = WireCases.Inner(destination, Tenant);
        ExpectDrop("tap-web", frame, "link_local");
        var change = lab.Observe("tx", 1, () => lab.Tap("tap-lldp").Send(frame));
        Assert.True(change.Total("tx", "delivered") == 1, change.ToString());
    }

    [Fact]
    public void Ports_of_one_VNI_switch_locally_and_a_frame_never_returns_to_its_port()
    {
        var hello = WireCases.Inner("ff:ff:ff:ff:ff:ff", "02:cc:00:00:00:51");
        lab.Observe("tx", 1, () => lab.Tap("tap-p1").Send(hello));
        Assert.Equal(hello, lab.Tap("tap-p2").WaitFor(_ => true, "the broadcast"));
        Wait.Until(() => lab.Daemon.Api.Get("/v1/fdb?vni=500")["entries"]!.AsArray().Any(e => (string)e!["mac"]! == "02:cc:00:00:00:51"), TimeSpan.FromSeconds(3), "the source is learned");

        var answer = WireCases.Inner("02:cc:00:00:00:51", "02:cc:00:00:00:52");
        lab.Observe("tx", 1, () => lab.Tap("tap-p2").Send(answer));
        Assert.Equal(answer, lab.Tap("tap-p1").WaitFor(_ => true, "the answer"));

        ExpectDrop("tap-p1", WireCases.Inner("02:cc:00:00:00:51", "02:cc:00:00:00:53"), "hairpin");
    }

    [Theory]
    [InlineData("MAC of another port of the VNI", "tap-p2", VerdictLab.PairMac)]
    [InlineData("MAC known to be remote", "tap-web", VerdictLab.RemoteMac)]
    public void A_foreign_source_has_one_end_and_takes_nothing_away(string what, string tap, string source)
    {
        _ = what;
        var change = lab.Observe("tx", 1, () => lab.Tap(tap).Send(WireCases.Inner("ff:ff:ff:ff:ff:ff", source)));
        Assert.True(change.Total("tx", "received") == 1 && change.Unaccounted("tx") == 0, change.ToString());

        // The static entry and the port's own MAC still lead where they did.
        if (source == VerdictLab.RemoteMac)
        {
            var frame = WireCases.Inner(VerdictLab.RemoteMac, Tenant);
            lab.Observe("tx", 1, () => lab.Tap("tap-web").Send(frame));
            lab.Injector.WaitFor(f => f.AsSpan().EndsWith(Wire.Vxlan(100, frame)), "the frame leaves by the static entry");
        }
    }

    [Theory]
    [InlineData(6, 255)]
    [InlineData(255, 4)]
    [InlineData(0, 0)]
    public void ARP_with_wrong_lengths_is_forwarded_opaquely(int hardware, int protocol) =>
        ExpectForwarded(Wire.Ethernet("ff:ff:ff:ff:ff:ff", Tenant, 0x0806, Wire.Arp(1, Tenant, "10.0.0.1", "00:00:00:00:00:00", "10.0.0.2", hardware, protocol)));

    [Fact]
    public void ARP_cut_short_is_forwarded_opaquely() =>
        ExpectForwarded(Wire.Ethernet("ff:ff:ff:ff:ff:ff", Tenant, 0x0806, Wire.Arp(1, Tenant, "10.0.0.1", "00:00:00:00:00:00", "10.0.0.2")[..9]));

    [Theory]
    [InlineData("option length 0", "8700000000000000fd000000000000000000000000000001 0100 020000000001")]
    [InlineData("option past the end", "8700000000000000fd000000000000000000000000000001 01ff 020000000001")]
    public void Neighbour_discovery_with_bad_options_is_forwarded_opaquely(string what, string icmp)
    {
        _ = what;
        ExpectForwarded(Wire.Ethernet("33:33:ff:00:00:01", Tenant, 0x86dd, Wire.IPv6("fd00::2", "ff02::1:ff00:1", 58, Wire.Hex(icmp), hopLimit: 255)));
    }

    [Fact]
    public void A_long_chain_of_extension_headers_is_forwarded_opaquely()
    {
        byte[] header = [60, 0, 1, 4, 0, 0, 0, 0];
        ExpectForwarded(Wire.Ethernet("02:bb:00:00:00:01", Tenant, 0x86dd, Wire.IPv6("fd00::2", "fd00::1", 60, [.. Enumerable.Repeat(header, 150).SelectMany(h => h)])));
    }

    [Theory]
    [InlineData(4789)]
    [InlineData(6081)]
    public void A_tenants_own_tunnel_packet_to_our_address_is_payload_and_never_decapsulated(int port)
    {
        var made = WireCases.Tunnel(port == 4789 ? "vxlan" : "geneve", 100, WireCases.Plain);
        var frame = Wire.Ethernet("02:bb:00:00:00:01", Tenant, 0x0800, Wire.Udp("192.0.2.10", VerdictLab.Local4, 50_000, port, made));
        var change = lab.Observe("tx", 1, () => lab.Tap("tap-web").Send(frame));
        Assert.Equal(1, change.Total("tx", "delivered"));
        Assert.Equal(0, change.Total("rx", "received"));
        Assert.Empty(lab.TapsWithFrames);
    }

    [Fact]
    public void A_storm_of_gratuitous_ARP_is_accounted_for_and_not_logged_frame_by_frame()
    {
        const int Frames = 2000;
        var lines = lab.Daemon.Log.Split('\n').Length;
        var change = lab.Observe("tx", Frames, () =>
        {
            for (var i = 0; i < Frames; i++)
            {
                var mac = $"02:cc:01:00:{i >> 8:x2}:{i & 0xff:x2}";
                lab.Tap("tap-web").Send(Wire.Ethernet("ff:ff:ff:ff:ff:ff", mac, 0x0806, Wire.Arp(1, mac, "10.0.0.1", "00:00:00:00:00:00", "10.0.0.1")));
                lab.KeepUp(i);
            }
        }, TimeSpan.FromSeconds(20));
        Assert.Equal(Frames, change.Total("tx", "received"));
        Assert.Equal(0, change.Unaccounted("tx"));
        Assert.True(lab.Daemon.Log.Split('\n').Length - lines < 20, lab.Daemon.Log);
    }

    [Theory]
    [InlineData(9500)]
    [InlineData(65_000)]
    [InlineData(65_520)]
    public void A_frame_too_long_for_the_underlay_is_counted_and_the_next_one_passes(int length)
    {
        NetLab.Ip(lab.TenantNs, "link", "set", "tap-clear", "mtu", "65521");
        var change = lab.Observe("tx", 1, () => lab.Tap("tap-clear").Send(Wire.Ethernet("02:bb:00:00:00:05", Tenant, 0x88b5, new byte[length])));
        Assert.True(change.Total("tx", "dropped") == 1, change.ToString());
        var row = Assert.Single(change.Drops);
        Assert.Contains(row.Key, new[] { "too_big_silent/tx", "too_big_notified/tx", "tap_malformed/tx" });
        Eight_tags_on_a_transparent_port_are_carried_untouched();
    }

    [Fact]
    public void Random_frames_have_exactly_one_end_each()
    {
        const int Frames = 3000;
        var random = new Random(20_261);
        var change = lab.Observe("tx", Frames, () =>
        {
            for (var i = 0; i < Frames; i++)
            {
                var frame = new byte[random.Next(14, 1414)];
                random.NextBytes(frame);
                if (random.Next(2) == 0) Wire.Mac("02:bb:00:00:00:0" + random.Next(1, 6)).CopyTo(frame, 0);
                if (random.Next(2) == 0) ((byte[])[0x81, 0x00, 0x00, 20]).AsSpan(0, Math.Min(4, frame.Length - 12)).CopyTo(frame.AsSpan(12));
                lab.Tap(random.Next(3) switch { 0 => "tap-web", 1 => "tap-clear", _ => "tap-trunk" }).Send(frame);
                lab.KeepUp(i);
            }
        }, TimeSpan.FromSeconds(20));
        Assert.Equal(Frames, change.Total("tx", "received"));
        Assert.Equal(0, change.Unaccounted("tx"));
        Assert.Equal(change.Total("tx", "dropped"), change.SumOfDrops("tx"));
    }

    [Fact]
    public void A_port_that_is_down_is_port_down()
    {
        NetLab.Ip(lab.TenantNs, "link", "set", "tap-e0", "down");
        try
        {
            Wait.Until(() => !lab.Daemon.Status()["ports"]!.AsArray().Single(p => (string)p!["port"]! == "e0")!["up"]!.GetValue<bool>(), TimeSpan.FromSeconds(5), "the port is seen down");
            var packet = Wire.Udp("192.0.2.10", VerdictLab.Local4, 50_001, 4789, Wire.Vxlan(0, WireCases.Inner("02:00:00:00:00:55", "02:aa:00:00:00:01")));
            var change = lab.Observe("rx", 1, () => lab.Injector.Send(lab.Outer(packet)));
            Assert.Equal("port_down/rx", Assert.Single(change.Drops).Key);
        }
        finally
        {
            NetLab.Ip(lab.TenantNs, "link", "set", "tap-e0", "up");
        }
    }

    private static byte[] EightTags() => [.. Enumerable.Range(1, 8).SelectMany(i => Wire.Tag(i, tpid: i < 8 ? 0x88a8 : 0x8100))];

    private void ExpectDrop(string tap, byte[] frame, string reason)
    {
        var change = lab.Observe("tx", 1, () => lab.Tap(tap).Send(frame));
        Assert.True(change.Total("tx", "received") == 1 && change.Total("tx", "dropped") == 1, change.ToString());
        Assert.True(Assert.Single(change.Drops).Key == reason + "/tx", change.ToString());
        Assert.Equal(0, lab.Injector.Count);
        Assert.Empty(lab.TapsWithFrames);
    }

    private void ExpectForwarded(byte[] frame)
    {
        var change = lab.Observe("tx", 1, () => lab.Tap("tap-web").Send(frame));
        Assert.True(change.Total("tx", "delivered") == 1 && change.Drops.Count == 0, change.ToString());
        lab.Injector.WaitFor(f => f.AsSpan().EndsWith(Wire.Vxlan(100, frame)), "the encapsulated frame");
    }
}
