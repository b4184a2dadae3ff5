using Overlay.Encap.Ip;

namespace Overlay.Encap.Tests.Ip;

public sealed class IpViewTests
{
    private static readonly UnderlayAddress A4 = UnderlayAddress.Parse("192.0.2.1");
    private static readonly UnderlayAddress B4 = UnderlayAddress.Parse("192.0.2.2");
    private static readonly UnderlayAddress A6 = UnderlayAddress.Parse("2001:db8::1");
    private static readonly UnderlayAddress B6 = UnderlayAddress.Parse("2001:db8::2");

    [Fact]
    public void Every_octet_of_an_ipv4_header_is_written_and_read_back()
    {
        byte[] packet = Bytes.Dirty(28);
        new IPv4Header(A4, B4, IpProtocol.Udp, 8, Ttl: 63, Tos: 0xB9, DontFragment: false, Identification: 0x1234).WriteTo(packet);
        Assert.Equal(ParseStatus.Ok, IPv4View.Parse(packet, out IPv4View view));
        Assert.True(view.IsChecksumValid);
        Assert.Equal((0xB9, 28, 0x1234, 63, 17), (view.Tos, view.TotalLength, view.Identification, view.Ttl, view.Protocol));
        Assert.Equal((A4, B4), (view.Source, view.Destination));
        Assert.False(view.DontFragment || view.MoreFragments || view.IsFragment);
        Assert.Equal("a5a5a5a5a5a5a5a5", Bytes.Text(view.Payload));
    }

    // Flags and fragment offset share 16 bits; each alone, then all but each.
    [Theory]
    [InlineData(0x4000, true, false, 0)]
    [InlineData(0x2000, false, true, 0)]
    [InlineData(0x1FFF, false, false, 65528)]
    [InlineData(0xBFFF, false, true, 65528)]
    [InlineData(0xDFFF, true, false, 65528)]
    [InlineData(0xE000, true, true, 0)]
    public void Fragment_fields_do_not_leak(int word, bool df, bool mf, int offset)
    {
        byte[] packet = Bytes.Hex("4500001400000000401100000a00000a0a00000b");
        packet[6] = (byte)(word >> 8);
        packet[7] = (byte)word;
        Assert.Equal(ParseStatus.Ok, IPv4View.Parse(packet, out IPv4View view));
        Assert.Equal((df, mf, offset), (view.DontFragment, view.MoreFragments, view.FragmentOffset));
        Assert.Equal(mf || offset != 0, view.IsFragment);
    }

    [Fact]
    public void Every_octet_of_an_ipv6_header_is_written_and_fields_do_not_leak()
    {
        byte[] packet = Bytes.Dirty(42);
        new IPv6Header(A6, B6, 59, 2, HopLimit: 255, TrafficClass: 0xFF).WriteTo(packet);
        Assert.Equal("6ff00000", Bytes.Text(packet.AsSpan(0, 4)));
        Assert.Equal(ParseStatus.Ok, IPv6View.Parse(packet, out IPv6View view));
        Assert.Equal((0xFF, 0u, 255, 59), (view.TrafficClass, view.FlowLabel, view.HopLimit, view.NextHeader));
        Assert.Equal((A6, B6), (view.Source, view.Destination));
        Assert.False(view.HasUpperLayer);
        new IPv6Header(A6, B6, 17, 2, FlowLabel: uint.MaxValue).WriteTo(packet);
        Assert.Equal("600fffff", Bytes.Text(packet.AsSpan(0, 4)));
        Assert.Equal(ParseStatus.Ok, IPv6View.Parse(packet, out view));
        Assert.Equal((0, 0xF_FFFFu), (view.TrafficClass, view.FlowLabel));
        Assert.Equal("a5a5", Bytes.Text(view.Upper));
    }

    [Theory]
    [InlineData("3c00000000000000 1100000000000000", 60, 0x11, true, false)]
    [InlineData("3c00000000000000 2b00000000000000 1100000000000000", 60, 0, true, false)]
    [InlineData("1100000100000001", 44, 0x11, true, true)]
    [InlineData("1100000800000001", 44, 0x11, false, true)]
    [InlineData("1100000000000001", 44, 0x11, true, false)]
    [InlineData("1101000000000000 0000000000000000", 60, 0x11, true, false)]
    [InlineData("1102000000000000 00000000", 51, 0x11, false, false)]
    [InlineData("11ff000000000000", 60, 0, false, false)]
    [InlineData("110000", 60, 0, false, false)]
    public void Extension_headers_are_walked_within_the_packet(string hex, int first, int protocol, bool hasUpper, bool isFragment)
    {
        byte[] extensions = Bytes.Hex(hex);
        byte[] packet = new byte[40 + extensions.Length];
        new IPv6Header(A6, B6, (byte)first, extensions.Length).WriteTo(packet);
        extensions.CopyTo(packet, 40);
        Assert.Equal(ParseStatus.Ok, IPv6View.Parse(packet, out IPv6View view));
        Assert.Equal(hasUpper, view.HasUpperLayer);
        Assert.Equal(isFragment, view.IsFragment);
        Assert.True(!hasUpper || protocol == 0 || view.Protocol == protocol);
        Assert.True(view.UpperOffset <= packet.Length);
    }

    [Fact]
    public void A_chain_of_extension_headers_ends_in_bounded_time()
    {
        byte[] packet = new byte[40 + (8 * 1000)];
        for (int offset = 40; offset < packet.Length; offset += 8)
        {
            packet[offset] = IpProtocol.DestinationOptions;
        }

        new IPv6Header(A6, B6, IpProtocol.DestinationOptions, packet.Length - 40).WriteTo(packet);
        Assert.Equal(ParseStatus.Ok, IPv6View.Parse(packet, out IPv6View view));
        Assert.False(view.HasUpperLayer);
    }

