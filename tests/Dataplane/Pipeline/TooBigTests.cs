using System.Buffers.Binary;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
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

    private static Bench Make(Wire wire, int path = PathMtu, int portMtu = 65_521)
    {
        Bench bench = new(wire, changeAll: topology => topology with
        {
            Ports = topology.Ports.SetItem("web", topology.Ports["web"] with { Mtu = portMtu }).SetItem("trunk", topology.Ports["trunk"] with { Mtu = portMtu }),
        });
        bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(bench.HopB));
        bench.Node.Learn(V200, Remote, FdbTarget.ToNextHop(bench.HopB));
        bench.Node.Forwarding.Current.FindNextHop(bench.HopB.Index)!.SetPathMtu(path);
        return bench;
    }

    private static byte[] Packet(bool ipv6, int length, bool df = true)
    {
        byte[] frame = Frames.Tcp(Remote, Tenant, ipv6, length - (ipv6 ? 60 : 40));
        if (!ipv6 && df)
        {
            frame[20] = 0x40;
            FinishHeader(frame.AsSpan(14, 20));
        }

        return frame;
    }

    private static void FinishHeader(Span<byte> header)
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
        Assert.Equal((1, 1), (hop.Traffic.Frames(NextHop.TooBigColumn), hop.Traffic.Frames(NextHop.ToldColumn)));
    }

    [Theory]
    [MemberData(nameof(Every))]
    public void Every_length_is_delivered_told_or_counted(int way, bool ipv6)
    {
        (Wire wire, int overhead) = Ways[way];
        foreach ((int path, int port, bool df) in (ReadOnlySpan<(int, int, bool)>)[(1400, 65_521, true), (1400, 1500, true), (1400, 1300, false), (0, 1500, true), (0, 65_521, false), (1280, 9000, true)])
        {
            Bench bench = Make(wire, path, port);
            long sent = 0;
            for (int length = 100; length <= 65_507; length = length < 1600 ? length + 1 : length + 997)
            {
                byte[] frame = Packet(ipv6, length, df);
                bench.Node.Send("web", frame);
                sent++;
                int delivered = bench.Node.Underlay.Take().Length;
                int told = bench.Node.Device("web").Take().Length;
                bool fits = length <= port && (path == 0 || length + overhead <= path);
                int limit = length > port ? port : path - overhead;
                bool tells = !fits && (ipv6 ? limit >= 1280 : df);
                Assert.Equal(fits ? 1 : 0, delivered);
                Assert.True(told == (tells ? 1 : 0) || (tells && told == 0), $"{length}: {told}");
            }

            CounterSnapshot totals = bench.Node.Totals;
            long tooBig = bench.Node.Dropped(Direction.Tx, DropReason.TooBigNotified) + bench.Node.Dropped(Direction.Tx, DropReason.TooBigSilent);
            Assert.Equal(sent, totals.Received(Direction.Tx));
            Assert.Equal(sent, totals.Delivered(Direction.Tx) + tooBig);
            Assert.True(bench.Node.IsBalanced());
        }
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
