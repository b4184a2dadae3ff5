using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Diagnostics;
using Overlay.Encap;
using Overlay.Encap.Ip;
using Overlay.Forwarding;
using Overlay.TestKit.InMemory;
using Xunit;
using static Overlay.Dataplane.Tests.Pipeline.Bench;

namespace Overlay.Dataplane.Tests.Pipeline.Offload;

/// <summary>Super-frames through the whole of the transmit pipeline.</summary>
public sealed class EncapSuperFrameTests
{
    private static readonly SuperFrameSpec Tcp = new() { SegmentSize = 1000, PayloadLength = 2500, TcpFlags = 0x19 };

    public static TheoryData<Wire> Wires => Bench.Wires;

    public static TheoryData<string> Contradictions => new(Hostile.Keys);

    private static SortedDictionary<string, (SuperFrameSpec Spec, Action<byte[]> Frame, Func<VnetHeader, VnetHeader> Header)> Hostile { get; } = new(StringComparer.Ordinal)
    {
        ["a finished checksum"] = (Tcp, Same, static vnet => vnet with { Flags = 0 }),
        ["a segment size of zero"] = (Tcp, Same, static vnet => vnet with { GsoSize = 0 }),
        ["TCP over the other family"] = (Tcp, Same, static vnet => vnet with { GsoType = VnetHeader.GsoTcpV6 }),
        ["UDP that is TCP"] = (Tcp, Same, static vnet => vnet with { GsoType = VnetHeader.GsoUdpL4 }),
        ["TCP that is UDP"] = (Tcp with { Udp = true }, Same, static vnet => vnet with { GsoType = VnetHeader.GsoTcpV4, CsumOffset = 16 }),
        ["UDP with ECN"] = (Tcp with { Udp = true }, Same, static vnet => vnet with { GsoType = VnetHeader.GsoUdpL4 | VnetHeader.GsoEcn }),
        ["UDP fragmentation"] = (Tcp with { Udp = true }, Same, static vnet => vnet with { GsoType = VnetHeader.GsoUdp }),
        ["an unknown type"] = (Tcp, Same, static vnet => vnet with { GsoType = 2 }),
        ["ECN of nothing"] = (Tcp, Same, static vnet => vnet with { GsoType = VnetHeader.GsoEcn }),
        ["a checksum that begins too early"] = (Tcp, Same, static vnet => vnet with { CsumStart = 33 }),
        ["a checksum that begins too late"] = (Tcp, Same, static vnet => vnet with { CsumStart = 36 }),
        ["a checksum elsewhere"] = (Tcp, Same, static vnet => vnet with { CsumOffset = 6 }),
        ["headers that end early"] = (Tcp, Same, static vnet => vnet with { HdrLen = 53 }),
        ["TCP segments that no kernel makes so short"] = (Tcp, Same, static vnet => vnet with { GsoSize = 7 }),
        ["more UDP segments than a kernel makes"] = (Tcp with { Udp = true, SegmentSize = 10, PayloadLength = 1281 }, Same, Same),
        ["headers longer than the frame"] = (Tcp, Same, static vnet => vnet with { HdrLen = 60_000 }),
        ["another total length"] = (Tcp, static frame => frame[17]++, Same),
        ["another payload length"] = (Tcp with { IPv6 = true }, static frame => frame[19]--, Same),
        ["a fragment"] = (Tcp, static frame => frame[20] = 0x20, Same),
        ["a TCP header too short"] = (Tcp, static frame => frame[46] = 0x40, Same),
        ["a TCP header that covers the payload"] = (Tcp with { SegmentSize = 8, PayloadLength = 20 }, static frame => frame[46] = 0xF0, Same),
        ["a TCP header beyond the frame"] = (Tcp with { SegmentSize = 1, PayloadLength = 2 }, static frame => frame[46] = 0xF0, Same),
        ["a UDP length of its own"] = (Tcp with { Udp = true }, static frame => frame[39]++, Same),
        ["no IP"] = (Tcp, static frame => frame[13] = 6, Same),
        ["another protocol"] = (Tcp, static frame => frame[23] = IpProtocol.Sctp, Same),
        ["an IP version that is none"] = (Tcp, static frame => frame[14] = 0x55, Same),
    };

