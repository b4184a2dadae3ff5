using Overlay.Encap.Geneve;

namespace Overlay.Encap.Tests.Geneve;

public sealed class GeneveTests
{
    // Isolation vectors: a field all ones with its neighbours zero, and the reverse.
    [Theory]
    [InlineData("c000000000000000", 3, 0, false, false, 0, 0u, false)]
    [InlineData("3f00000000000000", 0, 252, false, false, 0, 0u, false)]
    [InlineData("0080000000000000", 0, 0, true, false, 0, 0u, false)]
    [InlineData("0040000000000000", 0, 0, false, true, 0, 0u, false)]
    [InlineData("003f000000000000", 0, 0, false, false, 0, 0u, true)]
    [InlineData("0000ffff00000000", 0, 0, false, false, 0xFFFF, 0u, false)]
    [InlineData("00000000ffffff00", 0, 0, false, false, 0, 0xFFFFFFu, false)]
    [InlineData("00000000000000ff", 0, 0, false, false, 0, 0u, true)]
    [InlineData("3fffffffffffffff", 0, 252, true, true, 0xFFFF, 0xFFFFFFu, true)]
    [InlineData("c0ffffffffffffff", 3, 0, true, true, 0xFFFF, 0xFFFFFFu, true)]
    [InlineData("ff7fffffffffffff", 3, 252, false, true, 0xFFFF, 0xFFFFFFu, true)]
    [InlineData("ffbfffffffffffff", 3, 252, true, false, 0xFFFF, 0xFFFFFFu, true)]
    [InlineData("ffc0ffffffffff00", 3, 252, true, true, 0xFFFF, 0xFFFFFFu, false)]
    [InlineData("ffff0000ffffffff", 3, 252, true, true, 0, 0xFFFFFFu, true)]
    [InlineData("ffffffff000000ff", 3, 252, true, true, 0xFFFF, 0u, true)]
    public void Fields_do_not_leak_into_each_other(
        string hex, int version, int optionsLength, bool oam, bool critical, int protocol, uint vni, bool reserved)
    {
        ParseStatus status = GeneveView.Parse(Bytes.Hex(hex), out GeneveView view);
        Assert.Equal(version != 0 ? ParseStatus.GeneveVersion : optionsLength != 0 ? ParseStatus.OuterTruncated : ParseStatus.Ok, status);
        Assert.Equal(version, view.Version);
        Assert.Equal(optionsLength, view.OptionsLength);
        Assert.Equal(oam, view.Oam);
        Assert.Equal(critical, view.Critical);
        Assert.Equal(protocol, view.ProtocolType);
        Assert.Equal(vni, view.Vni.Value);
        Assert.Equal(reserved, view.HasReservedBits);
    }

    [Theory]
    [InlineData(0u, 0, false, false, "0000655800000000")]
    [InlineData(0xFFFFFFu, 0, false, false, "00006558ffffff00")]
    [InlineData(0u, 252, false, false, "3f00655800000000")]
    [InlineData(0u, 4, true, false, "0140655800000000")]
    [InlineData(0u, 0, false, true, "0080655800000000")]
    public void Every_octet_of_the_fixed_header_is_written(uint vni, int optionsLength, bool critical, bool oam, string expected)
    {
        byte[] buffer = Bytes.Dirty(9);
        new GeneveHeader(new Vni(vni), optionsLength, critical, oam).WriteTo(buffer);
        Assert.Equal(expected + "a5", Bytes.Text(buffer));
    }

