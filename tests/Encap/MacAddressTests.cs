namespace Overlay.Encap.Tests;

public sealed class MacAddressTests
{
    [Fact]
    public void Octets_are_read_and_written_in_wire_order()
    {
        byte[] octets = Bytes.Hex("0123456789ab");
        byte[] written = Bytes.Dirty(8);
        var mac = MacAddress.Read(octets);
        mac.WriteTo(written);
        Assert.Equal(0x0123456789ABul, mac.Value);
        Assert.Equal("0123456789aba5a5", Bytes.Text(written));
    }

    [Theory]
    [InlineData("02:00:00:00:00:01")]
    [InlineData("ff:ff:ff:ff:ff:ff")]
    [InlineData("00:00:00:00:00:00")]
    public void Text_round_trips(string text)
    {
        Assert.True(MacAddress.TryParse(text, out MacAddress mac));
        Assert.Equal(text, mac.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("02:00:00:00:00")]
    [InlineData("02:00:00:00:00:0g")]
    [InlineData("02:00-00:00:00:01")]
    [InlineData("02:00:00:00:00:01 ")]
    [InlineData("+2:00:00:00:00:01")]
    [InlineData("0200.0000.0001")]
    public void Other_text_is_refused(string? text)
    {
        Assert.False(MacAddress.TryParse(text, out _));
    }

    [Theory]
    [InlineData("01:80:c2:00:00:00", true)]
    [InlineData("01:80:c2:00:00:0f", true)]
    [InlineData("01:80:c2:00:00:10", false)]
    [InlineData("01:80:c2:00:01:00", false)]
    public void Link_local_groups_are_the_sixteen_reserved_ones(string text, bool expected)
    {
        Assert.Equal(expected, MacAddress.Parse(text).IsLinkLocalReserved);
    }

    [Fact]
    public void The_group_bit_alone_makes_a_group_address()
    {
        Assert.True(MacAddress.Parse("01:00:00:00:00:00").IsMulticast);
        Assert.False(MacAddress.Parse("fe:ff:ff:ff:ff:ff").IsMulticast);
        Assert.True(MacAddress.Broadcast.IsMulticast && MacAddress.Broadcast.IsBroadcast);
        Assert.True(new MacAddress(0xFFFF_0000_0000_0000).IsZero);
    }
}
