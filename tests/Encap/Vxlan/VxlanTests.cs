using Overlay.Encap.Vxlan;

namespace Overlay.Encap.Tests.Vxlan;

public sealed class VxlanTests
{
    private static readonly VxlanParseOptions Plain = new(Strict: false);
    private static readonly VxlanParseOptions Gbp = new(Gbp: true);
    private static readonly VxlanParseOptions Gpe = new(Gpe: GpeHandling.Accept);

    [Theory]
    [InlineData(0x000000u, "0800000000000000")]
    [InlineData(0xFFFFFFu, "08000000ffffff00")]
    [InlineData(0x123456u, "0800000012345600")]
    public void A_plain_header_has_the_I_flag_and_zero_reserved_bits(uint vni, string expected)
    {
        byte[] buffer = Bytes.Dirty(9);
        new VxlanHeader(new Vni(vni)).WriteTo(buffer);
        Assert.Equal(expected + "a5", Bytes.Text(buffer));
    }

    [Theory]
    [InlineData(0x0000, false, false, "0800000000006400")]
    [InlineData(0xFFFF, false, false, "8800ffff00006400")]
    [InlineData(0x0000, true, false, "8840000000006400")]
    [InlineData(0x0000, false, true, "8808000000006400")]
    [InlineData(0x1234, true, true, "8848123400006400")]
    public void The_group_policy_word_is_written_when_it_says_something(int id, bool dontLearn, bool applied, string expected)
    {
        byte[] buffer = Bytes.Dirty(8);
        new VxlanHeader(new Vni(100), (ushort)id, dontLearn, applied).WriteTo(buffer);
        Assert.Equal(expected, Bytes.Text(buffer));
    }

    // Isolation vectors: a field all ones with its neighbours zero, and the reverse.
    [Theory]
    [InlineData("0800000000000000", 0u, 0, 0)]
    [InlineData("08000000ffffff00", 0xFFFFFFu, 0, 0)]
    [InlineData("fbffffff000000ff", 0u, 0xFFFF, 0xFFFF)]
    [InlineData("88000000ffffff00", 0xFFFFFFu, 0, 0)]
    [InlineData("8800ffff00000000", 0u, 0xFFFF, 0)]
    [InlineData("8848000000000000", 0u, 0, 0xFFFF)]
    public void Fields_do_not_leak_into_each_other(string hex, uint vni, int policy, int flagsAD)
    {
        _ = VxlanView.Parse(Bytes.Hex(hex), new VxlanParseOptions(Gbp: true, Gpe: GpeHandling.Ignore), out VxlanView view);
        Assert.Equal(vni, view.Vni.Value);
        Assert.Equal(policy, view.GbpPolicyId);
        Assert.Equal(flagsAD != 0, view.GbpDontLearn);
        Assert.Equal(flagsAD != 0, view.GbpPolicyApplied);
        Assert.Equal(hex.StartsWith("fb", StringComparison.Ordinal), view.HasReservedBits);
    }

    [Theory]
    [InlineData(0x40, true, false)]
    [InlineData(0x08, false, true)]
    [InlineData(0xB7, false, false)]
    public void D_and_A_are_single_bits(int octet, bool dontLearn, bool applied)
    {
        byte[] header = Bytes.Hex("8800000000006400");
        header[1] = (byte)octet;
        Assert.Equal(ParseStatus.Ok, VxlanView.Parse(header, Gbp, out VxlanView view));
        Assert.Equal(dontLearn, view.GbpDontLearn);
        Assert.Equal(applied, view.GbpPolicyApplied);
        Assert.Equal(octet == 0xB7, view.HasReservedBits);
    }

    [Theory]
    [InlineData("3c00000300006400", 3, true, false, false, 3)]
    [InlineData("0c0000ff00006400", 0, true, false, false, 255)]
    [InlineData("0d00000300006400", 0, true, true, false, 3)]
    [InlineData("0e00000300006400", 0, true, false, true, 3)]
    [InlineData("0800000000006400", 0, false, false, false, 0)]
    public void Gpe_bits_are_told_apart(string hex, int version, bool next, bool oam, bool bum, int protocol)
    {
        _ = VxlanView.Parse(Bytes.Hex(hex), Gpe, out VxlanView view);
        Assert.Equal(version, view.GpeVersion);
        Assert.Equal(next, view.GpePresent);
        Assert.Equal(oam, view.GpeOam);
        Assert.Equal(bum, view.GpeBum);
        Assert.Equal(protocol, view.GpeNextProtocol);
    }

