using Overlay.Host.Systemd;
using Xunit;

namespace Overlay.Host.Tests.Systemd;

public sealed class ListenDescriptorsTests
{
    [Theory]
    [InlineData("7", "2", "a:b", "a b")]
    [InlineData("7", "3", "a", "a unknown unknown")]
    [InlineData("7", "2", "a:b:c", "a b")]
    [InlineData("7", "2", ":b", "unknown b")]
    [InlineData("7", "1", null, "unknown")]
    [InlineData("7", "1", "", "unknown")]
    [InlineData("8", "2", "a:b", "")]
    [InlineData(null, "2", "a:b", "")]
    [InlineData("", "2", "a:b", "")]
    [InlineData("7x", "2", "a:b", "")]
    [InlineData("-7", "2", "a:b", "")]
    [InlineData("99999999999999999999", "2", "a:b", "")]
    [InlineData("7", "0", "a", "")]
    [InlineData("7", "-1", "a", "")]
    [InlineData("7", "65537", "a", "")]
    [InlineData("7", "4294967297", "a", "")]
    [InlineData("7", " 1", "a", "")]
    [InlineData("7", null, "a", "")]
    public void Names_are_read_as_systemd_writes_them_and_nothing_else_is_believed(string? pid, string? count, string? names, string expected) =>
        Assert.Equal(expected, string.Join(' ', ListenDescriptors.Parse(pid, count, names, 7)));

    [Fact]
    public void The_most_that_is_believed_is_sixty_five_thousand() => Assert.Equal(ListenDescriptors.Max, ListenDescriptors.Parse("7", "65536", "a:b", 7).Count);
}
