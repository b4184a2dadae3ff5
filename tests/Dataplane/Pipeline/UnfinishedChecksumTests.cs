using Overlay.Dataplane.Diagnostics;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.TestKit.InMemory;
using Xunit;
using static Overlay.Dataplane.Tests.Pipeline.Bench;

namespace Overlay.Dataplane.Tests.Pipeline;

/// <summary>What a kernel vxlan device behind a veth hands over: checksums that were left to a device, and frames left to it to cut.</summary>
public sealed class UnfinishedChecksumTests
{
    public static TheoryData<Wire, bool> Cases
    {
        get
        {
            TheoryData<Wire, bool> cases = [];
            foreach (Wire wire in Wire.All)
            {
                cases.Add(wire, false);
                cases.Add(wire, true);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void An_unfinished_tcp_checksum_is_left_to_the_receivers_kernel(Wire wire, bool ipv6)
    {
        Bench bench = Ready(wire);
        byte[] frame = Frames.Unfinished(Frames.Tcp(Local, Remote, ipv6));
        bench.FromB(frame);
        (byte[] delivered, VnetHeader vnet) = Assert.Single(bench.Node.Device("db").Take());
        Assert.Equal(frame, delivered);
        Assert.Equal(new VnetHeader(VnetHeader.NeedsChecksum, 0, 0, 0, (ushort)(ipv6 ? 54 : 34), 16), vnet);
        Assert.Equal(1, bench.Node.Counters.Anomalies(AnomalyKind.InnerChecksumUnfinished));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void An_unfinished_udp_checksum_is_left_to_the_receivers_kernel(Wire wire, bool ipv6)
    {
        Bench bench = Ready(wire);
        bench.FromB(Frames.Unfinished(ipv6 ? Frames.UdpV6(Local, Remote) : Frames.UdpV4(Local, Remote)));
        VnetHeader vnet = Assert.Single(bench.Node.Device("db").Take()).Vnet;
        Assert.Equal((true, ipv6 ? 54 : 34, 6), (vnet.NeedsCsum, vnet.CsumStart, vnet.CsumOffset));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_super_frame_is_given_to_the_kernel_to_cut(Wire wire, bool ipv6)
    {
        Bench bench = Ready(wire);
        byte[] frame = Frames.Unfinished(Frames.Tcp(Local, Remote, ipv6, payloadLength: 20_000));
        bench.FromB(frame);
        (byte[] delivered, VnetHeader vnet) = Assert.Single(bench.Node.Device("db").Take());
        Assert.Equal(frame, delivered);
        Assert.Equal(ipv6 ? VnetHeader.GsoTcpV6 : VnetHeader.GsoTcpV4, vnet.GsoType);
        Assert.Equal(ipv6 ? 1440 : 1460, vnet.GsoSize);
        Assert.Equal(ipv6 ? 74 : 54, vnet.HdrLen);
        Assert.Equal(VnetHeaderStatus.Ok, vnet.Validate(frame.Length));
        Assert.True(vnet.NeedsCsum);
    }

    [Fact]
    public void The_segment_size_follows_each_ports_own_mtu_and_the_tag()
    {
        Bench bench = new(Wire.All[0]);
        bench.Node.Port("trunk").Mtu = 1400;
        bench.FromB(Frames.Unfinished(Frames.Tcp(MacAddress.Broadcast, Remote, payloadLength: 5000, flags: 0x90)), V200);
        VnetHeader narrow = Assert.Single(bench.Node.Device("trunk").Take()).Vnet;
        VnetHeader wide = Assert.Single(bench.Node.Device("trunk2").Take()).Vnet;
        Assert.Equal((1360, 1460), (narrow.GsoSize, wide.GsoSize));
        Assert.Equal((38, 58), (wide.CsumStart, wide.HdrLen));
        Assert.Equal(VnetHeader.GsoTcpV4 | VnetHeader.GsoEcn, wide.GsoType);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_corrupted_checksum_stays_corrupted(Wire wire, bool ipv6)
    {
        Bench bench = Ready(wire);
        byte[] frame = Frames.Tcp(Local, Remote, ipv6);
        frame[^1] ^= 0x55;
        bench.FromB(frame);
        (byte[] delivered, VnetHeader vnet) = Assert.Single(bench.Node.Device("db").Take());
        Assert.Equal(frame, delivered);
        Assert.Equal(default, vnet);
        Assert.False(Frames.HasValidChecksum(delivered));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_right_checksum_is_left_alone_even_where_it_equals_the_pseudo_header_sum(Wire wire, bool ipv6)
    {
        // Choose data so that the right checksum is the pseudo-header sum itself: only the whole sum can tell.
        byte[] frame = Frames.Unfinished(Frames.Tcp(Local, Remote, ipv6));
        int upper = ipv6 ? 54 : 34;
        ushort pseudo = (ushort)((frame[upper + 16] << 8) | frame[upper + 17]);
        frame[upper + 20] = frame[upper + 21] = 0;
        uint sum = Encap.Ip.InternetChecksum.Sum(frame.AsSpan(upper), pseudo);
        ushort filler = (ushort)(0xFFFF - sum);
        frame[upper + 20] = (byte)(filler >> 8);
        frame[upper + 21] = (byte)filler;
        Assert.True(Frames.HasValidChecksum(frame));
        Bench bench = Ready(wire);
        bench.FromB(frame);
        (byte[] delivered, VnetHeader vnet) = Assert.Single(bench.Node.Device("db").Take());
        Assert.Equal(frame, delivered);
        Assert.Equal(default, vnet);
    }

    [Fact]
    public void A_super_frame_that_cannot_be_cut_is_too_big()
    {
        Bench bench = Ready(Wire.All[0]);
        bench.FromB(Frames.Tcp(Local, Remote, payloadLength: 5000));
        bench.FromB(Frames.Unfinished(Frames.UdpV4(Local, Remote, payloadLength: 5000)));
        Assert.Equal(2, bench.Node.Dropped(Direction.Rx, DropReason.TooBigSilent));
        bench.AssertNothingDelivered();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_udp_super_frame_that_nobody_cut_stays_one(Wire wire, bool ipv6)
    {
        Bench bench = Ready(wire);
        byte[] frame = Frames.Unfinished(ipv6 ? Frames.UdpV6(Local, Remote, payloadLength: 5100) : Frames.UdpV4(Local, Remote, payloadLength: 5100));
        bench.Node.Underlay.Put(Frames.Datagram(wire.Encap, V100, frame), bench.PeerB, wire.Encap, innerSegmentLength: 1000);
        bench.Node.Pump();
        (byte[] delivered, VnetHeader vnet) = Assert.Single(bench.Node.Device("db").Take());
        Assert.Equal(frame, delivered);
        int upper = ipv6 ? 54 : 34;
        Assert.Equal(new VnetHeader(VnetHeader.NeedsChecksum, VnetHeader.GsoUdpL4, (ushort)(upper + 8), 1000, (ushort)upper, 6), vnet);
        Assert.True(bench.Node.IsBalanced());
    }

    [Fact]
    public void A_udp_super_frame_with_segments_longer_than_the_ports_mtu_is_too_big()
    {
        Bench bench = Ready(Wire.All[0]);
        byte[] frame = Frames.Unfinished(Frames.UdpV4(Local, Remote, payloadLength: 5100));
        bench.Node.Underlay.Put(Frames.Datagram(Wire.All[0].Encap, V100, frame), bench.PeerB, Wire.All[0].Encap, innerSegmentLength: 2000);
        bench.Node.Pump();
        Assert.Equal(1, bench.Node.Dropped(Direction.Rx, DropReason.TooBigSilent));
        bench.AssertNothingDelivered();
    }

    [Fact]
    public void Udp_without_a_checksum_and_fragments_are_left_alone()
    {
        Bench bench = Ready(Wire.All[0]);
        byte[] none = Frames.UdpV4(Local, Remote);
        none[40] = none[41] = 0;
        bench.FromB(none);
        byte[] fragment = Frames.Unfinished(Frames.UdpV4(Local, Remote));
        fragment[20] = 0x20;
        bench.FromB(fragment);
        Assert.All(bench.Node.Device("db").Take(), static frame => Assert.Equal(default, frame.Vnet));
    }

    [Fact]
    public void A_gateway_finishes_what_it_sends_on()
    {
        Bench bench = new(Wire.All[0], static vni => vni with { Gateway = true });
        bench.Node.Learn(V100, Local, FdbTarget.ToNextHop(bench.HopC));
        bench.FromB(Frames.Unfinished(Frames.Tcp(Local, Remote)));
        Assert.Equal(Frames.Tcp(Local, Remote), bench.Read(bench.OnlyDatagram()).Inner);
    }

    private static Bench Ready(Wire wire)
    {
        Bench bench = new(wire);
        bench.Node.Learn(V100, Local, bench.PortTarget("db"), FdbOrigin.Local);
        return bench;
    }
}
