using Overlay.Capture.Dissection;
using Overlay.Encap;
using Overlay.Encap.Ethernet;
using Overlay.Encap.Ip;
using Overlay.Encap.Vxlan;

namespace Overlay.Capture.Tests.Dissection;

public sealed class DissectorTests
{
    private static byte[] Packet(int innerPayload = 0)
    {
        byte[] payload = [.. Convert.FromHexString("080000000000640002000000000b02000000000a9000"), .. new byte[innerPayload]];
        byte[] packet = new byte[28 + payload.Length];
        payload.CopyTo(packet, 28);
        UnderlayAddress from = UnderlayAddress.Parse("192.0.2.1");
        UnderlayAddress to = UnderlayAddress.Parse("192.0.2.2");
        new UdpHeader(50000, 4789, payload.Length).WriteTo(packet.AsSpan(20), in from, in to);
        new IPv4Header(from, to, IpProtocol.Udp, 8 + payload.Length).WriteTo(packet);
        return packet;
    }

    [Theory]
    [InlineData(LinkType.Ethernet, "02000000000b02000000000a0800")]
    [InlineData(LinkType.Ethernet, "02000000000b02000000000a88a800018100000208 00")]
    [InlineData(LinkType.Raw, "")]
    [InlineData(LinkType.RawOpenBsd, "")]
    [InlineData(LinkType.RawOther, "")]
    [InlineData(LinkType.IPv4, "")]
    [InlineData(LinkType.Null, "02000000")]
    [InlineData(LinkType.Loop, "00000002")]
    [InlineData(LinkType.LinuxSll, "00000001000602000000000a00000800")]
    [InlineData(LinkType.LinuxSll2, "0800000000000001000100060200000000 0a0000")]
    public void Every_link_type_leads_to_the_tunnel(int linkType, string header)
    {
        byte[] frame = [.. Convert.FromHexString(header.Replace(" ", "", StringComparison.Ordinal)), .. Packet()];
        TunnelLayer layer = Assert.Single(TunnelDissector.Dissect(frame, linkType));
        Assert.Equal((TunnelVerdict.Accept, new Vni(100), 14), (layer.Verdict, layer.Vni, layer.InnerLength));
        Assert.Empty(TunnelDissector.Dissect(frame, 9999));
    }

    [Fact]
    public void A_snap_length_makes_no_verdict()
    {
        byte[] frame = [.. Convert.FromHexString("02000000000b02000000000a0800"), .. Packet()];
        for (int length = 34; length < frame.Length; length++)
        {
            TunnelLayer layer = Assert.Single(TunnelDissector.Dissect(frame.AsSpan(0, length), isCut: true));
            Assert.Equal(TunnelVerdict.NotApplicable, layer.Verdict);
        }
    }

    [Fact]
    public void A_snap_length_behind_the_headers_makes_no_verdict_either()
    {
        byte[] packet = Packet(innerPayload: 100);
        for (int length = packet.Length - 100; length < packet.Length; length++)
        {
            TunnelLayer layer = Assert.Single(TunnelDissector.Dissect(packet.AsSpan(0, length), LinkType.Raw, isCut: true));
            Assert.Equal((TunnelVerdict.NotApplicable, new Vni(100)), (layer.Verdict, layer.Vni));
            Assert.Equal([TunnelNote.SnapLength], layer.Notes);
        }

        Assert.Equal(TunnelVerdict.Accept, Assert.Single(TunnelDissector.Dissect(packet, LinkType.Raw)).Verdict);
    }

    [Fact]
    public void A_later_fragment_carries_no_tunnel_header()
    {
        byte[] packet = Packet();
        packet[7] = 1;
        Assert.Empty(TunnelDissector.Dissect(packet, LinkType.Raw));
    }

    [Fact]
    public void Nesting_ends_at_the_depth_limit()
    {
        byte[] packet = Packet();
        UnderlayAddress a = UnderlayAddress.Parse("192.0.2.1");
        for (int depth = 0; depth < TunnelDissector.MaxDepth + 3; depth++)
        {
            byte[] outer = new byte[20 + 8 + 8 + 14 + packet.Length];
            packet.CopyTo(outer, 50);
            new EthernetHeader(new MacAddress(1), new MacAddress(2), EtherType.IPv4).WriteTo(outer.AsSpan(36));
            new VxlanHeader(new Vni(depth)).WriteTo(outer.AsSpan(28));
            new UdpHeader(1, 4789, outer.Length - 28).WriteTo(outer.AsSpan(20));
            new IPv4Header(a, a, IpProtocol.Udp, outer.Length - 20).WriteTo(outer);
            packet = outer;
        }

        Assert.Equal(TunnelDissector.MaxDepth, TunnelDissector.Dissect(packet, LinkType.Raw).Count);
    }

    [Fact]
    public void Any_bytes_are_dissected_without_an_exception()
    {
        var seeds = new List<byte[]>();
        foreach (string file in Directory.GetFiles(TestPaths.Vectors, "*.pcap", SearchOption.AllDirectories))
        {
            using FileStream stream = File.OpenRead(file);
            CaptureReader reader = CaptureReader.Open(stream);
            while (reader.TryRead(out CaptureRecord record))
            {
                seeds.Add(record.Data.ToArray());
            }
        }

        var random = new Random(9);
        int layers = 0;
        for (int i = 0; i < 100_000; i++)
        {
            byte[] frame = (byte[])seeds[random.Next(seeds.Count)].Clone();
            for (int n = random.Next(8); n > 0; n--)
            {
                frame[random.Next(Math.Min(frame.Length, 120))] = (byte)random.Next(256);
            }

            int length = random.Next(3) == 0 ? random.Next(frame.Length + 1) : frame.Length;
            int linkType = random.Next(10) == 0 ? random.Next(300) : LinkType.Ethernet;
            foreach (TunnelLayer layer in TunnelDissector.Dissect(frame.AsSpan(0, length), linkType, 1, (i & 1) == 0))
            {
                layers++;
                Assert.Equal(TunnelColumns.Names.Count, TunnelColumns.Format(layer).Count);
            }
        }

        Assert.True(layers > 40_000, $"only {layers} layers");
    }
}
