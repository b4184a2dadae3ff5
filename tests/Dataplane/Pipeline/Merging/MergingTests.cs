using System.Buffers.Binary;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Pipeline;
using Overlay.Encap;
using Overlay.Encap.Ip;
using Overlay.Forwarding;
using Overlay.TestKit.InMemory;
using Xunit;
using static Overlay.Dataplane.Tests.Pipeline.Bench;

namespace Overlay.Dataplane.Tests.Pipeline.Merging;

/// <summary>Which segments are given to a port as one super-frame, and which must not be.</summary>
public sealed class MergingTests
{
    private readonly Bench _bench = Ready();

    public static TheoryData<bool, bool> Kinds => new()
    {
        { true, false },
        { true, true },
        { false, false },
        { false, true },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Consecutive_segments_become_one_frame_that_a_kernel_cuts_into_the_same_segments(bool tcp, bool ipv6)
    {
        SegmentTrain train = new(Local, Remote, tcp, ipv6);
        byte[][] sent = [train.Next(1000), train.Next(1000), train.Next(1000), train.Next(300, 0x18)];
        (byte[] frame, VnetHeader vnet) = Assert.Single(Deliver(sent));
        Assert.Equal(tcp ? ipv6 ? VnetHeader.GsoTcpV6 : VnetHeader.GsoTcpV4 : VnetHeader.GsoUdpL4, vnet.GsoType);
        Assert.Equal(1000, vnet.GsoSize);
        Assert.Equal(sent, KernelCut.Cut(frame, vnet));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Segments_are_counted_singly_whatever_they_are_written_as(bool tcp, bool ipv6)
    {
        SegmentTrain train = new(Local, Remote, tcp, ipv6);
        byte[][] sent = [train.Next(500), train.Next(500), train.Next(499)];
        _ = Assert.Single(Deliver(sent));
        Assert.Equal(3, _bench.Node.Totals.Delivered(Direction.Rx));
        Assert.Equal(3, _bench.Node.Port("db").Traffic.Frames((int)Direction.Rx));
        Assert.Equal(sent.Sum(static frame => frame.Length), _bench.Node.Port("db").Traffic.Octets((int)Direction.Rx));
        Assert.True(_bench.Node.IsBalanced());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void When_the_port_is_full_every_segment_is_dropped_by_name_and_a_sample_is_what_came(bool tcp, bool ipv6)
    {
        _bench.Node.Device("db").Room = 0;
        SegmentTrain train = new(Local, Remote, tcp, ipv6);
        byte[] first = train.Next(500);
        Assert.Empty(Deliver([first, train.Next(500), train.Next(500, 0x19)]));
        Assert.Equal(3, _bench.Node.Dropped(Direction.Rx, DropReason.TapFull));
        DropSample sample = _bench.Node.Counters.TakeSample(Direction.Rx, DropReason.TapFull)!;
        Assert.Equal(Frames.Datagram(_bench.Wire.Encap, V100, first).Take(sample.Octets.Length), sample.Octets.ToArray());
        Assert.True(_bench.Node.IsBalanced());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_segment_whose_checksum_is_wrong_goes_alone_and_stays_wrong(bool tcp, bool ipv6)
    {
        SegmentTrain train = new(Local, Remote, tcp, ipv6);
        byte[][] sent = [train.Next(700), train.Next(700), train.Next(700), train.Next(700), train.Next(700)];
        sent[2][^1] ^= 1;
        (byte[] Frame, VnetHeader Vnet)[] delivered = Deliver(sent);
        Assert.Equal(3, delivered.Length);
        Assert.Equal(sent[2], delivered[1].Frame);
        Assert.Equal(default, delivered[1].Vnet);
        AssertSame(sent, delivered);
    }

    [Fact]
    public void A_wrong_ip_header_checksum_is_never_repaired()
    {
        SegmentTrain train = new(Local, Remote);
        byte[][] sent = [train.Next(700), train.Next(700), train.Next(700)];
        sent[1][24] ^= 0x40;
        Assert.Equal(3, AssertSame(sent, Deliver(sent)));
    }

    [Theory]
    [InlineData(0x02)]
    [InlineData(0x12)]
    [InlineData(0x14)]
    [InlineData(0x30)]
    [InlineData(0x90)]
    [InlineData(0x00)]
    public void Segments_with_flags_that_a_kernel_does_not_repeat_go_alone(byte flags)
    {
        SegmentTrain train = new(Local, Remote);
        byte[][] sent = [train.Next(100), train.Next(100, flags), train.Next(100, flags), train.Next(100)];
        Assert.Equal(4, AssertSame(sent, Deliver(sent)));
    }

    [Theory]
    [InlineData(0x18, 0x18)]
    [InlineData(0x11, 0x11)]
    [InlineData(0x19, 0x19)]
    public void Push_and_fin_end_a_super_frame_and_begin_none(byte flags, byte last)
    {
        SegmentTrain train = new(Local, Remote);
        byte[][] sent = [train.Next(100), train.Next(100, flags), train.Next(100, flags), train.Next(100)];
        (byte[] Frame, VnetHeader Vnet)[] delivered = Deliver(sent);
        Assert.Equal(3, AssertSame(sent, delivered));
        Assert.Equal(last, delivered[0].Frame[train.UpperOffset + 13]);
    }

    [Fact]
    public void Echo_of_congestion_is_repeated_and_may_join_where_all_have_it()
    {
        SegmentTrain train = new(Local, Remote);
        byte[][] sent = [train.Next(100, 0x50), train.Next(100, 0x50), train.Next(100), train.Next(100)];
        Assert.Equal(2, AssertSame(sent, Deliver(sent)));
    }

    public static TheoryData<string> Differences =>
        [nameof(SegmentTrain.Acknowledgment), nameof(SegmentTrain.Window), nameof(SegmentTrain.Urgent), nameof(SegmentTrain.Tos), nameof(SegmentTrain.Ttl), nameof(SegmentTrain.DontFragment), nameof(SegmentTrain.Timestamp), nameof(SegmentTrain.HasTimestamps), nameof(SegmentTrain.Sequence), nameof(SegmentTrain.Identification)];

    [Theory]
    [MemberData(nameof(Differences))]
    public void A_difference_that_cutting_would_lose_keeps_segments_apart(string difference)
    {
        SegmentTrain train = new(Local, Remote);
        byte[] first = train.Next(100);
        Change(train, difference);
        byte[] second = train.Next(100);
        Assert.Equal(2, AssertSame([first, second], Deliver([first, second])));
    }

    [Theory]
    [InlineData(nameof(SegmentTrain.FlowLabel))]
    [InlineData(nameof(SegmentTrain.Tos))]
    [InlineData(nameof(SegmentTrain.Ttl))]
    public void Differences_of_IPv6_headers_keep_datagrams_apart(string difference)
    {
        SegmentTrain train = new(Local, Remote, tcp: false, ipv6: true);
        byte[] first = train.Next(100);
        Change(train, difference);
        byte[] second = train.Next(100);
        Assert.Equal(2, AssertSame([first, second], Deliver([first, second])));
    }

    [Fact]
    public void A_train_whose_identification_stands_still_is_not_joined()
    {
        // A kernel counts on when it cuts: what came as 0, 0, 0 would go as 0, 1, 2.
        SegmentTrain train = new(Local, Remote) { Identification = 0 };
        byte[] first = train.Next(100);
        train.Identification = 0;
        byte[] second = train.Next(100);
        Assert.Equal(2, AssertSame([first, second], Deliver([first, second])));
    }

    [Fact]
    public void A_longer_segment_begins_anew_and_a_shorter_one_ends()
    {
        SegmentTrain train = new(Local, Remote);
        byte[][] sent = [train.Next(100), train.Next(100), train.Next(99), train.Next(99), train.Next(100), train.Next(100)];
        (byte[] Frame, VnetHeader Vnet)[] delivered = Deliver(sent);
        Assert.Equal(3, AssertSame(sent, delivered));
        Assert.Equal([100, 0, 100], delivered.Select(static frame => (int)frame.Vnet.GsoSize));
    }

    [Fact]
    public void Empty_segments_and_padded_frames_go_alone()
    {
        SegmentTrain train = new(Local, Remote);
        byte[][] sent = [train.Next(100), train.Next(0), train.Next(100), [.. train.Next(1), 0, 0], train.Next(100)];
        Assert.Equal(5, AssertSame(sent, Deliver(sent)));
    }

    [Fact]
    public void A_checksum_written_as_minus_zero_goes_alone()
    {
        SegmentTrain train = new(Local, Remote);
        byte[] first = train.Next(100);
        byte[] second = train.Next(100);
        int field = train.UpperOffset + 16;

        // Choose data so that the right checksum is 0, and write the other zero.
        ushort checksum = BinaryPrimitives.ReadUInt16BigEndian(second.AsSpan(field));
        ushort data = BinaryPrimitives.ReadUInt16BigEndian(second.AsSpan(train.HeaderLength));
        BinaryPrimitives.WriteUInt16BigEndian(second.AsSpan(train.HeaderLength), InternetChecksum.Fold((ulong)data + checksum));
        _ = train.Finish(second);
        Assert.Equal(0, BinaryPrimitives.ReadUInt16BigEndian(second.AsSpan(field)));
        Assert.Single(Deliver([first, second]));
        BinaryPrimitives.WriteUInt16BigEndian(second.AsSpan(field), 0xFFFF);
        Assert.Equal(2, AssertSame([first, second], Deliver([first, second])));
    }

    [Fact]
    public void Udp_without_a_checksum_goes_alone()
    {
        SegmentTrain train = new(Local, Remote, tcp: false);
        byte[][] sent = [train.Next(100), train.Next(100), train.Next(100)];
        sent[1][40] = sent[1][41] = 0;
        Assert.Equal(3, AssertSame(sent, Deliver(sent)));
    }

    [Fact]
    public void Udp_is_not_joined_for_a_port_that_does_not_take_it()
    {
        _bench.Node.Device("db").TakesUdpSegments = false;
        SegmentTrain udp = new(Local, Remote, tcp: false);
        SegmentTrain tcp = new(Local, Remote);
        byte[][] sent = [udp.Next(100), tcp.Next(100), udp.Next(100), tcp.Next(100)];
        Assert.Equal(3, AssertSame(sent, Deliver(sent)));
    }

    [Fact]
    public void A_super_frame_has_64_segments_and_65535_octets_at_most()
    {
        SegmentTrain small = new(Local, Remote, tcp: false);
        byte[][] many = [.. Enumerable.Range(0, 130).Select(_ => small.Next(10))];
        Assert.Equal(3, AssertSame(many, Deliver(many)));
        SegmentTrain large = new(Local, Remote);
        byte[][] long64 = [.. Enumerable.Range(0, 60).Select(_ => large.Next(1448))];
        (byte[] Frame, VnetHeader Vnet)[] delivered = Deliver(long64);
        Assert.Equal(2, AssertSame(long64, delivered));
        Assert.InRange(delivered[0].Frame.Length, 64_000, 65_535 + 14);
    }

    [Fact]
    public void Interleaved_flows_are_joined_each_for_itself()
    {
        SegmentTrain[] flows = [.. Enumerable.Range(0, 64).Select(static i => new SegmentTrain(Local, Remote, i % 2 == 0, i % 3 == 0, (ushort)(2000 + i)))];
        byte[][] sent = [.. Enumerable.Range(0, 8).SelectMany(_ => flows.Select(static flow => flow.Next(200)))];
        Assert.InRange(AssertSame(sent, Deliver(sent)), 64, 80);
    }

    [Fact]
    public void What_is_of_no_flow_is_overtaken_by_nothing()
    {
        SegmentTrain train = new(Local, Remote);
        byte[] fragment = Frames.UdpV4(Local, Remote);
        fragment[20] = 0x20;
        byte[][] sent = [train.Next(100), train.Next(100), fragment, train.Next(100), Frames.Opaque(Local, Remote), train.Next(100)];
        (byte[] Frame, VnetHeader Vnet)[] delivered = Deliver(sent);
        Assert.Equal(5, delivered.Length);
        Assert.Equal(sent, delivered.SelectMany(static frame => KernelCut.Cut(frame.Frame, frame.Vnet)));
    }

    [Fact]
    public void Congestion_marks_of_the_tunnel_are_combined_before_anything_is_joined()
    {
        SegmentTrain train = new(Local, Remote) { Tos = 2 };
        byte[][] sent = [train.Next(100), train.Next(100), train.Next(100), train.Next(100)];
        foreach ((byte[] frame, int i) in sent.Select(static (frame, i) => (frame, i)))
            _bench.Node.Underlay.Put(Frames.Datagram(_bench.Wire.Encap, V100, frame), _bench.PeerB, _bench.Wire.Encap, (byte)(i == 2 ? 3 : 2));

        _bench.Node.Pump();
        (byte[] Frame, VnetHeader Vnet)[] delivered = _bench.Node.Device("db").Take();
        Assert.Equal([2, 3, 2], delivered.Select(static frame => frame.Frame[15] & 3));
    }

    [Fact]
    public void A_tag_for_a_trunk_is_pushed_and_segments_are_joined_all_the_same()
    {
        _bench.Node.Learn(V200, Local, _bench.PortTarget("trunk"), FdbOrigin.Local);
        SegmentTrain train = new(Local, Remote);
        byte[][] sent = [train.Next(100), train.Next(100), train.Next(60)];
        foreach (byte[] frame in sent)
            _bench.Node.Underlay.Put(Frames.Datagram(_bench.Wire.Encap, V200, frame), _bench.PeerB, _bench.Wire.Encap);

        _bench.Node.Pump();
        (byte[] tagged, VnetHeader vnet) = Assert.Single(_bench.Node.Device("trunk").Take());
        Assert.Equal(sent.Select(static frame => Frames.Tagged(frame, 20)), KernelCut.Cut(tagged, vnet));
    }

    [Fact]
    public void Flooded_frames_are_not_joined()
    {
        SegmentTrain train = new(Nobody, Remote);
        byte[][] sent = [train.Next(100), train.Next(100)];
        Assert.Equal(2, AssertSame(sent, Deliver(sent)));
        Assert.Equal(sent, _bench.Node.Device("web").Take().Select(static frame => frame.Frame));
    }

    internal static Bench Ready()
    {
        Bench bench = new(Wire.All[0], options: new PipelineOptions { HashSeed = new FlowHashSeed(1, 2), BatchSize = 512 });
        bench.Node.Learn(V100, Local, bench.PortTarget("db"), FdbOrigin.Local);
        return bench;
    }

    private static void Change(SegmentTrain train, string what)
    {
        switch (what)
        {
            case nameof(SegmentTrain.Acknowledgment): train.Acknowledgment++; break;
            case nameof(SegmentTrain.Window): train.Window++; break;
            case nameof(SegmentTrain.Urgent): train.Urgent++; break;
            case nameof(SegmentTrain.Tos): train.Tos ^= 4; break;
            case nameof(SegmentTrain.Ttl): train.Ttl--; break;
            case nameof(SegmentTrain.DontFragment): train.DontFragment = false; break;
            case nameof(SegmentTrain.Timestamp): train.Timestamp++; break;
            case nameof(SegmentTrain.HasTimestamps): train.HasTimestamps = false; break;
            case nameof(SegmentTrain.Sequence): train.Sequence++; break;
            case nameof(SegmentTrain.Identification): train.Identification++; break;
            default: train.FlowLabel++; break;
        }
    }

    private (byte[] Frame, VnetHeader Vnet)[] Deliver(byte[][] frames)
    {
        foreach (byte[] frame in frames)
            _bench.Node.Underlay.Put(Frames.Datagram(_bench.Wire.Encap, V100, frame), _bench.PeerB, _bench.Wire.Encap);

        _bench.Node.Pump();
        return _bench.Node.Device("db").Take();
    }

    // The same frames, in any order of flows: the number of frames that the port was given.
    private static int AssertSame(byte[][] sent, (byte[] Frame, VnetHeader Vnet)[] delivered)
    {
        byte[][] cut = [.. delivered.SelectMany(static frame => KernelCut.Cut(frame.Frame, frame.Vnet))];
        Assert.Equal(sent.Length, cut.Length);
        foreach (IGrouping<string, byte[]> flow in sent.GroupBy(FlowOf))
            Assert.Equal(flow, cut.Where(frame => FlowOf(frame) == flow.Key));

        return delivered.Length;
    }

    private static string FlowOf(byte[] frame)
    {
        bool ipv6 = frame[12] == 0x86;
        return frame.Length < 34 ? "" : $"{frame[ipv6 ? 20 : 23]} {ipv6} {Convert.ToHexString(frame, ipv6 ? 54 : 34, 4)}";
    }
}
