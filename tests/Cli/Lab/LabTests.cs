using System.Security.Cryptography;
using Overlay.Cli.Lab;
using Overlay.Cli.Native;
using Overlay.Cli.Tests.Kit;

namespace Overlay.Cli.Tests.Lab;

/// <summary>Labs in real namespaces. Each test has a lab of its own name.</summary>
public sealed class LabTests : IAsyncLifetime
{
    private readonly string _name = "t" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(3));

    public ValueTask InitializeAsync()
    {
        Assert.SkipUnless(Environment.UserName == "root", "needs root (network namespaces)");
        Assert.SkipUnless(File.Exists("/dev/net/tun"), "needs /dev/net/tun");
        Assert.SkipUnless(Tools.Tool.Find("ip") is not null, "needs ip (iproute2)");
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (Environment.UserName == "root") await new LabRemover(new LabStore(_name)).RemoveAsync();
    }

    [Fact]
    public async Task A_daemon_that_ends_at_once_leaves_no_trace_and_its_last_words()
    {
        using TemporaryScript script = new("echo no luck today; exit 7");
        Ctl ctl = await RunAsync("up", "--overlayd", script.Path);
        Assert.Equal(ExitCode.Failure, ctl.Code);
        Assert.Contains("no luck today. Next: overlayctl doctor", ctl.Error, StringComparison.Ordinal);
        AssertNoTrace();
    }

    [Fact]
    public async Task What_a_crash_half_way_left_is_removed()
    {
        LabStore store = new(_name);
        LabState state = new()
        {
            Name = _name,
            Encap = "vxlan",
            Underlay = "ipv4",
            Builder = new LabProcess(int.MaxValue, 0),
            Overlayd = "/bin/true",
            Vteps = [LabPlan.Vtep(store, "ipv4", 0), LabPlan.Vtep(store, "ipv4", 1)],
        };
        Assert.True(store.TryCreate(state));
        await LabNet.IpAsync("netns", "add", state.Vteps[0].Netns);

        // Started in the instant before the crash: in no file, but in the namespace.
        using System.Diagnostics.Process orphan = CtlProcess.Start("ip", "netns", "exec", state.Vteps[0].Netns, "sleep", "300");
        Ctl down = await RunAsync("down");
        Assert.Equal(ExitCode.Ok, down.Code);
        AssertNoTrace();
        Assert.Equal(ExitCode.Ok, (await RunAsync("down")).Code);
    }

    [Fact]
    public async Task A_process_that_only_has_the_same_id_is_left_alone()
    {
        LabStore store = new(_name);
        LabVtep vtep = LabPlan.Vtep(store, "ipv4", 0) with { Daemon = LabProcesses.Find(Environment.ProcessId)! with { StartTicks = 1 } };
        Assert.True(store.TryCreate(new LabState
        {
            Name = _name,
            Encap = "vxlan",
            Underlay = "ipv4",
            Ready = true,
            Builder = new LabProcess(int.MaxValue, 0),
            Overlayd = "/bin/true",
            Vteps = [vtep],
        }));
        Assert.Equal(ExitCode.Ok, (await RunAsync("down")).Code);
        AssertNoTrace();
    }

    [Theory]
    [InlineData("ping")]
    [InlineData("iperf")]
    [InlineData("status")]
    public async Task Without_a_lab_its_verbs_end_with_3(string verb)
    {
        Ctl ctl = await RunAsync(verb);
        Assert.Equal(ExitCode.Degraded, ctl.Code);
        Assert.Contains("no lab is up. Next: overlayctl lab", ctl.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, ExitCode.Interrupted)]
    [InlineData(15, ExitCode.Interrupted)]
    public async Task An_interrupt_in_the_middle_of_up_leaves_no_trace(int signal, int code)
    {
        using TemporaryScript never = new("exec sleep 300");
        using System.Diagnostics.Process up = CtlProcess.Start(CtlProcess.Overlayctl, "lab", "up", "--lab", _name, "--overlayd", never.Path);
        await AwaitStartedAsync(up);
        LibC.Kill(up.Id, signal);
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(30));
        await up.WaitForExitAsync(limit.Token);
        Assert.Equal(code, up.ExitCode);
        Assert.Contains("what was made is removed. Next: overlayctl lab", await up.StandardError.ReadToEndAsync(limit.Token), StringComparison.Ordinal);
        AssertNoTrace();
    }

    [Fact]
    public async Task What_a_killed_up_left_is_found_and_removed()
    {
        using TemporaryScript never = new("exec sleep 300");
        using System.Diagnostics.Process up = CtlProcess.Start(CtlProcess.Overlayctl, "lab", "up", "--lab", _name, "--overlayd", never.Path);
        await AwaitStartedAsync(up);
        LabProcess daemon = new LabStore(_name).Load()!.Vteps[0].Daemon!;
        Ctl second = await RunAsync("up", "--overlayd", never.Path);
        Assert.Equal(ExitCode.Failure, second.Code);
        Assert.Contains("is building this lab", second.Error, StringComparison.Ordinal);
        LibC.Kill(up.Id, LibC.SigKill);
        await up.WaitForExitAsync();
        Assert.True(LabProcesses.IsAlive(daemon));
        Assert.Equal(ExitCode.Ok, (await RunAsync("down")).Code);
        Assert.False(LabProcesses.IsAlive(daemon));
        AssertNoTrace();
    }

    private async Task AwaitStartedAsync(System.Diagnostics.Process up)
    {
        LabStore store = new(_name);
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(20));
        while (store.Load() is not { } state || state.Vteps.Any(v => v.Daemon is null))
        {
            Assert.False(up.HasExited);
            await Task.Delay(20, limit.Token);
        }
    }

    private Task<Ctl> RunAsync(params string[] arguments) => Ctl.RunAsync(["lab", .. arguments, "--lab", _name]);

    private void AssertNoTrace()
    {
        Assert.All(LabPlan.AllNetns(_name), n => Assert.False(LabNet.NetnsExists(n), $"namespace {n} remains"));
        Assert.False(Directory.Exists(new LabStore(_name).Directory));
    }
}