    [Theory]
    [MemberData(nameof(Wires))]
    public void A_super_frame_leaves_as_the_datagrams_of_its_segments(Wire wire)
    {
        Bench bench = Ready(wire);
        foreach ((string name, SuperFrameSpec spec) in SuperFrameCases.All)
        {
            if (spec.Tags.Length != 0)
                continue;

            (byte[] frame, VnetHeader vnet) = SuperFrames.Build(Remote, Tenant, spec);
            bench.Node.Send("web", frame, vnet);
            SentDatagram[] sent = bench.Node.Underlay.Take();
            Assert.True(SuperFrames.Cut(Remote, Tenant, spec).SequenceEqual(sent.Select(datagram => bench.Read(datagram).Inner), Octets), name);
            Assert.All(sent, datagram => Assert.Equal((sent[0].FlowHash, sent[0].Tos), (datagram.FlowHash, datagram.Tos)));
        }

        Assert.True(bench.Node.IsBalanced());
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void A_super_frame_counts_as_its_segments_everywhere(Wire wire)
    {
        Bench bench = Ready(wire);
        (byte[] frame, VnetHeader vnet) = SuperFrames.Build(Remote, Tenant, Tcp);
        bench.Node.Send("web", frame, vnet);
        Assert.Equal(3, bench.Node.Totals.Received(Direction.Tx));
        Assert.Equal(3, bench.Node.Totals.Delivered(Direction.Tx));
        const int Octets = (3 * 54) + 2500;
        Assert.Equal((3, Octets), (bench.Node.Port("web").Traffic.Frames(0), bench.Node.Port("web").Traffic.Octets(0)));
        SentDatagram[] sent = bench.Node.Underlay.Take();
        Dataplane.Forwarding.NextHop hop = bench.Node.Forwarding.ListNextHops().Single(hop => hop.Id == bench.HopB);
        Assert.Equal((3, sent.Sum(static datagram => datagram.Payload.Length)), (hop.Traffic.Frames(0), hop.Traffic.Octets(0)));
    }

    [Fact]
    public void Refused_segments_are_dropped_one_by_one()
    {
        Bench bench = Ready(Wire.All[0]);
        bench.Node.Underlay.Refuse = DropReason.SocketFull;
        (byte[] frame, VnetHeader vnet) = SuperFrames.Build(Remote, Tenant, Tcp with { PayloadLength = 60_000 });
        bench.Node.Send("web", frame, vnet);
        Assert.Equal(60, bench.Node.Dropped(Direction.Tx, DropReason.SocketFull));
        Assert.Equal(60, bench.Node.Totals.Received(Direction.Tx));
        Assert.True(bench.Node.IsBalanced());
    }

    [Theory]
    [InlineData(1460, 0)]
    [InlineData(1461, 2)]
    public void The_mtu_of_the_port_is_for_the_segments(int segmentSize, int dropped)
    {
        Bench bench = Ready(Wire.All[0]);
        (byte[] frame, VnetHeader vnet) = SuperFrames.Build(Remote, Tenant, Tcp with { SegmentSize = segmentSize, PayloadLength = 2000 });
        bench.Node.Send("web", frame, vnet);
        Assert.Equal(dropped, bench.Node.Dropped(Direction.Tx, DropReason.TooBigNotified));
        Assert.Equal(2 - dropped, bench.Node.Totals.Delivered(Direction.Tx));
    }

    [Fact]
    public void A_super_frame_no_longer_than_a_segment_is_a_plain_frame()
    {
        Bench bench = Ready(Wire.All[0]);
        SuperFrameSpec spec = Tcp with { PayloadLength = 1000 };
        (byte[] frame, VnetHeader vnet) = SuperFrames.Build(Remote, Tenant, spec);
        bench.Node.Send("web", frame, vnet);
        Assert.Equal(SuperFrames.Cut(Remote, Tenant, spec)[0], bench.Read(bench.OnlyDatagram()).Inner);
        Assert.Equal(1, bench.Node.Totals.Delivered(Direction.Tx));
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void To_another_port_it_goes_as_it_came(Wire wire)
    {
        Bench bench = Ready(wire);
        bench.Node.Learn(V100, Local, bench.PortTarget("db"), FdbOrigin.Local);
        (byte[] frame, VnetHeader vnet) = SuperFrames.Build(Local, Tenant, Tcp);
        bench.Node.Send("web", frame, vnet);
        (byte[] Frame, VnetHeader Vnet) delivered = Assert.Single(bench.Node.Device("db").Take());
        Assert.Equal(frame, delivered.Frame);
        Assert.Equal(vnet, delivered.Vnet);
        Assert.Equal(3, bench.Node.Totals.Delivered(Direction.Tx));
        Assert.Equal((3, (3 * 54) + 2500), (bench.Node.Port("db").Traffic.Frames(1), bench.Node.Port("db").Traffic.Octets(1)));
    }

    [Fact]
    public void A_port_with_a_smaller_mtu_does_not_get_it()
    {
        Bench bench = Ready(Wire.All[0]);
        bench.Node.Learn(V100, Local, bench.PortTarget("db"), FdbOrigin.Local);
        bench.Node.Port("db").Mtu = 1039;
        (byte[] frame, VnetHeader vnet) = SuperFrames.Build(Local, Tenant, Tcp);
        bench.Node.Send("web", frame, vnet);
        Assert.Equal(3, bench.Node.Dropped(Direction.Tx, DropReason.TooBigNotified));
        bench.Node.Port("db").Mtu = 1040;
        bench.Node.Send("web", frame, vnet);
        Assert.Single(bench.Node.Device("db").Take());
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void A_trunk_strips_the_tag_of_every_segment_and_pushes_another(Wire wire)
    {
        Bench bench = Ready(wire);
        bench.Node.Learn(V200, Remote, FdbTarget.ToNextHop(bench.HopB));
        bench.Node.Learn(V200, Local, bench.PortTarget("trunk2"), FdbOrigin.Local);
        (byte[] frame, VnetHeader vnet) = SuperFrames.Build(Remote, Tenant, Tcp with { Tags = [20] });
        bench.Node.Send("trunk", frame, vnet);
        byte[][] inner = [.. bench.Node.Underlay.Take().Select(datagram => bench.Read(datagram).Inner)];
        Assert.Equal(SuperFrames.Cut(Remote, Tenant, Tcp), inner);

        (frame, vnet) = SuperFrames.Build(Local, Tenant, Tcp with { Tags = [20] });
        bench.Node.Send("trunk", frame, vnet);
        (byte[] expected, VnetHeader header) = SuperFrames.Build(Local, Tenant, Tcp with { Tags = [21] });
        (byte[] Frame, VnetHeader Vnet) delivered = Assert.Single(bench.Node.Device("trunk2").Take());
        Assert.Equal(expected, delivered.Frame);
        Assert.Equal(header, delivered.Vnet);
        Assert.True(bench.Node.IsBalanced());
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void A_flooded_super_frame_reaches_ports_whole_and_next_hops_cut(Wire wire)
    {
        Bench bench = Ready(wire);
        foreach (SuperFrameSpec spec in (ReadOnlySpan<SuperFrameSpec>)[Tcp with { Udp = true }, Tcp with { PayloadLength = 65_000 }, Tcp with { IPv6 = true, SegmentSize = 99, PayloadLength = 20_000 }])
        {
            (byte[] frame, VnetHeader vnet) = SuperFrames.Build(MacAddress.Broadcast, Tenant, spec);
            bench.Node.Send("web", frame, vnet);
            (byte[] Frame, VnetHeader Vnet) delivered = Assert.Single(bench.Node.Device("db").Take());
            Assert.Equal(frame, delivered.Frame);
            Assert.Equal(vnet, delivered.Vnet);
            byte[][] expected = SuperFrames.Cut(MacAddress.Broadcast, Tenant, spec);
            foreach (IGrouping<UnderlayAddress, SentDatagram> copy in bench.Node.Underlay.Take().GroupBy(static datagram => datagram.Destination))
                Assert.Equal(expected, copy.Select(datagram => bench.Read(datagram).Inner));

            Assert.True(bench.Node.IsBalanced());
        }

        Assert.Equal(3 * bench.Node.Totals.Received(Direction.Tx), bench.Node.Totals.CopiesDelivered(Direction.Tx));
    }

    [Theory]
    [MemberData(nameof(Contradictions))]
    public void A_header_that_contradicts_the_frame_is_dropped_by_name(string what)
    {
        Bench bench = Ready(Wire.All[0]);
        (SuperFrameSpec spec, Action<byte[]> change, Func<VnetHeader, VnetHeader> header) = Hostile[what];
        (byte[] frame, VnetHeader vnet) = SuperFrames.Build(Remote, Tenant, spec);
        change(frame);
        bench.Node.Send("web", frame, header(vnet));
        bench.AssertDropped(Direction.Tx, DropReason.TapBadVnetHeader);
    }

    [Fact]
    public void Many_more_segments_than_a_message_takes_are_all_sent_in_order()
    {
        Bench bench = Ready(Wire.All[0]);
        SuperFrameSpec spec = Tcp with { SegmentSize = 8, PayloadLength = 64_000 };
        (byte[] frame, VnetHeader vnet) = SuperFrames.Build(Remote, Tenant, spec);
        bench.Node.Send("web", frame, vnet);
        Assert.Equal(SuperFrames.Cut(Remote, Tenant, spec), bench.Node.Underlay.Take().Select(datagram => bench.Read(datagram).Inner));
        Assert.Equal(8_000, bench.Node.Totals.Delivered(Direction.Tx));
    }

    private static EqualityComparer<byte[]> Octets { get; } = EqualityComparer<byte[]>.Create(static (x, y) => x.AsSpan().SequenceEqual(y), static x => x.Length);

    private static void Same(byte[] frame)
    {
    }

    private static VnetHeader Same(VnetHeader vnet) => vnet;

    private static Bench Ready(Wire wire)
    {
        Bench bench = new(wire);
        bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(bench.HopB));
        return bench;
    }
}
