using System.Diagnostics;
using System.Net.Sockets;
using Overlay.Cli.Tests.Kit;

namespace Overlay.Cli.Tests.Verbs;

public sealed class DaemonAbsentTests
{
    [Theory]
    [InlineData("status")]
    [InlineData("status --watch")]
    [InlineData("status -o json")]
    [InlineData("fdb show")]
    [InlineData("fdb why 02:00:00:00:00:01 --vni 100")]
    [InlineData("drops")]
    [InlineData("drops --watch -o json")]
    [InlineData("config reload")]
    [InlineData("config reload -o json")]
    public async Task Without_a_daemon_a_verb_ends_with_3_within_a_second(string line)
    {
        // The second is the verb's own; a machine that is busy with something else gets two more tries.
        TimeSpan took = TimeSpan.MaxValue;
        Ctl ctl = null!;
        for (int i = 0; i < 3 && took >= TimeSpan.FromSeconds(1); i++)
        {
            long began = Stopwatch.GetTimestamp();
            ctl = await Ctl.RunAsync([.. line.Split(' '), "--socket", "/nonexistent/overlayd.sock"]);
            took = Stopwatch.GetElapsedTime(began);
        }

        Assert.True(took < TimeSpan.FromSeconds(1), $"{took.TotalMilliseconds:0} ms at best of three");
        Assert.Equal(ExitCode.Degraded, ctl.Code);
        Assert.Empty(ctl.Out);
        Assert.Equal("overlayctl: overlayd is not running: nothing answers at /nonexistent/overlayd.sock. Next: overlayctl doctor\n", ctl.Error);
    }

    [Fact]
    public async Task A_socket_that_a_dead_daemon_left_is_a_daemon_that_does_not_run()
    {
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        using (Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)) socket.Bind(new UnixDomainSocketEndPoint(path));
        try
        {
            await File.WriteAllTextAsync(path + ".x", string.Empty);
            Ctl ctl = await Ctl.RunAsync("status", "--socket", path);
            Assert.Equal(ExitCode.Degraded, ctl.Code);
        }
        finally
        {
            File.Delete(path);
            File.Delete(path + ".x");
        }
    }

    [Fact]
    public async Task A_path_too_long_for_a_socket_is_wrong_usage()
    {
        Ctl ctl = await Ctl.RunAsync("status", "--socket", "/" + new string('x', 200));
        Assert.Equal(ExitCode.Usage, ctl.Code);
        Assert.Contains("too long", ctl.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Version_says_that_the_daemon_does_not_run()
    {
        Ctl ctl = await Ctl.RunAsync("version", "--socket", "/nonexistent/overlayd.sock");
        Assert.Equal(ExitCode.Ok, ctl.Code);
        Assert.Contains("not running", ctl.Out, StringComparison.Ordinal);
    }
}
