using System.Diagnostics;
using Xunit;

namespace Overlay.Host.Tests.Composition;

/// <summary>Signals at any moment of a start or reload, and two daemons where one should be.</summary>
public sealed class StartAndStopTests
{
    private const int Terminated = 128 + 15;

    [Fact]
    public async Task SIGTERM_at_any_moment_of_the_start_ends_the_process()
    {
        for (var i = 0; i < 8; i++)
        {
            await using var daemon = new RunningDaemon();
            var (vxlan, geneve) = RunningDaemon.FreePorts();
            daemon.Configure(vxlan, geneve);
            daemon.Start();
            while (!daemon.Log.Contains("starts as", StringComparison.Ordinal))
            {
                await Task.Delay(1, TestContext.Current.CancellationToken);
            }

            await Task.Delay(i * 25, TestContext.Current.CancellationToken);
            daemon.Signal("TERM");
            var began = Stopwatch.GetTimestamp();

            // Before it listens to signals it is ended by this one, as every program.
            Assert.Contains(await daemon.ExitCodeAsync(), new[] { 0, Terminated });
            Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(12), daemon.Log);
            Assert.DoesNotContain("Unhandled", daemon.Log, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task SIGTERM_beside_a_reload_ends_the_process_in_order()
    {
        await using var daemon = new RunningDaemon();
        var (vxlan, geneve) = RunningDaemon.FreePorts();
        daemon.Configure(vxlan, geneve);
        daemon.Start();
        daemon.Notified("READY=1");
        await File.WriteAllTextAsync(daemon.File, daemon.Text.Replace("127.0.0.2", "127.0.0.3", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        daemon.Signal("HUP");
        daemon.Signal("TERM");
        Assert.Equal(0, await daemon.ExitCodeAsync());
    }

    [Fact]
    public async Task A_second_daemon_with_the_same_state_directory_refuses_to_start()
    {
        await using var first = new RunningDaemon();
        await using var second = new RunningDaemon();
        var (vxlan, geneve) = RunningDaemon.FreePorts();
        first.Configure(vxlan, geneve);
        first.Start();
        first.Notified("READY=1");
        (vxlan, geneve) = RunningDaemon.FreePorts();
        second.Configure(vxlan, geneve);
        await File.WriteAllTextAsync(second.File, second.Text.Replace($"{second.Folder}/state", $"{first.Folder}/state", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        second.Start();
        Assert.Equal(1, await second.ExitCodeAsync());
        Assert.Contains("another overlayd keeps its state in", second.Log, StringComparison.Ordinal);

        // It ends with the process, however that ends.
        first.Signal("KILL");
        await first.ExitCodeAsync();
        second.Start();
        second.Notified("READY=1");
    }
}
