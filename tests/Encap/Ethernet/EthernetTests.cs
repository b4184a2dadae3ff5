using Overlay.Encap.Ethernet;

namespace Overlay.Encap.Tests.Ethernet;

public sealed class EthernetTests
{
    [Fact]
    public void Every_octet_of_a_header_is_written_and_read_back()
    {
        byte[] frame = Bytes.Dirty(15);
        new EthernetHeader(MacAddress.Broadcast, new MacAddress(0x020000000001), 0x0806).WriteTo(frame);
        Assert.Equal("ffffffffffff0200000000010806a5", Bytes.Text(frame));
        Assert.Equal(ParseStatus.Ok, EthernetView.Parse(frame, out EthernetView view));
        Assert.Equal((MacAddress.Broadcast, new MacAddress(0x020000000001), 0x0806, 0, 0), (view.Destination, view.Source, view.EtherType, view.TagCount, view.OuterVid));
        Assert.Equal("a5", Bytes.Text(view.Payload));
    }

    [Theory]
    [InlineData(0x0FFF, 4095, 0, false)]
    [InlineData(0xE000, 0, 7, false)]
    [InlineData(0x1000, 0, 0, true)]
    [InlineData(0xF000, 0, 7, true)]
    [InlineData(0x1FFF, 4095, 0, true)]
    [InlineData(0xEFFF, 4095, 7, false)]
    public void Tag_fields_do_not_leak(int tci, int vid, int priority, bool dei)
    {
        var tag = new VlanTag(0x8100, (ushort)tci);
        Assert.Equal((vid, priority, dei), (tag.Vid, tag.Priority, tag.DropEligible));
        Assert.Equal(tag, new VlanTag(0x8100, priority, dei, vid));
        byte[] buffer = Bytes.Dirty(5);
        tag.WriteTo(buffer);
        Assert.Equal($"8100{tci:x4}a5", Bytes.Text(buffer));
        Assert.Equal(tag, VlanTag.Read(buffer));
    }

    [Fact]
    public void Tags_are_counted_outermost_first()
    {
        byte[] frame = Bytes.Hex("02000000000b02000000000a 88a800c8 8100412c 0806");
        Assert.Equal(ParseStatus.Ok, EthernetView.Parse(frame, out EthernetView view));
        Assert.Equal((2, 200, 0x0806, 22), (view.TagCount, view.OuterVid, view.EtherType, view.PayloadOffset));
        Assert.Equal("88a8/200/p0", view.GetTag(0).ToString());
        Assert.Equal("8100/300/p2", view.GetTag(1).ToString());
    }

    [Fact]
    public void Eight_tags_are_walked_and_the_ninth_is_a_type()
    {
        byte[] frame = Bytes.Concat(new byte[12], [.. Enumerable.Repeat(Bytes.Hex("81000001"), 9).SelectMany(static t => t)], Bytes.Hex("0800"));
        Assert.Equal(ParseStatus.Ok, EthernetView.Parse(frame, out EthernetView view));
        Assert.Equal((8, EtherType.Vlan), (view.TagCount, view.EtherType));
    }

    [Fact]
    public void A_frame_cut_in_a_tag_is_truncated_at_every_octet()
    {
        byte[] frame = Bytes.Hex("02000000000b02000000000a 88a800c8 8100412c 0806");
        for (int length = 0; length < frame.Length; length++)
        {
            Assert.Equal(ParseStatus.InnerTruncated, EthernetView.Parse(frame.AsSpan(0, length), out _));
        }
    }

    [Fact]
    public void A_length_field_is_tolerated()
    {
        Assert.Equal(ParseStatus.Ok, EthernetView.Parse(Bytes.Hex("0180c200000002000000000a 0026 424203"), out EthernetView view));
        Assert.True(view.IsLengthField);
        Assert.True(view.Destination.IsLinkLocalReserved);
    }

    [Fact]
    public void Arp_round_trips_and_wrong_lengths_are_refused()
    {
        byte[] packet = Bytes.Dirty(29);
        var arp = new ArpHeader(ArpHeader.Reply, new MacAddress(1), UnderlayAddress.Parse("10.0.0.1"), new MacAddress(2), UnderlayAddress.Parse("10.0.0.2"));
        arp.WriteTo(packet);
        Assert.Equal("0001080006040002000000000001 0a000001 000000000002 0a000002 a5".Replace(" ", "", StringComparison.Ordinal), Bytes.Text(packet));
        Assert.Equal(ParseStatus.Ok, ArpView.Parse(packet, out ArpView view));
        Assert.Equal(arp, new ArpHeader(view.Operation, view.SenderMac, view.SenderAddress, view.TargetMac, view.TargetAddress));
        Assert.False(view.IsRequest || view.IsGratuitous);
        Assert.Equal(ParseStatus.InnerTruncated, ArpView.Parse(packet.AsSpan(0, 27), out _));
        foreach (int offset in new[] { 0, 1, 2, 3, 4, 5 })
        {
            byte[] bad = (byte[])packet.Clone();
            bad[offset] ^= 1;
            Assert.Equal(ParseStatus.Malformed, ArpView.Parse(bad, out _));
        }
    }

    [Fact]
    public void Any_bytes_are_viewed_without_an_exception()
    {
        byte[][] seeds = [Bytes.InnerFrame(), Bytes.Hex("02000000000b02000000000a 88a800c8 8100412c 8100412c 0806 00010800060400"), new byte[100]];
        var random = new Random(6);
        for (int i = 0; i < 200_000; i++)
        {
            byte[] frame = Bytes.Mutate(random, seeds);
            if (EthernetView.Parse(frame, out EthernetView view) == ParseStatus.Ok)
            {
                Assert.True(view.PayloadOffset <= frame.Length);
                _ = view.EtherType;
                _ = view.OuterVid;
                _ = ArpView.Parse(view.Payload, out _);
            }
        }
    }
}
