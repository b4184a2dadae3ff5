using Overlay.Cli.Screen;
using Overlay.Cli.Verbs;

namespace Overlay.Cli.Tests.Screen;

public sealed class NarrowTests
{
    [Fact]
    public void A_narrow_terminal_loses_columns_that_may_be_missed_and_says_so()
    {
        Assert.Equal("PEER  STATE  TX  ADDRESS\nb     up      1  192.0.2.2\n", Render(null));
        Assert.Equal("PEER  STATE  TX  ADDRESS\nb     up      1  192.0.2.2\n", Render(26));
        Assert.Equal("PEER  STATE  ADDRESS\nb     up     192.0.2.2\n(no room for TX; a wider terminal or -o json has all)\n", Render(25));
        Assert.Equal("PEER  ADDRESS\nb     192.0.2.2\n(no room for STATE, TX; a wider terminal or -o json has all)\n", Render(10));
    }

    [Fact]
    public void A_problem_is_broken_between_words_and_its_command_stays_whole()
    {
        StringWriter output = new() { NewLine = "\n" };
        Terminal terminal = new(output, TextWriter.Null, colour: false, live: true, static () => (40, 24));
        terminal.Problem("the link of eth0 is down and nothing can be sent there", "ip -br link show eth0 and more to copy as it is");
        string[] lines = output.ToString().TrimEnd('\n').Split('\n');
        Assert.Equal("  Next: ip -br link show eth0 and more to copy as it is", lines[^1]);
        Assert.All(lines[..^1], line => Assert.InRange(line.Length, 3, 40));
        Assert.Equal("! the link of eth0 is down and nothing can be sent there.", string.Join(' ', lines[..^1].Select(line => line.Trim())));
    }

    [Fact]
    public async Task A_watch_paints_over_what_is_there_and_gives_the_cursor_back()
    {
        StringWriter output = new() { NewLine = "\n" };
        Terminal terminal = new(output, TextWriter.Null, colour: false, live: true, static () => (40, 4));
        using CancellationTokenSource stop = new();
        int looks = 0;
        int code = await Watcher.RunAsync(
            terminal,
            watch: true,
            TimeSpan.FromMilliseconds(1),
            _ =>
            {
                if (++looks == 2) stop.Cancel();
                return Task.FromResult(new Look(0, () => terminal.Out.Write("1\n2\n3\n4\n"), null));
            },
            stop.Token);
        Assert.Equal(ExitCode.Ok, code);
        Assert.Equal("\e[?25l\e[H\e[J1\e[K\n2\e[K\n(2 more lines: a taller terminal, or without --watch)\e[K\n\e[J\e[H1\e[K\n2\e[K\n(2 more lines: a taller terminal, or without --watch)\e[K\n\e[J\e[?25h", output.ToString());
    }

    private static string Render(int? columns)
    {
        StringWriter output = new() { NewLine = "\n" };
        Table table = new("PEER", "?STATE", "?>TX", "ADDRESS");
        table.Add("b", "up", 1, "192.0.2.2");
        table.WriteTo(new Terminal(output, TextWriter.Null, colour: false, live: columns is not null, columns is { } c ? () => (c, 24) : null));
        return output.ToString();
    }
}
