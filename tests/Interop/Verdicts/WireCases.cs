using Overlay.TestKit.Net;

namespace Overlay.Interop.Verdicts;

/// <summary>The rows of the verdict table for the wire.</summary>
public static class WireCases
{
    private const string Stranger = "02:aa:00:00:00:01";

    /// <summary>An ordinary inner frame for the web port.</summary>
    public static byte[] Plain { get; } = Inner(VerdictLab.WebMac, Stranger);

    /// <summary>All cases by name.</summary>
    public static IReadOnlyDictionary<string, WireCase> All { get; } = Build().ToDictionary(c => c.Name, StringComparer.Ordinal);

    /// <summary>A tunnel header of either kind before a frame.</summary>
    public static byte[] Tunnel(string encap, int vni, byte[] inner) => encap == "vxlan" ? Wire.Vxlan(vni, inner) : Wire.Geneve(vni, inner);

    /// <summary>An inner UDP-in-IPv4 frame.</summary>
    public static byte[] Inner(string destination, string source, byte[]? tags = null, int tos = 0, int length = 60) =>
        Wire.Ethernet(destination, source, 0x0800, Wire.Udp("10.0.0.1", "10.0.0.2", 7, 9, Filler(length), tos: tos), tags);

    /// <summary>An inner UDP-in-IPv6 frame.</summary>
    public static byte[] Inner6(string destination, string source, byte[]? tags = null, int trafficClass = 0) =>
        Wire.Ethernet(destination, source, 0x86dd, Wire.Udp("fd00::1", "fd00::2", 7, 9, Filler(60), tos: trafficClass), tags);

