using Overlay.Encap.Ip;

namespace Overlay.Encap.Tests.Ip;

public sealed class EcnAndTosTests
{
    private const int NotEct = 0;
    private const int Ect1 = 1;
    private const int Ect0 = 2;
    private const int Ce = 3;

    // RFC 6040 4.2, figure 4, written out once more in the order of the RFC.
    [Theory]
    [InlineData(NotEct, NotEct, EcnVerdict.NotEct, false)]
    [InlineData(NotEct, Ect0, EcnVerdict.NotEct, true)]
    [InlineData(NotEct, Ect1, EcnVerdict.NotEct, true)]
    [InlineData(NotEct, Ce, EcnVerdict.Drop, true)]
    [InlineData(Ect0, NotEct, EcnVerdict.Ect0, false)]
    [InlineData(Ect0, Ect0, EcnVerdict.Ect0, false)]
    [InlineData(Ect0, Ect1, EcnVerdict.Ect1, false)]
    [InlineData(Ect0, Ce, EcnVerdict.Ce, false)]
    [InlineData(Ect1, NotEct, EcnVerdict.Ect1, false)]
    [InlineData(Ect1, Ect0, EcnVerdict.Ect1, true)]
    [InlineData(Ect1, Ect1, EcnVerdict.Ect1, false)]
    [InlineData(Ect1, Ce, EcnVerdict.Ce, false)]
    [InlineData(Ce, NotEct, EcnVerdict.Ce, false)]
    [InlineData(Ce, Ect0, EcnVerdict.Ce, false)]
    [InlineData(Ce, Ect1, EcnVerdict.Ce, true)]
    [InlineData(Ce, Ce, EcnVerdict.Ce, false)]
    public void Decapsulation_follows_the_table(int inner, int outer, EcnVerdict expected, bool expectedAlarm)
    {
        Assert.Equal(expected, EcnRules.Combine((byte)(inner | 0xB8), (byte)(outer | 0x48), out bool alarm));
        Assert.Equal(expectedAlarm, alarm);
    }

    [Fact]
    public void Encapsulation_copies_the_field_and_CE_too()
    {
        for (int tos = 0; tos < 256; tos++)
        {
            Assert.Equal(tos & 3, EcnRules.Encapsulate((byte)tos));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("81000064")]
    [InlineData("88a800c8 81000064")]
    public void A_rewritten_tos_leaves_a_right_checksum_behind_up_to_two_tags(string tags)
    {
        byte[] frame = Bytes.Concat(Bytes.Hex("02000000000b02000000000a" + tags), Bytes.InnerFrame()[12..]);
        for (int tos = 0; tos < 256; tos++)
        {
            Assert.True(InnerTos.TryRead(frame, out InnerTosLocation location, out _));
            InnerTos.Write(frame, location, (byte)tos);
            Assert.True(InnerTos.TryRead(frame, out _, out byte after));
            Assert.Equal(tos, after);
            Assert.Equal(ParseStatus.Ok, IPv4View.Parse(frame.AsSpan(location.HeaderOffset), out IPv4View view));
            Assert.True(view.IsChecksumValid);
        }
    }

    [Fact]
    public void The_traffic_class_touches_neither_version_nor_flow_label()
    {
        byte[] frame = Bytes.Concat(Bytes.Hex("02000000000b02000000000a86dd 600fffff00000b40"), new byte[32]);
        Assert.True(InnerTos.TryRead(frame, out InnerTosLocation location, out byte tos));
        Assert.True(location.IsIPv6);
        Assert.Equal(0, tos);
        InnerTos.Write(frame, location, 0xFF);
        Assert.Equal("6fffffff", Bytes.Text(frame.AsSpan(14, 4)));
        InnerTos.Write(frame, location, 0);
        Assert.Equal("600fffff", Bytes.Text(frame.AsSpan(14, 4)));
    }

    [Theory]
    [InlineData("02000000000b02000000000a0806 0001")]
    [InlineData("02000000000b02000000000a0800 44000024 00010000401166b40a00000a0a00000b")]
    [InlineData("02000000000b02000000000a0800 4f000024 00010000401166b40a00000a0a00000b")]
    [InlineData("02000000000b02000000000a0800 45000025 00010000401166b40a00000a0a00000b")]
    [InlineData("02000000000b02000000000a0800 45000013 00010000401166b40a00000a0a00000b")]
    [InlineData("02000000000b02000000000a0800 65000014 00010000401166b40a00000a0a00000b")]
    [InlineData("02000000000b02000000000a86dd 4000000000000000")]
    [InlineData("02000000000b02000000000a 81000001 81000001 81000001 0800 45000014 00010000401166b40a00000a0a00000b")]
    [InlineData("02000000000b02000000000a8100")]
    [InlineData("")]
    public void Damaged_or_foreign_headers_are_opaque(string hex)
    {
        Assert.False(InnerTos.TryRead(Bytes.Hex(hex), out _, out _));
    }
}
