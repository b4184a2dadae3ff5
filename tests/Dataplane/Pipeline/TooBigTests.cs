using System.Buffers.Binary;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Pipeline;
using Overlay.Dataplane.Tests.Storm;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.TestKit.InMemory;
using Xunit;
using static Overlay.Dataplane.Tests.Pipeline.Bench;

namespace Overlay.Dataplane.Tests.Pipeline;

/// <summary>What becomes of frames that are too long for a path or a port: delivered, their sender told, or counted; never lost without a word.</summary>
public sealed class TooBigTests
{
    private const int PathMtu = 1400;

    private static readonly (Wire Wire, int Overhead)[] Ways =
        [.. Wire.All.Select(static wire => (wire, (wire.Address(1).IsIPv4 ? 20 : 40) + 8 + 8 + (wire.Encap == EncapKind.Geneve ? 8 : 0) + 14))];

    internal static Bench Make(Wire wire, int path = PathMtu, int portMtu = 65_521, TimeProvider? time = null)
    {
        PipelineOptions options = new() { HashSeed = new FlowHashSeed(1, 2), Time = time ?? TimeProvider.System };
        Bench bench = new(wire, options: options, changeAll: topology => topology with
        {
            Ports = topology.Ports.SetItem("web", topology.Ports["web"] with { Mtu = portMtu }).SetItem("trunk", topology.Ports["trunk"] with { Mtu = portMtu }),
        });
        bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(bench.HopB));
        bench.Node.Learn(V200, Remote, FdbTarget.ToNextHop(bench.HopB));
        bench.Node.Forwarding.Current.FindNextHop(bench.HopB.Index)!.SetPathMtu(path);
        return bench;
    }

    internal static byte[] Packet(bool ipv6, int length, bool df = true)
    {
        byte[] frame = Frames.Tcp(Remote, Tenant, ipv6, length - (ipv6 ? 60 : 40));
        if (!ipv6 && df)
        {
            frame[20] = 0x40;
            FinishHeader(frame.AsSpan(14, 20));
        }

        return frame;
    }

    internal static void FinishHeader(Span<byte> header)
    {
        header[10] = header[11] = 0;
        uint sum = 0;
        for (int i = 0; i < 20; i += 2)
            sum += BinaryPrimitives.ReadUInt16BigEndian(header[i..]);

        sum = (sum >> 16) + (sum & 0xFFFF);
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], (ushort)~((sum >> 16) + (sum & 0xFFFF)));
    }

    private static ushort SumOf(ReadOnlySpan<byte> octets)
    {
        uint sum = 0;
        for (int i = 0; i < octets.Length; i++)
            sum += (i & 1) == 0 ? (uint)octets[i] << 8 : octets[i];

        while (sum > 0xFFFF)
            sum = (sum >> 16) + (sum & 0xFFFF);

        return (ushort)sum;
    }

    private static void AssertTold(byte[] reply, byte[] frame, bool ipv6, int mtu)
    {
        Assert.Equal(frame[6..12], reply[..6]);
        Assert.Equal(frame[..6], reply[6..12]);
        Assert.Equal(frame[12..14], reply[12..14]);
        if (ipv6)
        {
            Assert.Equal(1280 + 14, reply.Length);
            Assert.Equal(frame[38..54], reply[22..38]);
            Assert.Equal(frame[22..38], reply[38..54]);
            Assert.Equal((58, 2, 0), (reply[20], reply[54], reply[55]));
            Assert.Equal((uint)mtu, BinaryPrimitives.ReadUInt32BigEndian(reply.AsSpan(58)));
            Assert.Equal(NeighborFrames.Checksum(reply), BinaryPrimitives.ReadUInt16BigEndian(reply.AsSpan(56)));
            Assert.Equal(frame[14..(14 + 1232)], reply[62..]);
            return;
        }

        Assert.Equal(576 + 14, reply.Length);
        Assert.Equal(frame[30..34], reply[26..30]);
        Assert.Equal(frame[26..30], reply[30..34]);
        Assert.Equal((1, 3, 4), (reply[23], reply[34], reply[35]));
        Assert.Equal((uint)mtu, BinaryPrimitives.ReadUInt32BigEndian(reply.AsSpan(38)));
        Assert.Equal(0xFFFF, SumOf(reply.AsSpan(14, 20)));
        Assert.Equal(0xFFFF, SumOf(reply.AsSpan(34)));
        Assert.Equal(frame[14..(14 + 548)], reply[42..]);
    }

    public static TheoryData<int, bool> Every => new(Enumerable.Range(0, Ways.Length).SelectMany(static way => new[] { (way, false), (way, true) }));

    [Theory]
    [MemberData(nameof(Every))]
    public void A_packet_too_long_for_the_path_is_answered_with_what_fits(int way, bool ipv6)
    {
        (Wire wire, int overhead) = Ways[way];
        int fits = PathMtu - overhead;
        Bench bench = Make(wire);
        bench.Node.Send("web", Packet(ipv6, fits));
        Assert.Equal(PathMtu, bench.OnlyDatagram().Payload.Length + (wire.Address(1).IsIPv4 ? 28 : 48));
        Assert.Empty(bench.Node.Device("web").Take());

        byte[] frame = Packet(ipv6, fits + 1);
        bench.Node.Send("web", frame);
        Assert.Empty(bench.Node.Underlay.Take());
        AssertTold(bench.OnlyFrameAt("web"), frame, ipv6, fits);
        Assert.Equal(1, bench.Node.Dropped(Direction.Tx, DropReason.TooBigNotified));
        Assert.True(bench.Node.IsBalanced());
        NextHop hop = bench.Node.Forwarding.Current.FindNextHop(bench.HopB.Index)!;
        Assert.Equal((1, 1, 0), (hop.TooBigFrames, hop.ToldFrames, hop.SilentFrames));
    }

    [Fact]
    public void The_port_that_it_came_from_and_the_port_that_it_goes_to_have_limits_too()
    {
        Bench bench = Make(Wire.All[0], path: 0, portMtu: 1500);
        byte[] frame = Packet(ipv6: false, 1501);
        bench.Node.Send("web", frame);
        AssertTold(bench.OnlyFrameAt("web"), frame, ipv6: false, 1500);

        bench.Node.Port("db").Mtu = 1350;
        bench.Node.Learn(V100, Remote, bench.PortTarget("db"));
        frame = Packet(ipv6: true, 1351);
        bench.Node.Send("web", frame);
        AssertTold(bench.OnlyFrameAt("web"), frame, ipv6: true, 1350);
        Assert.Empty(bench.Node.Device("db").Take());
        Assert.Equal(2, bench.Node.Dropped(Direction.Tx, DropReason.TooBigNotified));
    }

    [Fact]
    public void A_trunk_hears_it_with_the_tag_it_sent_with()
    {
        Bench bench = Make(Wire.All[0]);
        byte[] frame = Packet(ipv6: false, 1400);
        bench.Node.Send("trunk", Frames.Tagged(frame, 20));
        byte[] reply = bench.OnlyFrameAt("trunk");
        Assert.Equal(new byte[] { 0x81, 0, 0, 20 }, reply[12..16]);
        AssertTold([.. reply[..12], .. reply[16..]], frame, ipv6: false, PathMtu - 50);
    }

    [Fact]
    public void A_tag_inside_the_vni_takes_room_and_is_on_the_answer()
    {
        Bench bench = Make(Wire.All[0]);
        bench.Node.Learn(V500, Remote, FdbTarget.ToNextHop(bench.HopB));
        bench.Node.Port("clear").Mtu = 9000;
        byte[] frame = Packet(ipv6: false, 1400);
        bench.Node.Send("clear", Frames.Tagged(frame, 20));
        byte[] reply = bench.OnlyFrameAt("clear");
        Assert.Equal(new byte[] { 0x81, 0, 0, 20 }, reply[12..16]);
        AssertTold([.. reply[..12], .. reply[16..]], frame, ipv6: false, PathMtu - 50 - 4);
    }

    // One tag is forgiven on a port; the second is a part of what is measured.
    [Fact]
    public void Behind_two_tags_on_a_trunk_the_sender_hears_what_really_fits()
    {
        Bench bench = Make(Wire.All[0], path: 0, portMtu: 1450);
        byte[] frame = Packet(ipv6: false, 1450);
        bench.Node.Send("trunk", Frames.Tagged(Frames.Tagged(frame, 77), 20));
        byte[] reply = bench.OnlyFrameAt("trunk");
        Assert.Equal(TwoTags, reply[12..20]);
        AssertTold([.. reply[..12], .. reply[20..]], frame, ipv6: false, 1446);

        bench.Node.Send("trunk", Frames.Tagged(Frames.Tagged(Packet(ipv6: false, 1447), 77), 20));
        AssertToldMtu(bench.OnlyFrameAt("trunk"), 1446);
        bench.Node.Send("trunk", Frames.Tagged(Frames.Tagged(Packet(ipv6: false, 1446), 77), 20));
        Assert.NotEmpty(bench.Node.Underlay.Take());
        Assert.Empty(bench.Node.Device("trunk").Take());

        // With its own tag alone it has the whole MTU.
        bench.Node.Send("trunk", Frames.Tagged(Packet(ipv6: false, 1451), 20));
        reply = bench.OnlyFrameAt("trunk");
        Assert.Equal(1450, BinaryPrimitives.ReadUInt16BigEndian(reply.AsSpan(4 + 40)));
    }

    [Fact]
    public void What_would_leave_by_a_trunk_with_two_tags_is_measured_with_both()
    {
        Bench bench = Make(Wire.All[0], path: 0, portMtu: 9000);
        bench.Node.Port("trunk2").Mtu = 1450;
        bench.Node.Learn(V200, Local, bench.PortTarget("trunk2"), FdbOrigin.Local);
        byte[] frame = Packet(ipv6: false, 1450);
        Local.WriteTo(frame);
        bench.Node.Send("trunk", Frames.Tagged(Frames.Tagged(frame, 77), 20));
        Assert.Empty(bench.Node.Device("trunk2").Take());
        byte[] reply = bench.OnlyFrameAt("trunk");
        Assert.Equal(TwoTags, reply[12..20]);
        AssertTold([.. reply[..12], .. reply[20..]], frame, ipv6: false, 1446);

        byte[] fits = Packet(ipv6: false, 1446);
        Local.WriteTo(fits);
        bench.Node.Send("trunk", Frames.Tagged(Frames.Tagged(fits, 77), 20));
        Assert.Equal(Frames.Tagged(Frames.Tagged(fits, 77), 21), bench.OnlyFrameAt("trunk2"));
        byte[] plain = Packet(ipv6: false, 1450);
        Local.WriteTo(plain);
        bench.Node.Send("trunk", Frames.Tagged(plain, 20));
        Assert.Equal(Frames.Tagged(plain, 21), bench.OnlyFrameAt("trunk2"));
    }

    private static readonly byte[] TwoTags = [0x81, 0, 0, 20, 0x81, 0, 0, 77];

    // Behind two tags.
    private static void AssertToldMtu(byte[] reply, int mtu) => Assert.Equal(mtu, BinaryPrimitives.ReadUInt16BigEndian(reply.AsSpan(8 + 40)));

    [Fact]
    public void Of_a_group_the_member_is_counted_that_the_frame_was_for()
    {
        Bench bench = Make(Wire.All[0], path: 0);
        NextHopId group = bench.Node.Forwarding.CreateGroup([bench.HopB, bench.HopC]);
        bench.Node.Learn(V100, Nobody, FdbTarget.ToNextHop(group));
        NextHop[] members = [.. new[] { bench.HopB, bench.HopC }.Select(id => bench.Node.Forwarding.Current.FindNextHop(id.Index)!)];
        foreach (NextHop member in members)
            member.SetPathMtu(PathMtu);
        byte[] frame = Packet(ipv6: false, 1400);
        Nobody.WriteTo(frame);
        for (int port = 0; port < 64; port++)
        {
            frame[35] = (byte)port;
            bench.Node.Send("web", frame);
        }

        NextHop all = bench.Node.Forwarding.Current.FindNextHop(group.Index)!;
        Assert.Equal((0, 0), (all.TooBigFrames, all.ToldFrames));
        Assert.All(members, static member => Assert.InRange(member.ToldFrames, 1, 63));
        Assert.All(members, static member => Assert.Equal(member.TooBigFrames, member.ToldFrames));
        Assert.Equal(64, members.Sum(static member => member.ToldFrames));
    }

    [Fact]
    public void Who_cannot_be_told_is_counted_apart_from_who_is_told_later()
    {
        StepTime time = new();
        Bench bench = Make(Wire.All[0], time: time);
        NextHop hop = bench.Node.Forwarding.Current.FindNextHop(bench.HopB.Index)!;
        for (int i = 0; i < 150; i++)
            bench.Node.Send("web", Packet(ipv6: false, 1400));

        Assert.Equal((150, 100, 0), (hop.TooBigFrames, hop.ToldFrames, hop.SilentFrames));
        bench.Node.Send("web", Frames.Opaque(Remote, Tenant, 1400));
        Assert.Equal((151, 100, 1), (hop.TooBigFrames, hop.ToldFrames, hop.SilentFrames));

        // A copy of a flooded frame that does not fit: its sender hears nothing.
        bench.Node.Send("web", Packet(ipv6: false, 1400) is var frame && Broadcast(frame) ? frame : []);
        Assert.Equal((152, 100, 2), (hop.TooBigFrames, hop.ToldFrames, hop.SilentFrames));

        static bool Broadcast(byte[] frame)
        {
            MacAddress.Broadcast.WriteTo(frame);
            return true;
        }
    }

    public static TheoryData<string, byte[]> NotTold => new()
    {
        { "may be fragmented", Packet(ipv6: false, 1400, df: false) },
        { "not IP", Frames.Opaque(Remote, Tenant, 1400) },
        { "fragment", With(Packet(ipv6: false, 1400), static f => f[21] = 1) },
        { "wrong header checksum", With(Packet(ipv6: false, 1400), static f => f[25] ^= 1, finish: false) },
        { "from a group", With(Packet(ipv6: false, 1400), static f => f[26] = 224) },
        { "to a group", With(Packet(ipv6: false, 1400), static f => f[30] = 224) },
        { "from nobody", With(Packet(ipv6: false, 1400), static f => f.AsSpan(26, 4).Clear()) },
        { "ICMP error", With(Packet(ipv6: false, 1400), static f => (f[23], f[34]) = (1, 11)) },
        { "from ::", With(Packet(ipv6: true, 1400), static f => f.AsSpan(22, 16).Clear(), finish: false) },
        { "to a group of IPv6", With(Packet(ipv6: true, 1400), static f => f[38] = 0xFF, finish: false) },
        { "ICMPv6 error", With(Packet(ipv6: true, 1400), static f => (f[20], f[54]) = (58, 1), finish: false) },
        { "payload past the end", With(Packet(ipv6: true, 1400), static f => f[18] = 0xFF, finish: false) },
    };

    [Theory]
    [MemberData(nameof(NotTold))]
    public void Who_must_not_be_told_is_counted(string what, byte[] frame)
    {
        Assert.NotEmpty(what);
        Bench bench = Make(Wire.All[0]);
        bench.Node.Send("web", frame);
        bench.AssertDropped(Direction.Tx, DropReason.TooBigSilent);
    }

    [Fact]
    public void Where_not_even_the_least_of_IPv6_fits_nobody_is_told()
    {
        Bench bench = Make(Wire.All[0], path: 1320);
        bench.Node.Send("web", Packet(ipv6: true, 1300));
        bench.AssertDropped(Direction.Tx, DropReason.TooBigSilent);
    }

    [Fact]
    public void A_super_frame_is_answered_once_about_its_first_segment()
    {
        Bench bench = Make(Wire.All[0]);
        byte[] frame = Packet(ipv6: false, 40 + (4 * 1400));
        VnetHeader vnet = new(VnetHeader.NeedsChecksum, VnetHeader.GsoTcpV4, 54, 1400, 34, 16);
        bench.Node.Send("web", Frames.Unfinished(frame), vnet);
        byte[] reply = bench.OnlyFrameAt("web");
        Assert.Equal(1440, BinaryPrimitives.ReadUInt16BigEndian(reply.AsSpan(44)));
        Assert.Equal(0xFFFF, SumOf(reply.AsSpan(42, 20)));
        Assert.Equal(0xFFFF, SumOf(reply.AsSpan(34)));
        Assert.Equal(4, bench.Node.Dropped(Direction.Tx, DropReason.TooBigNotified));
        Assert.True(bench.Node.IsBalanced());
    }

    [Fact]
    public void No_more_than_a_burst_of_answers_is_given_at_once()
    {
        Bench bench = Make(Wire.All[0]);
        for (int round = 0; round < 10; round++)
        {
            for (int i = 0; i < 60; i++)
                bench.Node.Device("web").Put(Packet(ipv6: false, 1400), default);

            bench.Node.Pump();
        }

        long told = bench.Node.Dropped(Direction.Tx, DropReason.TooBigNotified);
        Assert.InRange(told, 100, 599);
        Assert.Equal(600 - told, bench.Node.Dropped(Direction.Tx, DropReason.TooBigSilent));
    }

    private static byte[] With(byte[] frame, Action<byte[]> change, bool finish = true)
    {
        change(frame);
        if (finish)
            FinishHeader(frame.AsSpan(14, 20));

        return frame;
    }
}