    private static byte[] Filler(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)i)];

    private static WireCase Delivered(string name, byte[] inner, int vni = 100, string tap = "tap-web") =>
        new() { Name = name, Expect = "D", Payload = encap => Tunnel(encap, vni, inner), Delivered = inner, Tap = tap };

    private static WireCase Dropped(string name, string reason, byte[] inner, int vni = 100) =>
        new() { Name = name, Expect = reason, Payload = encap => Tunnel(encap, vni, inner) };

    private static WireCase Vxlan(string name, string expect, Func<byte[]> payload, bool anomaly = false) =>
        new() { Name = name, Expect = expect, Encap = "vxlan", Payload = _ => payload(), Delivered = expect == "D" ? Plain : null, Anomaly = anomaly };

    private static WireCase Geneve(string name, string expect, Func<byte[]> payload, bool anomaly = false) =>
        new() { Name = name, Expect = expect, Encap = "geneve", Payload = _ => payload(), Delivered = expect == "D" ? Plain : null, Anomaly = anomaly };

    private static IEnumerable<WireCase> Build() => [.. Common(), .. Layer2(), .. Outer(), .. VxlanOnly(), .. GeneveOnly()];

    private static IEnumerable<WireCase> Common()
    {
        yield return Delivered("valid", Plain);
        yield return Delivered("VNI 0 is legal", Inner("02:00:00:00:00:55", Stranger), 0, "tap-e0");
        yield return Delivered("VNI 0xFFFFFF is legal", Inner("02:00:00:00:00:55", Stranger), 0xffffff, "tap-ef");
        yield return Dropped("VNI that is not configured", "vni_unknown", Plain, 101);
        yield return new() { Name = "payload of 0 octets", Expect = "outer_truncated", Payload = _ => [] };
        yield return new() { Name = "payload of 7 octets", Expect = "outer_truncated", Payload = e => Tunnel(e, 100, [])[..7] };
        yield return new() { Name = "tunnel header alone", Expect = "outer_truncated|inner_truncated", Payload = e => Tunnel(e, 100, []) };
        yield return Dropped("header and 13 octets", "inner_truncated", Plain[..13]);
        yield return Delivered("header and 14 octets, no IP announced", Wire.Ethernet(VerdictLab.WebMac, Stranger, 0x88b5, []));
        yield return Dropped("header and 14 octets that announce IPv4", "inner_truncated", Plain[..14]);
        yield return Dropped("header and 14 octets that announce IPv6", "inner_truncated", Wire.Ethernet(VerdictLab.WebMac, Stranger, 0x86dd, []));
        yield return Dropped("inner IPv4 cut after 6 octets", "inner_truncated", Plain[..20]);
        yield return Delivered("inner IPv4 with bad IHL", With(Plain, 14, 0x42));
        yield return Delivered("inner IPv4 with bad total length", With(Plain, 16, 0xff));
        yield return Delivered("802.3 length field", Wire.Ethernet(VerdictLab.WebMac, Stranger, 64, Filler(64)));
        yield return Dropped("longer than the port's MTU", "too_big_silent|too_big_notified", Inner(VerdictLab.WebMac, Stranger, length: VerdictLab.PortMtu - 28 + 1));
        yield return Delivered("exactly the port's MTU", Inner(VerdictLab.WebMac, Stranger, length: VerdictLab.PortMtu - 28));
    }

    private static IEnumerable<WireCase> Layer2()
    {
        yield return Dropped("source is a local port's MAC", "inner_source_is_local", Inner("02:00:00:00:00:55", VerdictLab.WebMac));
        yield return Dropped("source multicast", "inner_source_invalid", Inner(VerdictLab.WebMac, "03:00:00:00:00:01"));
        yield return Dropped("source broadcast", "inner_source_invalid", Inner(VerdictLab.WebMac, "ff:ff:ff:ff:ff:ff"));
        yield return Dropped("source zero", "inner_source_invalid", Inner(VerdictLab.WebMac, "00:00:00:00:00:00"));
        yield return Delivered("destination zero is unknown unicast", Inner("00:00:00:00:00:00", Stranger));
        yield return Delivered("broadcast", Inner("ff:ff:ff:ff:ff:ff", Stranger));
        yield return Delivered("multicast", Inner("01:00:5e:00:00:01", Stranger));
        yield return Dropped("destination behind another VTEP", "split_horizon", Inner(VerdictLab.RemoteMac, Stranger));
        yield return Dropped("802.1Q to an access port", "vlan_not_allowed", Inner(VerdictLab.WebMac, Stranger, Wire.Tag(5)));
        yield return Dropped("QinQ to an access port", "vlan_not_allowed", Inner(VerdictLab.WebMac, Stranger, [.. Wire.Tag(7, tpid: 0x88a8), .. Wire.Tag(5)]));
        yield return Delivered("802.1Q to a transparent port", Inner("02:00:00:00:00:55", Stranger, Wire.Tag(5, priority: 3)), 300, "tap-clear");
        yield return Delivered("QinQ to a transparent port", Inner("02:00:00:00:00:55", Stranger, [.. Wire.Tag(7, tpid: 0x88a8), .. Wire.Tag(5)]), 300, "tap-clear");
        yield return new()
        {
            Name = "untagged in a trunk's mapped VNI gets its tag",
            Expect = "D",
            Tap = "tap-trunk",
            Payload = e => Tunnel(e, 420, Inner("02:00:00:00:00:55", Stranger)),
            Delivered = Inner("02:00:00:00:00:55", Stranger, Wire.Tag(20)),
        };
        yield return Delivered("untagged in a trunk's native VNI stays untagged", Inner("02:00:00:00:00:55", Stranger), 400, "tap-trunk");
        yield return Dropped("a foreign tag in a trunk's native VNI never selects another VNI", "vlan_not_allowed", Inner("02:00:00:00:00:55", Stranger, Wire.Tag(20)), 400);
        yield return Dropped("truncated VLAN header to an access port", "inner_truncated", Inner(VerdictLab.WebMac, Stranger, Wire.Tag(5))[..16]);
        yield return Dropped("truncated VLAN header to a transparent port", "inner_truncated", Inner("02:00:00:00:00:55", Stranger, Wire.Tag(5))[..16], 300);
        foreach (var last in new[] { "00", "01", "0e", "0f" })
        {
            yield return Dropped($"link-local 01:80:c2:00:00:{last}", "link_local", Inner($"01:80:c2:00:00:{last}", Stranger));
            yield return Delivered($"link-local 01:80:c2:00:00:{last} in a transparent VNI", Inner($"01:80:c2:00:00:{last}", Stranger), 301, "tap-lldp");
        }

        yield return Delivered("01:80:c2:00:00:10 is not link-local", Inner("01:80:c2:00:00:10", Stranger));
    }

    private static IEnumerable<WireCase> Outer()
    {
        var plain = Delivered("source port 0", Plain) with { SourcePort = 0 };
        yield return plain;
        yield return plain with { Name = "source port is the tunnel port", SourcePort = 4789 };
        yield return plain with { Name = "UDP checksum 0 on IPv4", Family = "v4", Checksum = UdpChecksum.Zero, SourcePort = 50_001 };
        yield return plain with { Name = "UDP checksum 0 on IPv6", Family = "v6", Checksum = UdpChecksum.Zero, SourcePort = 50_001, Expect = "kernel" };
        yield return plain with { Name = "wrong UDP checksum", Checksum = UdpChecksum.Wrong, SourcePort = 50_001, Expect = "kernel" };
        yield return plain with { Name = "source that nobody named", Source = f => f == "v4" ? "192.0.2.77" : "2001:db8::77", Expect = "vtep_unknown" };
        yield return plain with { Name = "source admitted to another VNI only", Payload = e => Tunnel(e, 500, Plain), Expect = "vtep_unknown" };
        yield return plain with { Name = "outer source multicast", Source = f => f == "v4" ? "239.1.1.1" : "ff02::1", Expect = "kernel" };
        yield return plain with { Name = "outer source broadcast", Family = "v4", Source = _ => "255.255.255.255", Expect = "kernel" };
        yield return plain with { Name = "a stranger's rubbish is judged by its header first or by its source, never by its inner frame", Source = f => f == "v4" ? "192.0.2.77" : "2001:db8::77", Payload = e => Tunnel(e, 100, Inner(VerdictLab.WebMac, "03:00:00:00:00:01")), Expect = "vtep_unknown" };
        yield return new() { Name = "Geneve bytes on the VXLAN port", Encap = "geneve", Port = 4789, Expect = "wrong_encap_on_port|vxlan_no_vni_flag", Payload = _ => Wire.Geneve(100, Plain) };
        yield return new() { Name = "Geneve with 8 option words on the VXLAN port", Encap = "geneve", Port = 4789, Expect = "wrong_encap_on_port|vxlan_no_vni_flag", Payload = _ => Wire.Geneve(100, Plain, Wire.Option(0xfff0, 1, new byte[28])) };
        yield return new() { Name = "VXLAN bytes on the Geneve port", Encap = "vxlan", Port = 6081, Expect = "wrong_encap_on_port|geneve_protocol|geneve_bad_option|outer_truncated", Payload = _ => Wire.Vxlan(100, Plain) };
    }

    private static IEnumerable<WireCase> VxlanOnly()
    {
        yield return Vxlan("I flag 0", "vxlan_no_vni_flag", () => Wire.Vxlan(100, Plain, flags: 0));
        yield return Vxlan("I flag 0 and all others 1", "vxlan_no_vni_flag", () => Wire.Vxlan(100, Plain, flags: 0xf7));
        foreach (var flags in new[] { 0x0a, 0x09, 0x18, 0x28, 0x48 }) yield return Vxlan($"reserved flag bits 0x{flags:x2}", "D", () => Wire.Vxlan(100, Plain, flags: flags), anomaly: true);
        yield return Vxlan("GBP word while GBP is off", "D", () => Wire.Vxlan(100, Plain, flags: 0x88, reserved24: 0x480011), anomaly: true);
        yield return Vxlan("reserved octets", "D", () => Wire.Vxlan(100, Plain, reserved24: 0xffffff), anomaly: true);
        yield return Vxlan("last reserved octet", "D", () => Wire.Vxlan(100, Plain, reserved8: 0xff), anomaly: true);
        foreach (var next in new[] { 0, 1, 2, 4, 255 }) yield return Vxlan($"GPE with next protocol {next}", "vxlan_gpe_unsupported", () => Wire.Vxlan(100, Plain, flags: 0x0c, reserved24: next));
        yield return Vxlan("GPE with next protocol Ethernet", "D", () => Wire.Vxlan(100, Plain, flags: 0x0c, reserved24: 3), anomaly: true);
    }

    private static IEnumerable<WireCase> GeneveOnly()
    {
        foreach (var version in new[] { 1, 2, 3 }) yield return Geneve($"version {version}", "geneve_version", () => Wire.Geneve(100, Plain, version: version));
        yield return Geneve("O bit", "geneve_oam", () => Wire.Geneve(100, Plain, oam: true));
        yield return Geneve("unknown critical option", "geneve_critical_unknown", () => Wire.Geneve(100, Plain, Wire.Option(0xfff0, 0xff, [0, 0, 0, 1])));
        yield return Geneve("unknown critical option behind a known one", "geneve_critical_unknown", () => Wire.Geneve(100, Plain, [.. Wire.Option(0x0102, 1, [0, 0, 0, 9]), .. Wire.Option(0xfff0, 0xff, [])]));
        yield return Geneve("critical option while C is 0", "geneve_critical_unknown", () => Wire.Geneve(100, Plain, Wire.Option(0xfff0, 0xff, [0, 0, 0, 1]), critical: false));
        yield return Geneve("C without a critical option", "D", () => Wire.Geneve(100, Plain, critical: true), anomaly: true);
        yield return Geneve("unknown non-critical option", "D", () => Wire.Geneve(100, Plain, Wire.Option(0xfff0, 0x7f, [1, 2, 3, 4])));
        yield return Geneve("our three options", "D", () => Wire.Geneve(100, Plain, [.. Wire.Option(0x0102, 1, [0, 0, 0, 9]), .. Wire.Option(0x0103, 2, new byte[12]), .. Wire.Option(0x0104, 3, [0, 0, 0, 7])]));
        yield return Geneve("option longer than the option area", "geneve_bad_option", () => Wire.Geneve(100, Plain, Wire.Option(0xfff0, 1, [1, 2, 3, 4], words: 2)));
        yield return Geneve("second option longer than the option area", "geneve_bad_option", () => Wire.Geneve(100, Plain, [.. Wire.Option(0x0102, 1, [0, 0, 0, 9]), .. Wire.Option(0xfff0, 1, [], words: 31)]));
        yield return Geneve("reserved bits of the option length", "D", () => Wire.Geneve(100, Plain, Wire.Option(0xfff0, 1, [1, 2, 3, 4], reserved: 7)), anomaly: true);
        yield return Geneve("reserved bits of the header", "D", () => Wire.Geneve(100, Plain, reserved6: 0x3f), anomaly: true);
        yield return Geneve("reserved octet of the header", "D", () => Wire.Geneve(100, Plain, reserved8: 0xff), anomaly: true);
        yield return Geneve("63 words of empty options", "D", () => Wire.Geneve(100, Plain, [.. Enumerable.Repeat(Wire.Option(0xfff0, 1, []), 63).SelectMany(o => o)]));
        yield return Geneve("longest options", "D", () => Wire.Geneve(100, Plain, [.. Wire.Option(0xfff0, 1, new byte[124]), .. Wire.Option(0xfff0, 2, new byte[120])]));
        yield return Geneve("option area longer than the datagram", "outer_truncated", () => Wire.Geneve(100, [], optionWords: 1));
        yield return Geneve("option area of 63 words and 20 octets follow", "outer_truncated", () => Wire.Geneve(100, Plain[..20], optionWords: 63));
        foreach (var protocol in new[] { 0x0000, 0x0800, 0x86dd, 0x0806, 0x6559, 0xffff }) yield return Geneve($"protocol type 0x{protocol:x4}", "geneve_protocol", () => Wire.Geneve(100, Plain, protocol: protocol));
    }

    private static byte[] With(byte[] frame, int offset, byte value)
    {
        byte[] copy = [.. frame];
        copy[offset] = value;
        return copy;
    }
}
