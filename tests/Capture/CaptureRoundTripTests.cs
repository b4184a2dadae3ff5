using System.Buffers.Binary;

namespace Overlay.Capture.Tests;

public sealed class CaptureRoundTripTests
{
    private static readonly byte[] Frame = [.. Enumerable.Range(0, 61).Select(static i => (byte)i)];

    [Theory]
    [InlineData(true, 1_700_000_000_123_456_789)]
    [InlineData(false, 1_700_000_000_123_456_000)]
    public void Pcap_round_trips_in_both_resolutions(bool nanosecond, long timestamp)
    {
        var stream = new MemoryStream();
        var writer = new PcapWriter(stream, LinkType.Ethernet, nanosecond, snapLength: 60);
        writer.Write(Frame, timestamp);
        writer.Write([], timestamp, originalLength: 9);
        (List<CaptureRecord> records, CaptureError error) = ReadAll(stream.ToArray());
        Assert.False(error.IsError);
        Assert.Equal([60, 0], records.Select(static r => r.Data.Length));
        Assert.Equal([61, 9], records.Select(static r => r.OriginalLength));
        Assert.All(records, r => Assert.Equal(timestamp, r.Timestamp));
        Assert.Equal([1L, 2L], records.Select(static r => r.Number));
        Assert.True(records[0].IsCut);
        Assert.Equal(Frame[..60], records[0].Data.ToArray());
    }

