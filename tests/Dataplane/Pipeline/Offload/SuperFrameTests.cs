using System.Buffers.Binary;
using Overlay.Dataplane.Pipeline.Offload;
using Overlay.Encap;
using Overlay.Encap.Ip;
using Overlay.TestKit.InMemory;
using Xunit;

namespace Overlay.Dataplane.Tests.Pipeline.Offload;

/// <summary>The cutter against frames made one by one from the RFCs.</summary>
public sealed class SuperFrameTests
{
    [ThreadStatic]
    private static SuperFrameCutter? _cutter;

    private static readonly MacAddress To = MacAddress.Parse("02:00:00:00:00:0c");
    private static readonly MacAddress From = MacAddress.Parse("02:00:00:00:00:0a");

    public static TheoryData<string> Cases => new(SuperFrameCases.All.Keys);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Segments_are_what_the_sender_would_have_sent_without_offloads(string name)
    {
        SuperFrameSpec spec = SuperFrameCases.All[name];
        (byte[] frame, VnetHeader vnet) = SuperFrames.Build(To, From, spec);
        byte[] before = [.. frame];
        Assert.Equal(SuperFrames.Cut(To, From, spec), Cut(frame, vnet));
        Assert.True(frame.AsSpan().SequenceEqual(before), $"{name}: the super-frame was changed.");
    }

    [Fact]
    public void A_udp_checksum_of_zero_is_written_as_all_ones()
    {
        // Adding the checksum to a word of the payload makes the sum all ones, and the checksum zero.
        SuperFrameSpec spec = new() { Udp = true, SegmentSize = 4, PayloadLength = 8, Payload = [1, 2, 3, 4, 5, 6, 7, 8] };
        byte[] segment = SuperFrames.Cut(To, From, spec)[0];
        uint sum = BinaryPrimitives.ReadUInt16BigEndian(segment.AsSpan(40)) + 0x0102u;
        byte[] payload = [.. spec.Payload!];
        BinaryPrimitives.WriteUInt16BigEndian(payload, InternetChecksum.Fold(sum));
        (byte[] frame, VnetHeader vnet) = SuperFrames.Build(To, From, spec with { Payload = payload });
        byte[][] cut = Cut(frame, vnet);
        Assert.Equal(0xFFFF, BinaryPrimitives.ReadUInt16BigEndian(cut[0].AsSpan(40)));
        Assert.Equal(SuperFrames.Cut(To, From, spec with { Payload = payload }), cut);
    }

    [Fact]
    public void Random_super_frames_are_cut_as_the_oracle_cuts_them()
    {
        var random = new Random(7);
        for (int i = 0; i < 600; i++)
        {
            SuperFrameSpec spec = new()
            {
                IPv6 = random.Next(2) == 0,
                Udp = random.Next(2) == 0,
                SegmentSize = random.Next(8, random.Next(2) == 0 ? 100 : 9000),
                PayloadLength = random.Next(2, random.Next(4) != 0 ? 500 : 60_000),
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
            if (spec.PayloadLength <= spec.SegmentSize || (spec.Udp && spec.PayloadLength > 128 * spec.SegmentSize))
                continue;

            (byte[] frame, VnetHeader vnet) = SuperFrames.Build(To, From, spec);
            Assert.Equal(SuperFrames.Cut(To, From, spec), Cut(frame, vnet));
        }
    }

    [Theory]
    [InlineData(54, true)]
    [InlineData(53, false)]
    public void Linux_leaves_the_tag_that_it_puts_in_itself_out_of_the_length_of_the_headers(int length, bool isTaken)
    {
        SuperFrameSpec spec = new() { SegmentSize = 1000, PayloadLength = 3000, Tags = [20] };
        (byte[] frame, VnetHeader vnet) = SuperFrames.Build(To, From, spec);
        Assert.Equal(58, vnet.HdrLen);
        Assert.Equal(isTaken, SuperFrame.TryParse(frame, vnet with { HdrLen = (ushort)length }, out SuperFrame super));
        Assert.Equal(isTaken ? 58 : super.HeaderLength, super.HeaderLength);
    }

    [Fact]
    public void A_checksum_that_was_wrong_stays_wrong_in_every_segment()
    {
        SuperFrameSpec spec = new();
        (byte[] frame, VnetHeader vnet) = SuperFrames.Build(To, From, spec);
        frame[50] ^= 1;
        Assert.All(Cut(frame, vnet), static segment => Assert.False(Frames.HasValidChecksum(segment)));
    }

    internal static byte[][] Cut(byte[] frame, VnetHeader vnet)
    {
        Assert.Equal(VnetHeaderStatus.Ok, vnet.Validate(frame.Length));
        Assert.True(SuperFrame.TryParse(frame, in vnet, out SuperFrame shape));
        SuperFrameCutter cutter = _cutter ??= new SuperFrameCutter();
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