    [Fact]
    public void A_udp_header_carries_a_checksum_that_verifies_over_both_families()
    {
        foreach ((UnderlayAddress from, UnderlayAddress to) in new[] { (A4, B4), (A6, B6) })
        {
            byte[] datagram = Bytes.Dirty(33);
            new UdpHeader(49152, 6081, 25).WriteTo(datagram, in from, in to);
            Assert.Equal(ParseStatus.Ok, UdpView.Parse(datagram, out UdpView view));
            Assert.Equal((49152, 6081, 33), (view.SourcePort, view.DestinationPort, view.Length));
            Assert.Equal(25, view.Payload.Length);
            Assert.True(InternetChecksum.IsValid(datagram, InternetChecksum.PseudoHeaderSum(in from, in to, IpProtocol.Udp, 33)));
        }
    }

    [Theory]
    [InlineData("00000000000700", ParseStatus.InnerTruncated)]
    [InlineData("0000000000070000", ParseStatus.Malformed)]
    [InlineData("0000000000090000", ParseStatus.Malformed)]
    [InlineData("0000000000080000", ParseStatus.Ok)]
    public void Udp_lengths_are_checked(string hex, ParseStatus expected)
    {
        Assert.Equal(expected, UdpView.Parse(Bytes.Hex(hex), out _));
    }

    [Theory]
    [InlineData("0001000200000003000000045012000600070000", ParseStatus.Ok)]
    [InlineData("0001000200000003000000044012000600070000", ParseStatus.Malformed)]
    [InlineData("0001000200000003000000046012000600070000", ParseStatus.Malformed)]
    [InlineData("00010002000000030000000450120006000700", ParseStatus.InnerTruncated)]
    public void Tcp_offsets_are_checked(string hex, ParseStatus expected)
    {
        Assert.Equal(expected, TcpView.Parse(Bytes.Hex(hex), out TcpView view));
        if (expected == ParseStatus.Ok)
        {
            Assert.Equal((1, 2, 3u, 4u, 20, 0x12, 6, 7), (view.SourcePort, view.DestinationPort, view.SequenceNumber, view.AcknowledgmentNumber, view.HeaderLength, view.Flags, view.Window, view.Checksum));
        }
    }

    [Fact]
    public void Icmp_headers_round_trip_with_a_checksum()
    {
        byte[] message = Bytes.Dirty(12);
        new IcmpHeader(IcmpType.EchoRequest, 0, 0x00010002).WriteTo(message);
        Assert.True(InternetChecksum.IsValid(message));
        Assert.Equal(ParseStatus.Ok, IcmpView.Parse(message, out IcmpView view));
        Assert.Equal((8, 0, 1, 2, 2, 0x10002u), (view.Type, view.Code, view.EchoIdentifier, view.EchoSequence, view.NextHopMtu, view.V6Mtu));
        Assert.Equal(ParseStatus.InnerTruncated, IcmpView.Parse(new byte[7], out _));
    }

    [Theory]
    [InlineData("0101020000000001", ParseStatus.Ok)]
    [InlineData("0100020000000001", ParseStatus.Malformed)]
    [InlineData("0102020000000001", ParseStatus.Malformed)]
    [InlineData("01", ParseStatus.Malformed)]
    [InlineData("", ParseStatus.Ok)]
    public void Neighbour_discovery_options_of_length_0_or_past_the_end_are_refused(string options, ParseStatus expected)
    {
        byte[] message = Bytes.Concat(Bytes.Hex("8700000000000000 20010db8000000000000000000000002"), Bytes.Hex(options));
        Assert.Equal(expected, NeighborView.Parse(message, out NeighborView view));
        if (expected == ParseStatus.Ok)
        {
            Assert.Equal(B6, view.Target);
            Assert.Equal(options.Length != 0, view.TryGetLinkLayerAddress(out MacAddress mac));
            Assert.Equal(options.Length == 0 ? 0ul : 0x0200_0000_0001ul, mac.Value);
        }
    }

    [Fact]
    public void Any_bytes_are_viewed_without_an_exception()
    {
        byte[] v6 = new byte[80];
        new IPv6Header(A6, B6, IpProtocol.Fragment, 40).WriteTo(v6);
        byte[][] seeds = [Bytes.InnerFrame()[14..], v6, Bytes.Hex("8700000000000000 20010db8000000000000000000000002 0101020000000001"), new byte[60]];
        var random = new Random(5);
        int ok = 0;
        for (int i = 0; i < 200_000; i++)
        {
            byte[] bytes = Bytes.Mutate(random, seeds);
            if (IPv4View.Parse(bytes, out IPv4View v4) == ParseStatus.Ok)
            {
                ok += v4.Payload.Length >= 0 && v4.Addresses.Length == 8 ? 1 : 0;
                _ = v4.IsChecksumValid;
                if (UdpView.Parse(v4.Payload, out UdpView udp) == ParseStatus.Ok)
                {
                    _ = udp.Payload.Length;
                }

                if (TcpView.Parse(v4.Payload, out TcpView tcp) == ParseStatus.Ok)
                {
                    _ = tcp.Payload.Length;
                }
            }

            if (IPv6View.Parse(bytes, out IPv6View view) == ParseStatus.Ok)
            {
                ok += view.Upper.Length >= 0 ? 1 : 0;
            }

            if (NeighborView.Parse(bytes, out NeighborView neighbor) == ParseStatus.Ok)
            {
                ok += neighbor.TryGetLinkLayerAddress(out _) ? 1 : 0;
            }
        }

        Assert.True(ok > 10_000, $"only {ok} inputs were well formed");
    }
}
