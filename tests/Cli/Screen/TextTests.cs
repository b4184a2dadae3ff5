using Overlay.Cli.Screen;

namespace Overlay.Cli.Tests.Screen;

public sealed class TextTests
{
    [Theory]
    [InlineData("plain-name_1", "plain-name_1")]
    [InlineData("a\nb", "a\\x0ab")]
    [InlineData("\e[2Jgone", "\\x1b[2Jgone")]
    [InlineData("bell\a tab\t del\u007f", "bell\\x07 tab\\x09 del\\x7f")]
    [InlineData("c1\u009bcsi", "c1\\x9bcsi")]
    [InlineData("abc\u202edef", "abc\\u{202e}def")]
    [InlineData("zero\u200bwidth", "zero\\u{200b}width")]
    [InlineData("line\u2028sep", "line\\u{2028}sep")]
    [InlineData("Köln 東京", "Köln 東京")]
    public void A_name_can_neither_drive_the_terminal_nor_forge_a_line(string name, string shown) => Assert.Equal(shown, Text.Escape(name));

    [Fact]
    public void Half_a_surrogate_is_replaced() => Assert.Equal("a\ufffdb", Text.Escape("a\ud800b"));

    [Theory]
    [InlineData(0.0, "0s")]
    [InlineData(59.9, "59s")]
    [InlineData(192.0, "3m12s")]
    [InlineData(3720.0, "1h02m")]
    [InlineData(183600.0, "2d03h")]
    [InlineData(null, "-")]
    public void A_duration_has_two_units_at_most(double? seconds, string shown) => Assert.Equal(shown, Text.Duration(seconds));

    [Theory]
    [InlineData(0, "0")]
    [InlineData(950, "950")]
    [InlineData(999.6, "1.00k")]
    [InlineData(12345, "12.3k")]
    [InlineData(99960, "100k")]
    [InlineData(1_200_000, "1.20M")]
    [InlineData(5.6e12, "5600G")]
    public void A_rate_has_three_digits_and_a_prefix(double rate, string shown) => Assert.Equal(shown, Text.Rate(rate));

    [Theory]
    [InlineData(0.00031, "310us")]
    [InlineData(0.0012, "1.20ms")]
    [InlineData(2.5, "2.5s")]
    [InlineData(null, "-")]
    public void A_latency_names_its_unit(double? seconds, string shown) => Assert.Equal(shown, Text.Latency(seconds));

    [Theory]
    [InlineData("192.0.2.1", 4789, "192.0.2.1:4789")]
    [InlineData("2001:db8::1", 6081, "[2001:db8::1]:6081")]
    [InlineData("2001:db8::1", null, "2001:db8::1")]
    [InlineData(null, 1, "-")]
    public void An_end_point_is_written_as_in_a_url(string? address, int? port, string shown) => Assert.Equal(shown, Text.EndPoint(address, port));

    [Theory]
    [InlineData("/etc/overlay/overlayd.yaml", "/etc/overlay/overlayd.yaml")]
    [InlineData("my file", "'my file'")]
    [InlineData("it's", "'it'\\''s'")]
    [InlineData("", "''")]
    [InlineData("a;rm -rf b", "'a;rm -rf b'")]
    public void An_advised_argument_survives_a_shell(string argument, string shown) => Assert.Equal(shown, Text.Quote(argument));
}
