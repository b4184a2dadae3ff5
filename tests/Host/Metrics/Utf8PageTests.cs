using System.Text;
using Overlay.Host.Metrics;
using Xunit;

namespace Overlay.Host.Tests.Metrics;

public sealed class Utf8PageTests
{
    [Theory]
    [InlineData("plain-1.2_x", true, "plain-1.2_x")]
    [InlineData("a\"b\\c\nd", true, "a\\\"b\\\\c\\nd")]
    [InlineData("a\"b\\c\nd", false, "a\"b\\\\c\\nd")]
    [InlineData("naïve\"€𝄞", true, "naïve\\\"€𝄞")]
    public void A_value_cannot_end_its_quotes_or_its_line(string value, bool quotes, string expected)
    {
        using var page = new Utf8Page();
        page.Escaped(value, quotes);
        Assert.Equal(expected, Encoding.UTF8.GetString(page.Written.Span));
    }

    [Fact]
    public void It_grows_and_keeps_what_it_has()
    {
        using var page = new Utf8Page();
        var expected = new StringBuilder();
        for (var i = 0; i < 50_000; i++)
        {
            page.Number(i);
            page.Octet((byte)' ');
            page.Number(i / 7.0);
            page.Text("\n");
            expected.Append(System.Globalization.CultureInfo.InvariantCulture, $"{i} {i / 7.0}\n");
        }

        Assert.Equal(expected.ToString(), Encoding.UTF8.GetString(page.Written.Span));
    }
}
