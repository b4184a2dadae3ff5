using System.CommandLine;
using Overlay.Cli.Tests.Kit;

namespace Overlay.Cli.Tests.Verbs;

public sealed class UsageTests
{
    public static TheoryData<string> Wrong =>
    [
        "",
        "no-such-verb",
        "status extra",
        "status --no-such-option",
        "status -o",
        "status -o xml",
        "status --interval 0 --watch",
        "status --interval soon",
        "--socket",
        "fdb",
        "fdb show --vni",
        "fdb show --vni 16777216",
        "fdb show --vni -1",
        "fdb show --vni x",
        "fdb why",
        "fdb why 02:00:00:00:00:01",
        "fdb why --vni 100",
        "fdb why 02:00:00:00:00 --vni 100",
        "fdb why zz --vni 100",
        "fdb moves --vni x",
        "fdb flush",
        "fdb flush --all --vni 100",
        "fdb flush --mac zz",
        "fdb flush --port",
        "fdb unfreeze",
        "fdb unfreeze 02:00:00:00:00:02 --all",
        "fdb unfreeze zz",
        "control",
        "control approve",
        "control approve --plane",
        "control approve --plane evpn --all",
        "vni",
        "vni show --vni x",
        "config",
        "config check a b",
        "lab",
        "lab up --encap gre",
        "lab up --underlay ipx",
        "lab up --vteps 1",
        "lab up --vteps 9",
        "lab up --lab Not/A/Name",
        "lab ping --count 0",
        "lab iperf --time 61",
        "lab iperf --parallel many",
        "lab exec",
        "lab exec a",
        "completion",
        "completion tcsh",
    ];

    public static TheoryData<string> Paths
    {
        get
        {
            TheoryData<string> paths = [];
            foreach (Command command in AllVerbs(CommandTree.Create(Screen())))
            {
                paths.Add(PathOf(command));
            }

            return paths;
        }
    }

    private static string PathOf(Command command) => command.Parents.OfType<Verb>().FirstOrDefault() is { } parent ? $"{PathOf(parent)} {command.Name}" : command.Name;

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Wrong_usage_ends_with_2_and_says_where_help_is(string line)
    {
        Ctl ctl = await Ctl.RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(ExitCode.Usage, ctl.Code);
        Assert.Empty(ctl.Out);
        Assert.NotEmpty(ctl.Error);
        Assert.All(ctl.Error.TrimEnd().Split('\n'), l => Assert.Matches("^overlayctl: .*. Next: overlayctl.* --help$", l));
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Every_verb_explains_itself_with_an_example(string path)
    {
        Ctl ctl = await Ctl.RunAsync([.. path.Split(' '), "--help"]);
        Assert.Equal(ExitCode.Ok, ctl.Code);
        Assert.Contains($"Examples:\n  overlayctl {path}", ctl.Out, StringComparison.Ordinal);
        Assert.Empty(ctl.Error);
    }

    [Fact]
    public async Task Help_of_the_tool_names_every_verb()
    {
        Ctl ctl = await Ctl.RunAsync("--help");
        Assert.Equal(ExitCode.Ok, ctl.Code);
        Assert.Contains("\nExamples:\n  overlayctl ", ctl.Out, StringComparison.Ordinal);
        Assert.All(CommandTree.Create(Screen()).Subcommands.Where(c => !c.Hidden), c => Assert.Contains($"\n  {c.Name} ", ctl.Out, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_version_is_one_line()
    {
        Ctl ctl = await Ctl.RunAsync("--version");
        Assert.Equal(ExitCode.Ok, ctl.Code);
        Assert.Matches("^overlayctl [0-9]+\\.[0-9]+\\.[0-9]+[^\n]*\n$", ctl.Out);
    }

    private static Overlay.Cli.Screen.Terminal Screen() => new(TextWriter.Null, TextWriter.Null, colour: false, live: false);

    private static IEnumerable<Verb> AllVerbs(Command root) => root.Subcommands.OfType<Verb>().SelectMany(v => AllVerbs(v).Prepend(v));
}