    [Theory]
    [InlineData("0c00000300006400", false)]
    [InlineData("0c00000100006400", false)]
    [InlineData("0c00010300006400", true)]
    [InlineData("0c80000300006400", true)]
    [InlineData("0c00000300006401", true)]
    public void The_next_protocol_is_not_reserved_where_the_extension_is_on(string hex, bool reserved)
    {
        ParseStatus status = VxlanView.Parse(Bytes.Hex(hex), new VxlanParseOptions(Strict: true, Gpe: GpeHandling.Accept), out VxlanView view);
        Assert.Equal(reserved, view.HasReservedBits);
        Assert.Equal(reserved ? ParseStatus.ReservedBitsSet : ParseStatus.Ok, status);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void A_header_that_is_not_whole_is_truncated(int length)
    {
        Assert.Equal(ParseStatus.OuterTruncated, VxlanView.Parse(new byte[length], Plain, out _));
    }

    [Theory]
    [InlineData("0000000000006400")]
    [InlineData("f7ffffff00006400")]
    public void Without_the_I_flag_there_is_no_vni(string hex)
    {
        Assert.Equal(ParseStatus.VxlanNoVniFlag, VxlanView.Parse(Bytes.Hex(hex), new VxlanParseOptions(Gpe: GpeHandling.Ignore), out _));
    }

    [Theory]
    [InlineData("1800000000006400")]
    [InlineData("2800000000006400")]
    [InlineData("4800000000006400")]
    [InlineData("0900000000006400")]
    [InlineData("0a00000000006400")]
    [InlineData("0880000000006400")]
    [InlineData("0800010000006400")]
    [InlineData("0800000100006400")]
    [InlineData("0800000000006401")]
    [InlineData("8800000100006400")]
    public void Reserved_bits_are_ignored_unless_strict(string hex)
    {
        byte[] header = Bytes.Hex(hex);
        Assert.Equal(ParseStatus.Ok, VxlanView.Parse(header, Plain, out VxlanView view));
        Assert.True(view.HasReservedBits);
        Assert.Equal(ParseStatus.ReservedBitsSet, VxlanView.Parse(header, new VxlanParseOptions(Strict: true), out _));
    }

    [Fact]
    public void The_group_policy_word_is_not_reserved_where_the_extension_is_on()
    {
        byte[] header = Bytes.Hex("8848123400006400");
        Assert.Equal(ParseStatus.Ok, VxlanView.Parse(header, new VxlanParseOptions(Strict: true, Gbp: true), out VxlanView view));
        Assert.False(view.HasReservedBits);
        header[0] = 0x08;
        Assert.Equal(ParseStatus.ReservedBitsSet, VxlanView.Parse(header, new VxlanParseOptions(Strict: true, Gbp: true), out _));
    }

    [Theory]
    [InlineData("0c00000100006400", ParseStatus.VxlanGpeUnsupported)]
    [InlineData("0c00000000006400", ParseStatus.VxlanGpeUnsupported)]
    [InlineData("0c00000400006400", ParseStatus.VxlanGpeUnsupported)]
    [InlineData("0c00000300006400", ParseStatus.Ok)]
    public void A_next_protocol_other_than_ethernet_is_refused_in_every_mode(string hex, ParseStatus expected)
    {
        byte[] header = Bytes.Hex(hex);
        Assert.Equal(expected, VxlanView.Parse(header, Plain, out _));
        Assert.Equal(expected == ParseStatus.Ok ? ParseStatus.ReservedBitsSet : expected, VxlanView.Parse(header, new VxlanParseOptions(Strict: true), out _));
        Assert.Equal(expected, VxlanView.Parse(header, Gbp, out _));
        Assert.Equal(ParseStatus.Ok, VxlanView.Parse(header, new VxlanParseOptions(Gpe: GpeHandling.Ignore), out _));
    }

    [Fact]
    public void The_inner_frame_is_what_follows_the_header()
    {
        byte[] payload = Bytes.Concat(Bytes.Hex("0800000000006400"), Bytes.InnerFrame());
        Assert.Equal(ParseStatus.Ok, VxlanView.Parse(payload, Plain, out VxlanView view));
        Assert.Equal(Bytes.Text(Bytes.InnerFrame()), Bytes.Text(view.Inner));
    }
}
