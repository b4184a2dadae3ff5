using System.Diagnostics;
using System.Globalization;
using Overlay.Encap;
using Overlay.Encap.Ethernet;
using Overlay.Encap.Geneve;
using Overlay.Encap.Ip;
using Overlay.Encap.Vxlan;

namespace Overlay.Capture.Tests.Dissection;

/// <summary>An independent dissector reads what we write: 10,000 random frames of both encapsulations over both families.</summary>
public sealed class TsharkTests
{
    private const int FrameCount = 10_000;

    private static readonly string[] Fields =
    [
        "frame.number", "ip.src", "ipv6.src", "ip.dsfield", "ipv6.tclass", "udp.srcport", "udp.dstport", "udp.checksum.status",
        "vxlan.flags", "vxlan.gbp", "vxlan.vni", "geneve.version", "geneve.flags", "geneve.proto_type", "geneve.vni",
        "geneve.option.class", "geneve.option.type", "geneve.option.length", "eth.src", "eth.dst", "vlan.id", "ip.checksum.status",
    ];

    [Fact]
    public void Tshark_reads_the_fields_we_wrote()
    {
        if (!File.Exists("/usr/bin/tshark"))
        {
            Assert.Skip("tshark is not installed: apt-get install tshark");
        }

        string path = Path.Combine(Path.GetTempPath(), $"overlay-tshark-{Guid.NewGuid():n}.pcap");
        try
        {
            string[] expected = WriteFrames(path);
            string[] actual = RunTshark(path);
            Assert.Equal(expected.Length, actual.Length);
            for (int i = 0; i < expected.Length; i++)
            {
                Assert.Equal(expected[i], actual[i]);
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static string[] WriteFrames(string path)
    {
        var random = new Random(10);
        using FileStream stream = File.Create(path);
        var writer = new PcapWriter(stream);
        string[] expected = new string[FrameCount];
        for (int i = 0; i < FrameCount; i++)
        {
            (byte[] frame, expected[i]) = MakeFrame(random, i + 1);
            writer.Write(frame, 1_700_000_000_000_000_000 + i);
        }

        return expected;
    }

    private static (byte[] Frame, string Expected) MakeFrame(Random random, int number)
    {
        bool geneve = random.Next(2) == 0;
        bool v6 = random.Next(2) == 0;
        var values = Fields.ToDictionary(static f => f, static _ => string.Empty, StringComparer.Ordinal);
        var vni = new Vni((uint)random.Next(0x100_0000));
        byte[] header = geneve ? MakeGeneve(random, vni, values) : MakeVxlan(random, vni, values);

        // An EtherType that nothing dissects, so that every inner field tshark shows is one that is compared.
        MacAddress outerSource = RandomMac(random);
        MacAddress outerDestination = RandomMac(random);
        MacAddress innerSource = RandomMac(random);
        MacAddress innerDestination = RandomMac(random);
        bool tagged = random.Next(4) == 0;
        int vid = random.Next(4096);
        byte[] inner = new byte[14 + (tagged ? 4 : 0) + 46 + random.Next(1300)];
        random.NextBytes(inner);
        new EthernetHeader(innerDestination, innerSource, tagged ? EtherType.Vlan : (ushort)0x88B5).WriteTo(inner);
        if (tagged)
        {
            inner[14] = (byte)((random.Next(8) << 5) | (vid >> 8));
            inner[15] = (byte)vid;
            inner[16] = 0x88;
            inner[17] = 0xB5;
        }

        byte[] payload = [.. header, .. inner];
        int ipLength = v6 ? 40 : 20;
        byte tos = (byte)random.Next(256);
        ushort port = (ushort)random.Next(49152, 65536);
        UnderlayAddress source = RandomAddress(random, v6);
        UnderlayAddress destination = RandomAddress(random, v6);
        byte[] frame = new byte[14 + ipLength + 8 + payload.Length];
        payload.CopyTo(frame, frame.Length - payload.Length);
        new UdpHeader(port, (ushort)(geneve ? 6081 : 4789), payload.Length).WriteTo(frame.AsSpan(14 + ipLength), in source, in destination);
        if (v6)
        {
            new IPv6Header(source, destination, IpProtocol.Udp, 8 + payload.Length, TrafficClass: tos, FlowLabel: (uint)random.Next()).WriteTo(frame.AsSpan(14));
        }
        else
        {
            new IPv4Header(source, destination, IpProtocol.Udp, 8 + payload.Length, Tos: tos, Identification: (ushort)random.Next(65536)).WriteTo(frame.AsSpan(14));
            values["ip.checksum.status"] = "1";
        }

        new EthernetHeader(outerDestination, outerSource, v6 ? EtherType.IPv6 : EtherType.IPv4).WriteTo(frame);
        values["frame.number"] = number.ToString(CultureInfo.InvariantCulture);
        values[v6 ? "ipv6.src" : "ip.src"] = source.ToString();
        values[v6 ? "ipv6.tclass" : "ip.dsfield"] = v6 ? $"0x{tos:x8}" : $"0x{tos:x2}";
        values["udp.srcport"] = port.ToString(CultureInfo.InvariantCulture);
        values["udp.dstport"] = geneve ? "6081" : "4789";
        values["udp.checksum.status"] = "1";
        values["eth.src"] = $"{outerSource},{innerSource}";
        values["eth.dst"] = $"{outerDestination},{innerDestination}";
        values["vlan.id"] = tagged ? vid.ToString(CultureInfo.InvariantCulture) : string.Empty;
        return (frame, string.Join('\t', Fields.Select(f => $"{f}={values[f]}")));
    }

    private static byte[] MakeVxlan(Random random, Vni vni, Dictionary<string, string> values)
    {
        bool gbp = random.Next(2) == 0;
        ushort policy = (ushort)random.Next(1, 65536);
        bool dontLearn = random.Next(2) == 0;
        bool applied = random.Next(2) == 0;
        byte[] header = new byte[VxlanHeader.Length];
        (gbp ? new VxlanHeader(vni, policy, dontLearn, applied) : new VxlanHeader(vni)).WriteTo(header);
        int flags = gbp ? 0x8800 | (dontLearn ? 0x40 : 0) | (applied ? 0x08 : 0) : 0x0800;
        values["vxlan.flags"] = $"0x{flags:x4}";
        values["vxlan.gbp"] = gbp ? policy.ToString(CultureInfo.InvariantCulture) : "0";
        values["vxlan.vni"] = vni.ToString();
        return header;
    }

    private static byte[] MakeGeneve(Random random, Vni vni, Dictionary<string, string> values)
    {
        List<GeneveOption> options = [];
        int room = GeneveHeader.MaxOptionsLength;
        for (int n = random.Next(5); n > 0; n--)
        {
            byte[] data = new byte[4 * random.Next(0, 32)];
            random.NextBytes(data);
            var option = new GeneveOption(new GeneveOptionId((ushort)random.Next(65536), (byte)random.Next(128)), random.Next(4) == 0, data);
            if (option.Length <= room)
            {
                options.Add(option);
                room -= option.Length;
            }
        }

        bool oam = random.Next(8) == 0;
        bool critical = options.Any(static o => o.Critical);
        EncapTemplate template = EncapTemplate.Geneve(options, oam: oam);
        byte[] header = new byte[template.Length];
        template.WriteTo(header, vni);
        values["geneve.version"] = "0";
        values["geneve.flags"] = $"0x{(oam ? 0x80 : 0) | (critical ? 0x40 : 0):x2}";
        values["geneve.proto_type"] = "0x6558";
        values["geneve.vni"] = $"0x{vni.Value:x6}";
        values["geneve.option.class"] = string.Join(',', options.Select(static o => $"0x{o.Id.Class:x4}"));
        values["geneve.option.type"] = string.Join(',', options.Select(static o => $"0x{o.Id.Type | (o.Critical ? 0x80 : 0):x2}"));

        // tshark gives the length of the whole area under the same name, in front of those of the options.
        IEnumerable<int> lengths = options.Select(static o => o.Length);
        values["geneve.option.length"] = string.Join(',', lengths.Prepend(lengths.Sum()).Select(static length => length.ToString(CultureInfo.InvariantCulture)));
        return header;
    }

    private static MacAddress RandomMac(Random random) => new((ulong)random.NextInt64() & 0xFEFF_FFFF_FFFF);

    private static UnderlayAddress RandomAddress(Random random, bool v6)
    {
        byte[] octets = new byte[16];
        random.NextBytes(octets);
        octets[0] = v6 ? (byte)0x20 : (byte)10;
        return v6 ? UnderlayAddress.FromIPv6(octets) : UnderlayAddress.FromIPv4(octets);
    }

    private static string[] RunTshark(string path)
    {
        var start = new ProcessStartInfo("/usr/bin/tshark") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (string argument in new[] { "-n", "-r", path, "-T", "fields", "-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE" }
            .Concat(Fields.SelectMany(static f => new[] { "-e", f })))
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error.Result);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line =>
            string.Join('\t', line.Split('\t').Select(static (value, i) => $"{Fields[i]}={value}")))];
    }
}
