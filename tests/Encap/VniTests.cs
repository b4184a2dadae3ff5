namespace Overlay.Encap.Tests;

public sealed class VniTests
{
    [Theory]
    [InlineData(0L, true)]
    [InlineData(16_777_215L, true)]
    [InlineData(16_777_216L, false)]
    [InlineData(-1L, false)]
    [InlineData(4_294_967_296L, false)]
    public void Only_24_bits_make_a_vni(long value, bool legal)
    {
        Assert.Equal(legal, Vni.TryCreate(value, out Vni vni));
        Assert.Equal(legal ? (uint)value : 0u, vni.Value);
    }

    [Theory]
    [InlineData("0", true)]
    [InlineData("16777215", true)]
    [InlineData("16777216", false)]
    [InlineData("-1", false)]
    [InlineData(" 1", false)]
    [InlineData("0x10", false)]
    [InlineData("99999999999999999999", false)]
    [InlineData("", false)]
    public void Text_is_decimal_digits(string text, bool legal)
    {
        Assert.Equal(legal, Vni.TryParse(text, out _));
    }

    [Fact]
    public void Three_octets_round_trip_and_the_neighbours_stay()
    {
        byte[] buffer = Bytes.Dirty(5);
        new Vni(0x123456).WriteTo(buffer.AsSpan(1));
        Assert.Equal("a5123456a5", Bytes.Text(buffer));
        Assert.Equal(0x123456u, Vni.Read(buffer.AsSpan(1)).Value);
        Assert.Equal(Vni.Max, Vni.FromHeaderWord(0xFFFF_FF00));
        Assert.Equal(Vni.Zero, Vni.FromHeaderWord(0x0000_00FF));
    }

    [Fact]
    public void Out_of_range_constructor_arguments_throw()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new Vni(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Vni(0x100_0000));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Vni(0x100_0000u));
    }
}