    [Theory]
    [InlineData(-4)]
    [InlineData(2)]
    [InlineData(256)]
    public void Impossible_option_lengths_throw(int length)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new GeneveHeader(Vni.Zero, length));
    }

    [Theory]
    [InlineData("ffff0000", 0xFFFF, 0, false, 0, 0)]
    [InlineData("00007f00", 0, 0x7F, false, 0, 0)]
    [InlineData("00008000", 0, 0x80, true, 0, 0)]
    [InlineData("000000e0", 0, 0, false, 7, 0)]
    [InlineData("0000001f", 0, 0, false, 0, 124)]
    [InlineData("0000ffff", 0, 0xFF, true, 7, 124)]
    [InlineData("ffff80ff", 0xFFFF, 0x80, true, 7, 124)]
    [InlineData("ffff7fff", 0xFFFF, 0x7F, false, 7, 124)]
    [InlineData("ffffff1f", 0xFFFF, 0xFF, true, 0, 124)]
    [InlineData("ffffffe0", 0xFFFF, 0xFF, true, 7, 0)]
    public void The_option_octets_split_1_7_and_3_5(string hex, int optionClass, int type, bool critical, int reserved, int dataLength)
    {
        byte[] area = Bytes.Concat(Bytes.Hex(hex), Bytes.Dirty(dataLength));
        GeneveOptionEnumerator walk = new GeneveOptionSet(area).GetEnumerator();
        Assert.True(walk.MoveNext());
        GeneveOptionView option = walk.Current;
        Assert.Equal(optionClass, option.Class);
        Assert.Equal(type, option.Type);
        Assert.Equal(critical, option.IsCritical);
        Assert.Equal(reserved, option.ReservedBits);
        Assert.Equal(dataLength, option.Data.Length);
        Assert.False(walk.MoveNext());
        Assert.False(walk.IsMalformed);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(4, true)]
    public void Every_octet_of_an_option_is_written(int dataLength, bool critical)
    {
        byte[] data = new byte[dataLength];
        data.AsSpan().Fill(0x5A);
        byte[] buffer = Bytes.Dirty(dataLength + 5);
        new GeneveOption(new GeneveOptionId(0x0102, 1), critical, data).WriteTo(buffer);
        Assert.Equal($"0102{(critical ? "81" : "01")}{dataLength / 4:x2}{Bytes.Text(data)}a5", Bytes.Text(buffer));
    }

    [Fact]
    public void The_longest_option_and_the_longest_area_are_written_and_read()
    {
        byte[] longest = new byte[124];
        longest.AsSpan().Fill(0x5A);
        byte[] rest = new byte[120];
        rest.AsSpan().Fill(0xC3);
        var template = EncapTemplate.Geneve([new(new(0xFFFF, 0x7F), false, longest), new(new(0xFFFE, 1), true, rest)]);
        Assert.Equal(260, template.Length);
        byte[] packet = Bytes.Concat(Bytes.Dirty(260), Bytes.InnerFrame());
        template.WriteTo(packet, Vni.Max);
        Assert.Equal(ParseStatus.Ok, GeneveView.Parse(packet, out GeneveView view));
        Assert.Equal(252, view.OptionsLength);
        Assert.True(view.Critical);
        Assert.True(view.Options.IsWellFormed);
        Assert.True(view.Options.TryFind(0xFFFF, 0x7F, out GeneveOptionView first));
        Assert.True(view.Options.TryFind(0xFFFE, 0x81, out GeneveOptionView second));
        Assert.Equal(Bytes.Text(longest), Bytes.Text(first.Data));
        Assert.Equal(Bytes.Text(rest), Bytes.Text(second.Data));
        Assert.Equal(Bytes.Text(Bytes.InnerFrame()), Bytes.Text(view.Inner));
    }

    [Fact]
    public void More_than_63_words_of_options_or_31_of_data_cannot_be_made()
    {
        Assert.Throws<ArgumentException>(() => new GeneveOption(new(1, 1), false, new byte[128]));
        Assert.Throws<ArgumentException>(() => new GeneveOption(new(1, 1), false, new byte[3]));
        var option = new GeneveOption(new(1, 1), false, new byte[124]);
        Assert.Throws<ArgumentException>(() => EncapTemplate.Geneve([option, option]));
    }

    [Fact]
    public void An_option_is_bounded_by_the_area_and_not_by_the_packet()
    {
        // 8 octets of area, an option of 4 + 8: there is packet enough behind, but it is payload.
        byte[] packet = Bytes.Concat(Bytes.Hex("0200655800006400 0102010200000001"), Bytes.InnerFrame());
        Assert.Equal(ParseStatus.Ok, GeneveView.Parse(packet, out GeneveView view));
        Assert.False(view.Options.IsWellFormed);
        Assert.False(view.Options.TryFind(0x0102, 1, out _));
    }

    [Fact]
    public void Sixty_three_empty_options_take_63_steps()
    {
        byte[] area = new byte[252];
        GeneveOptionEnumerator walk = new GeneveOptionSet(area).GetEnumerator();
        int steps = 0;
        while (walk.MoveNext())
        {
            steps++;
        }

        Assert.Equal(63, steps);
        Assert.False(walk.IsMalformed);
        Assert.Equal(0, walk.RemainingLength);
    }

    [Fact]
    public void Template_patches_the_vni_and_nothing_else()
    {
        GeneveOptionRegistry registry = GeneveOptionRegistry.Default;
        var template = EncapTemplate.Geneve([GeneveOption.Policy(registry, 17, false), GeneveOption.Identity(registry, 7, false)]);
        byte[] buffer = Bytes.Dirty(25);
        template.WriteTo(buffer, new Vni(0x010203));
        Assert.Equal("0400655801020300 0102010100000011 0104030100000007 a5".Replace(" ", "", StringComparison.Ordinal), Bytes.Text(buffer));
        template.WriteTo(buffer, Vni.Max);
        Assert.Equal("04006558ffffff00 0102010100000011 0104030100000007 a5".Replace(" ", "", StringComparison.Ordinal), Bytes.Text(buffer));
        buffer = Bytes.Dirty(9);
        EncapTemplate.Vxlan().WriteTo(buffer, Vni.Max);
        Assert.Equal("08000000ffffff00a5", Bytes.Text(buffer));
        EncapTemplate.VxlanGbp(0x1234, policyApplied: true).WriteTo(buffer, new Vni(1));
        Assert.Equal("8808123400000100a5", Bytes.Text(buffer));
    }

    [Fact]
    public void The_critical_form_of_a_registered_option_is_known_too()
    {
        GeneveOptionRegistry registry = GeneveOptionRegistry.Default;
        Assert.True(registry.IsKnown(new GeneveOptionId(0x0102, 0x81)));
        Assert.False(registry.IsKnown(new GeneveOptionId(0x0102, 0x80)));
        Assert.False(GeneveOptionRegistry.Empty.IsKnown(new GeneveOptionId(0, 0)));
        Assert.True(GeneveOptionRegistry.Experimental.IsKnown(new GeneveOptionId(0xFFF2, 3)));
        Assert.Throws<ArgumentException>(() => new GeneveOptionRegistry(new(1, 1), new(1, 0x81), new(1, 2)));
    }
}
