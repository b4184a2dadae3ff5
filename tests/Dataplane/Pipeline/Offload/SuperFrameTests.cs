using Overlay.Dataplane.Pipeline.Offload;
using Overlay.Encap;
using Overlay.Encap.Ip;
using Overlay.TestKit.InMemory;
using Xunit;

namespace Overlay.Dataplane.Tests.Pipeline.Offload;

/// <summary>The cutter against frames made one by one from the RFCs.</summary>
public sealed class SuperFrameTests
{
    private const byte Ack = 0x10;
    private const byte Push = 0x08;
    private const byte Fin = 0x01;
    private const byte Urgent = 0x20;
    private const byte Cwr = 0x80;
    private const byte Ece = 0x40;
    private static readonly MacAddress To = MacAddress.Parse("02:00:00:00:00:0c");
    private static readonly MacAddress From = MacAddress.Parse("02:00:00:00:00:0a");

    // NOP NOP timestamps; NOP NOP SACK of one block; both fill whole words.
    private static readonly byte[] Timestamps = [1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8];
    private static readonly byte[] Sack = [1, 1, 5, 10, 9, 9, 9, 9, 8, 8, 8, 8];

    public static TheoryData<string, SuperFrameSpec> Specs
    {
        get
        {
            var data = new TheoryData<string, SuperFrameSpec>();
            foreach (bool ipv6 in (ReadOnlySpan<bool>)[false, true])
            {
                string family = ipv6 ? "6" : "4";
                SuperFrameSpec tcp = new() { IPv6 = ipv6 };
                SuperFrameSpec udp = new() { IPv6 = ipv6, Udp = true };
                data.Add($"tcp{family} plain", tcp);
                data.Add($"tcp{family} whole segments only", tcp with { PayloadLength = 3000 });
                data.Add($"tcp{family} push and fin", tcp with { TcpFlags = Ack | Push | Fin });
                data.Add($"tcp{family} urgent", tcp with { TcpFlags = Ack | Urgent, UrgentPointer = 1500 });
                data.Add($"tcp{family} cwr", tcp with { TcpFlags = Ack | Cwr, Tos = 2 });
                data.Add($"tcp{family} cwr, ece and everything", tcp with { TcpFlags = 0xFF, Tos = 0xB9 });
                data.Add($"tcp{family} timestamps", tcp with { TcpOptions = Timestamps, SegmentSize = 1388, PayloadLength = 43 * 1388 });
                data.Add($"tcp{family} timestamps and SACK", tcp with { TcpOptions = [.. Timestamps, .. Sack] });
                data.Add($"tcp{family} odd segment size", tcp with { SegmentSize = 777, PayloadLength = 7778, TcpFlags = Ack | Ece });
                data.Add($"tcp{family} one octet a segment", tcp with { SegmentSize = 1, PayloadLength = 300 });
                data.Add($"tcp{family} sequence wraps", tcp with { Sequence = 0xFFFF_FC00 });
                data.Add($"tcp{family} tags", tcp with { Tags = [20, 30] });
                data.Add($"tcp{family} as long as can be", tcp with { SegmentSize = 1448, PayloadLength = 65_000 });
                data.Add($"udp{family} plain", udp);
                data.Add($"udp{family} odd segment size", udp with { SegmentSize = 333, PayloadLength = 1000 });
                data.Add($"udp{family} last of one octet", udp with { SegmentSize = 1200, PayloadLength = 2401, Tos = 1 });
            }

            data.Add("tcp4 without DF", new SuperFrameSpec { DontFragment = false });
            data.Add("udp4 without DF, identification wraps", new SuperFrameSpec { Udp = true, DontFragment = false, Identification = 0xFFFF });
            data.Add("tcp4 with options", new SuperFrameSpec { IPv4Options = [0x94, 4, 0, 0] });
            data.Add("tcp6 with hop-by-hop and destination options", new SuperFrameSpec
            {
                IPv6 = true,
                FirstExtension = IpProtocol.HopByHop,
                IPv6Extensions = [IpProtocol.DestinationOptions, 0, 1, 4, 0, 0, 0, 0, IpProtocol.Tcp, 0, 1, 4, 0, 0, 0, 0],
            });
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Specs))]
    public void Segments_are_what_the_sender_would_have_sent_without_offloads(string name, SuperFrameSpec spec)
    {
        (byte[] frame, VnetHeader vnet) = SuperFrames.Build(To, From, spec);
        byte[] before = [.. frame];
        Assert.Equal(SuperFrames.Cut(To, From, spec), Cut(frame, vnet));
        Assert.True(frame.AsSpan().SequenceEqual(before), $"{name}: the super-frame was changed.");
    }

    [Fact]
    public void A_udp_checksum_of_zero_is_written_as_all_ones()
    {
        int seen = 0;
        for (int seed = 0; seed < 70_000 && seen == 0; seed++)
        {
            SuperFrameSpec spec = new() { Udp = true, SegmentSize = 4, PayloadLength = 40, Seed = seed };
            (byte[] frame, VnetHeader vnet) = SuperFrames.Build(To, From, spec);
            byte[][] cut = Cut(frame, vnet);
            seen += cut.Count(static segment => segment[40] == 0xFF && segment[41] == 0xFF);
            if (seen != 0)
                Assert.Equal(SuperFrames.Cut(To, From, spec), cut);
        }

        Assert.NotEqual(0, seen);
    }

    [Fact]
    public void Random_super_frames_are_cut_as_the_oracle_cuts_them()
    {
        var random = new Random(7);
        for (int i = 0; i < 3000; i++)
        {
            SuperFrameSpec spec = new()
            {
                IPv6 = random.Next(2) == 0,
                Udp = random.Next(2) == 0,
                SegmentSize = random.Next(1, random.Next(2) == 0 ? 100 : 9000),
                PayloadLength = random.Next(2, random.Next(2) == 0 ? 500 : 60_000),
                TcpFlags = (byte)random.Next(256),
                TcpOptions = new byte[random.Next(11) * 4],
                DontFragment = random.Next(2) == 0,
                Identification = (ushort)random.Next(65536),
                Sequence = (uint)random.NextInt64(1L << 32),
                UrgentPointer = (ushort)random.Next(65536),
                Tos = (byte)random.Next(256),
                Tags = random.Next(4) == 0 ? [random.Next(4096)] : [],
                Seed = random.Next(),
            };
            random.NextBytes(spec.TcpOptions);
            if (spec.PayloadLength <= spec.SegmentSize)
                continue;

            (byte[] frame, VnetHeader vnet) = SuperFrames.Build(To, From, spec);
            Assert.Equal(SuperFrames.Cut(To, From, spec), Cut(frame, vnet));
        }
    }

    [Fact]
    public void A_checksum_that_was_wrong_stays_wrong_in_every_segment()
    {
        SuperFrameSpec spec = new();
        (byte[] frame, VnetHeader vnet) = SuperFrames.Build(To, From, spec);
        frame[50] ^= 1;
        Assert.All(Cut(frame, vnet), static segment => Assert.False(Frames.HasValidChecksum(segment)));
    }

    private static byte[][] Cut(byte[] frame, VnetHeader vnet)
    {
        Assert.Equal(VnetHeaderStatus.Ok, vnet.Validate(frame.Length));
        Assert.True(SuperFrame.TryParse(frame, in vnet, out SuperFrame shape));
        var cutter = new SuperFrameCutter();
        cutter.Begin(frame, in shape);
        const int Stride = 200;
        byte[] headers = new byte[Stride * shape.Segments];
        cutter.WriteHeaders(frame, 0, shape.Segments / 2, headers, Stride);
        cutter.WriteHeaders(frame, shape.Segments / 2, shape.Segments - (shape.Segments / 2), headers.AsSpan(Stride * (shape.Segments / 2)), Stride);
        byte[][] segments = new byte[shape.Segments][];
        int octets = 0;
        for (int i = 0; i < segments.Length; i++)
        {
            int payload = shape.HeaderLength + (i * shape.SegmentSize);
            segments[i] = [.. headers.AsSpan(i * Stride, shape.HeaderLength), .. frame.AsSpan(payload, shape.PayloadOf(i))];
            octets += segments[i].Length;
        }

        Assert.Equal(octets, shape.WireLength);
        return segments;
    }
}
