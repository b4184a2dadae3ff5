using Xunit;

namespace Overlay.Host.Tests;

public sealed class CommandLineTests
{
    [Fact]
    public void Arguments_bind()
    {
        Assert.Equal(new CommandLine(CommandAction.Run, CommandLine.DefaultFile), CommandLine.Parse([]));
        Assert.Equal(new CommandLine(CommandAction.Run, "/a"), CommandLine.Parse(["--config", "/a", "--foreground"]));
        Assert.Equal(new CommandLine(CommandAction.Run, "/a=b"), CommandLine.Parse(["--config=/a=b"]));
        Assert.Equal(new CommandLine(CommandAction.Check, "/a", Json: true), CommandLine.Parse(["--check", "/a", "-o", "json"]));
        Assert.Equal(CommandAction.Version, CommandLine.Parse(["--version"]).Action);
        Assert.Equal(CommandAction.Help, CommandLine.Parse(["--help"]).Action);
    }

    [Theory]
    [InlineData("--config")]
    [InlineData("--config=")]
    [InlineData("--verbose")]
    [InlineData("file.yaml")]
    [InlineData("-o", "xml")]
    public void Anything_else_is_refused(params string[] args) => Assert.NotNull(CommandLine.Parse(args).Fault);
}
