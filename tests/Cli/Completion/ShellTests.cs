using Overlay.Cli.Tests.Kit;

namespace Overlay.Cli.Tests.Completion;

/// <summary>The committed scripts in the real shells, against a daemon that answers, one that hangs and none at all.</summary>
public sealed class ShellTests
{
    private const string Names = "--socket SOCKET";

    public static TheoryData<string, string, string> Lines
    {
        get
        {
            TheoryData<string, string, string> lines = [];
            foreach (string shell in (string[])["bash", "zsh", "fish"])
            {
                lines.Add(shell, "overlayctl conf", "config");
                lines.Add(shell, "overlayctl fdb ", "flush moves show unfreeze why");
                lines.Add(shell, "overlayctl fdb show --v", "--vni");
                lines.Add(shell, "overlayctl fdb show -o ", "json table");
                lines.Add(shell, "overlayctl fdb show -o j", "json");
                lines.Add(shell, "overlayctl --socket /nowhere lab up --underlay ", "ipv4 ipv6");
                lines.Add(shell, $"overlayctl {Names} fdb show --vni ", "100 200");
                lines.Add(shell, $"overlayctl {Names} fdb flush --peer ", "b c");
                lines.Add(shell, $"overlayctl {Names} fdb flush --port ", "db web");
                lines.Add(shell, $"overlayctl doctor {Names} mtu c", "c");
                lines.Add(shell, "overlayctl --socket /nowhere fdb show --vni ", "");
                lines.Add(shell, "overlayctl nonsense ", "");
            }

            return lines;
        }
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public async Task A_shell_offers_what_the_command_line_may_go_on_with(string shell, string line, string expected)
    {
        Shell.Require(shell);
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/status", 200, Samples.Json(Shell.Names)));
        IReadOnlyList<string> offered = await Shell.CompleteAsync(shell, line.Replace("SOCKET", daemon.Socket, StringComparison.Ordinal));
        Assert.Equal(expected, string.Join(' ', offered));
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("fish")]
    [InlineData("zsh")]
    public async Task An_equals_sign_parts_an_option_from_its_value(string shell)
    {
        Shell.Require(shell);
        IReadOnlyList<string> offered = await Shell.CompleteAsync(shell, "overlayctl lab up --encap=g");
        Assert.Equal(shell == "fish" ? "--encap=geneve" : "geneve", Assert.Single(offered));
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("fish")]
    [InlineData("zsh")]
    public async Task Names_with_what_a_shell_would_run_are_not_offered(string shell)
    {
        Shell.Require(shell);
        string hostile = Samples.Json(Shell.Names with { Peers = [Shell.Names.Peers[0] with { Peer = "$(touch /tmp/overlay-completed)" }, Shell.Names.Peers[0] with { Peer = "good" }] });
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/status", 200, hostile));
        Assert.Equal(["good"], await Shell.CompleteAsync(shell, $"overlayctl --socket {daemon.Socket} fdb flush --peer "));
        Assert.False(File.Exists("/tmp/overlay-completed"));
    }

    [Theory]
    [InlineData("bash", "deploy/completions/overlayctl.bash")]
    [InlineData("zsh", "deploy/completions/_overlayctl")]
    [InlineData("fish", "deploy/completions/overlayctl.fish")]
    public async Task The_committed_script_is_what_the_tool_prints(string shell, string file)
    {
        Ctl ctl = await Ctl.RunAsync("completion", shell);
        Assert.Equal(ExitCode.Ok, ctl.Code);
        Assert.True(await File.ReadAllTextAsync(RepositoryFiles.PathOf(file), TestContext.Current.CancellationToken) == ctl.Out, $"{file} is out of date. Next: scripts/generate");
    }

    [Fact]
    public async Task Names_are_silent_about_a_daemon_that_does_not_answer()
    {
        Ctl ctl = await Ctl.RunAsync("completion", "names", "peers", "--socket", "/nowhere");
        Assert.Equal(new Ctl(ExitCode.Ok, string.Empty, string.Empty), ctl);
    }

    [Fact]
    public async Task Names_do_not_wait_for_a_daemon_that_hangs()
    {
        using HungSocket hung = new();
        Task<Ctl> names = Ctl.RunAsync("completion", "names", "peers", "--socket", hung.Path);
        Ctl ctl = await names.WaitAsync(TimeSpan.FromSeconds(8), TestContext.Current.CancellationToken);
        Assert.Equal(new Ctl(ExitCode.Ok, string.Empty, string.Empty), ctl);
    }
}
