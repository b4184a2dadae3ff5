using Overlay.Cli.Tests.Kit;

namespace Overlay.Cli.Tests.Manual;

public sealed class PageTests
{
    private static string[] Pages => ["overlayctl.8", "overlayd.8", "overlayd.yaml.5"];

    [Fact]
    public async Task The_committed_page_is_what_the_tool_prints()
    {
        Ctl ctl = await Ctl.RunAsync("man");
        Assert.True(await File.ReadAllTextAsync(PathOf("overlayctl.8"), TestContext.Current.CancellationToken) == ctl.Out, "deploy/man/overlayctl.8 is out of date. Next: scripts/generate");
    }

    [Fact]
    public async Task Groff_has_no_warning_about_any_page()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/groff"), "groff is not installed");
        foreach (string page in Pages)
        {
            (int code, string output, string error) = await CtlProcess.RunAsync("groff", "-man", "-ww", "-Tutf8", "-rLL=78n", "-P-cbou", PathOf(page));
            Assert.Equal(0, code);
            Assert.Empty(error);
            Assert.Contains("NAME", output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Every_verb_and_option_is_in_the_page()
    {
        Ctl page = await Ctl.RunAsync("man");
        string text = page.Out.Replace("\\-", "-", StringComparison.Ordinal);
        foreach (Overlay.Cli.Completion.CommandShape command in Overlay.Cli.Completion.CommandShape.Of(CommandTree.Create(Screen())).All().Skip(1))
        {
            Assert.Contains($"overlayctl {command.Path}", text, StringComparison.Ordinal);
            Assert.All(command.Options, option => Assert.Contains(option.Name, text, StringComparison.Ordinal));
        }
    }

    private static Overlay.Cli.Screen.Terminal Screen() => new(TextWriter.Null, TextWriter.Null, colour: false, live: false);

    private static string PathOf(string page) => RepositoryFiles.PathOf("deploy", "man", page);
}