    [Fact]
    public void Pcapng_round_trips_with_interfaces_comments_and_padding()
    {
        var stream = new MemoryStream();
        var writer = new PcapngWriter(stream, "overlay");
        int ethernet = writer.AddInterface(LinkType.Ethernet, "tap-web");
        int raw = writer.AddInterface(LinkType.Raw, snapLength: 5);
        for (int length = 0; length < 9; length++)
        {
            writer.Write(length % 2 == 0 ? ethernet : raw, Frame.AsSpan(0, length), 1_700_000_000_000_000_001 + length, comment: length == 3 ? "vni_unknown" : null);
        }

        (List<CaptureRecord> records, CaptureError error) = ReadAll(stream.ToArray());
        Assert.False(error.IsError, error.ToString());
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 5, 8], records.Select(static r => r.Data.Length));
        Assert.Equal([1, 101, 1, 101, 1, 101, 1, 101, 1], records.Select(static r => r.LinkType));
        Assert.Equal("vni_unknown", records[3].Comment);
        Assert.Single(records, static r => r.Comment is not null);
        Assert.Equal(1_700_000_000_000_000_009, records[8].Timestamp);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Both_byte_orders_are_read(bool bigEndian)
    {
        var pcap = new Words(bigEndian).U32(0xA1B23C4D).U16(2).U16(4).U32(0).U32(0).U32(65535).U32(113)
            .U32(2).U32(5).U32(3).U32(4).Raw([1, 2, 3]);
        (List<CaptureRecord> records, CaptureError error) = ReadAll(pcap.ToArray());
        Assert.False(error.IsError);
        Assert.Equal((2_000_000_005, 113, 3, 4), (records[0].Timestamp, records[0].LinkType, records[0].Data.Length, records[0].OriginalLength));

        var ng = new Words(bigEndian).U32(0x0A0D0D0A).U32(28).U32(0x1A2B3C4D).U16(1).U16(0).U32(uint.MaxValue).U32(uint.MaxValue).U32(28)
            .U32(0xBAD).U32(16).U32(7).U32(16)
            .U32(1).U32(32).U16(1).U16(0).U32(0).U16(9).U16(1).Raw([0x8A, 0, 0, 0]).U32(0).U32(32)
            .U32(6).U32(36).U32(0).U32(0).U32(1536).U32(2).U32(2).Raw([9, 8, 0, 0]).U32(36)
            .U32(3).U32(20).U32(3).Raw([1, 2, 3, 0]).U32(20);
        (records, error) = ReadAll(ng.ToArray());
        Assert.False(error.IsError, error.ToString());
        Assert.Equal([2, 3], records.Select(static r => r.Data.Length));
        Assert.Equal(1_500_000_000, records[0].Timestamp);
    }

    [Theory]
    [InlineData("", CaptureErrorKind.NotACapture)]
    [InlineData("d4c3", CaptureErrorKind.NotACapture)]
    [InlineData("00000000", CaptureErrorKind.NotACapture)]
    [InlineData("d4c3b2a1", CaptureErrorKind.Truncated)]
    [InlineData("d4c3b2a1030004000000000000000000ffff000001000000", CaptureErrorKind.UnsupportedVersion)]
    [InlineData("d4c3b2a1020004000000000000000000ffff00000100000000", CaptureErrorKind.Truncated)]
    [InlineData("d4c3b2a1020004000000000000000000ffff0000010000000000000000000000ffffff7fffffff7f", CaptureErrorKind.TooLong)]
    [InlineData("d4c3b2a1020004000000000000000000ffff00000100000000000000000000000400000004000000aabb", CaptureErrorKind.Truncated)]
    [InlineData("0a0d0d0a1c000000000000000100000000000000", CaptureErrorKind.NotACapture)]
    [InlineData("0a0d0d0a1b0000004d3c2b1a0100000000000000", CaptureErrorKind.BadLength)]
    [InlineData("0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c00000006000000", CaptureErrorKind.Truncated)]
    [InlineData("0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c0000000600000008000000", CaptureErrorKind.BadLength)]
    [InlineData("0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c00000006000000fcffffff", CaptureErrorKind.TooLong)]
    [InlineData("0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c0000000600000020000000000000000000000000000000000000000000000020000000", CaptureErrorKind.BadInterface)]
    public void Damage_is_a_value_with_an_offset(string hex, CaptureErrorKind expected)
    {
        (_, CaptureError error) = ReadAll(Convert.FromHexString(hex));
        Assert.Equal(expected, error.Kind);
        Assert.InRange(error.Offset, 0, hex.Length / 2);
        Assert.NotEmpty(error.ToString());
    }

    [Fact]
    public void Records_before_the_damage_are_delivered()
    {
        var stream = new MemoryStream();
        var writer = new PcapngWriter(stream);
        writer.AddInterface(LinkType.Ethernet);
        writer.Write(0, Frame, 1);
        long whole = stream.Length;
        writer.Write(0, Frame, 2);
        (List<CaptureRecord> records, CaptureError error) = ReadAll(stream.ToArray()[..^5]);
        Assert.Single(records);
        Assert.Equal((CaptureErrorKind.Truncated, whole), (error.Kind, error.Offset));
    }

    [Fact]
    public void A_huge_unknown_block_is_skipped_in_bounded_memory()
    {
        var head = new Words(false).U32(0x0A0D0D0A).U32(28).U32(0x1A2B3C4D).U16(1).U16(0).U32(uint.MaxValue).U32(uint.MaxValue).U32(28)
            .U32(0xBAD).U32(0x7FFF_FFFC);
        long before = GC.GetAllocatedBytesForCurrentThread();
        (List<CaptureRecord> records, CaptureError error) = ReadAll(head.ToArray());
        Assert.Empty(records);
        Assert.Equal(CaptureErrorKind.Truncated, error.Kind);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    [Fact]
    public void Any_bytes_end_in_records_or_an_error()
    {
        var stream = new MemoryStream();
        var writer = new PcapngWriter(stream, "fuzz");
        writer.AddInterface(LinkType.Ethernet, "a");
        writer.Write(0, Frame, 1, comment: "c");
        writer.Write(0, Frame, 2);
        var classic = new MemoryStream();
        var pcap = new PcapWriter(classic);
        pcap.Write(Frame, 1);
        pcap.Write(Frame, 2);
        byte[][] seeds = [stream.ToArray(), classic.ToArray()];
        var random = new Random(8);
        int delivered = 0;
        for (int i = 0; i < 100_000; i++)
        {
            byte[] bytes = (byte[])seeds[i & 1].Clone();
            for (int n = random.Next(5); n > 0; n--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            if (random.Next(2) == 0)
            {
                bytes = bytes[..random.Next(bytes.Length + 1)];
            }

            var reader = CaptureReader.Open(new MemoryStream(bytes));
            int count = 0;
            while (reader.TryRead(out CaptureRecord record))
            {
                delivered += record.Data.Length >= 0 ? 1 : 0;
                Assert.True(++count < 100);
            }
        }

        Assert.True(delivered > 50_000, $"only {delivered} records");
    }

    private static (List<CaptureRecord> Records, CaptureError Error) ReadAll(byte[] bytes)
    {
        CaptureReader reader = CaptureReader.Open(new MemoryStream(bytes));
        List<CaptureRecord> records = [];
        while (reader.TryRead(out CaptureRecord record))
        {
            records.Add(record with { Data = record.Data.ToArray() });
        }

        return (records, reader.Error);
    }

    /// <summary>Words of either byte order.</summary>
    private sealed class Words(bool bigEndian)
    {
        private readonly MemoryStream _stream = new();

        public Words U32(uint value)
        {
            byte[] octets = new byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(octets, bigEndian ? value : BinaryPrimitives.ReverseEndianness(value));
            return Raw(octets);
        }

        public Words U16(ushort value)
        {
            byte[] octets = new byte[2];
            BinaryPrimitives.WriteUInt16BigEndian(octets, bigEndian ? value : BinaryPrimitives.ReverseEndianness(value));
            return Raw(octets);
        }

        public Words Raw(byte[] octets)
        {
            _stream.Write(octets);
            return this;
        }

        public byte[] ToArray() => _stream.ToArray();
    }
}
