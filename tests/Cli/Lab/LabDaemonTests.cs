using System.Security.Cryptography;
using Overlay.Cli.Lab;
using Overlay.Cli.Native;
using Overlay.Cli.Tests.Kit;

namespace Overlay.Cli.Tests.Lab;

/// <summary>Labs with the real daemon, as an operator's first hour has them.</summary>
public sealed class LabDaemonTests : IAsyncLifetime
{
    private readonly string _name = "d" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(3));

    public ValueTask InitializeAsync()
    {
        Assert.SkipUnless(Environment.UserName == "root", "needs root (network namespaces)");
        Assert.SkipUnless(File.Exists("/dev/net/tun"), "needs /dev/net/tun");
        Assert.SkipUnless(Tools.Tool.Find("ip") is not null, "needs ip (iproute2)");
        Assert.SkipUnless(Tools.Tool.Find("ping") is not null, "needs ping (iputils-ping)");
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (Environment.UserName == "root") await new LabRemover(new LabStore(_name)).RemoveAsync();
    }

    [Theory]
    [InlineData("vxlan", "ipv4")]
    [InlineData("vxlan", "ipv6")]
    [InlineData("geneve", "ipv4")]
    [InlineData("geneve", "ipv6")]
    public async Task A_lab_comes_up_carries_frames_and_goes_without_trace(string encap, string underlay)
    {
        Ctl up = await RunAsync("up", "--encap", encap, "--underlay", underlay, "--overlayd", CtlProcess.Overlayd);
        Assert.True(up.Code == ExitCode.Ok, up.Out + up.Error);
        Assert.StartsWith($"up  {encap} over {underlay}, VNI 100, 2 hosts, ready in ", up.Out, StringComparison.Ordinal);
        LabState lab = new LabStore(_name).Load()!;

        Ctl ping = await RunAsync("ping", "--count", "3");
        Assert.True(ping.Code == ExitCode.Ok, ping.Out + ping.Error);
        Ctl status = await Ctl.RunAsync("status", "--socket", lab.Vteps[0].Socket);
        Assert.True(status.Code == ExitCode.Ok, status.Out + status.Error);
        Assert.Contains($"\nb     {encap}", status.Out, StringComparison.Ordinal);
        Ctl fdb = await Ctl.RunAsync("fdb", "show", "--vni", "100", "--socket", lab.Vteps[0].Socket);
        Assert.Contains("peer b", fdb.Out, StringComparison.Ordinal);
        Ctl drops = await Ctl.RunAsync("drops", "--socket", lab.Vteps[0].Socket);
        Assert.Equal(ExitCode.Ok, drops.Code);
        Ctl doctor = await Ctl.RunAsync("doctor", "--socket", lab.Vteps[0].Socket);
        Assert.Contains("answers, verdict ok", doctor.Out, StringComparison.Ordinal);
        Ctl reload = await Ctl.RunAsync("config", "reload", "--socket", lab.Vteps[0].Socket);
        Assert.True(reload.Code == ExitCode.Ok, reload.Out + reload.Error);
        Ctl check = await Ctl.RunAsync("config", "check", lab.Vteps[0].Config, "--overlayd", CtlProcess.Overlayd);
        Assert.True(check.Code == ExitCode.Ok, check.Out + check.Error);

        Ctl again = await RunAsync("up", "--encap", encap, "--underlay", underlay, "--overlayd", CtlProcess.Overlayd);
        Assert.Equal(ExitCode.Ok, again.Code);
        Assert.StartsWith("the lab is up already\n", again.Out, StringComparison.Ordinal);
        Ctl other = await RunAsync("up", "--vteps", "3", "--overlayd", CtlProcess.Overlayd);
        Assert.Equal(ExitCode.Failure, other.Code);
        Assert.Contains("another lab is up", other.Error, StringComparison.Ordinal);

        Ctl down = await RunAsync("down");
        Assert.Equal("lab is down: 2 processes, 2 namespaces removed\n", down.Out);
        Assert.All(lab.Vteps, v => Assert.False(LabProcesses.IsAlive(v.Daemon)));
        Assert.All(LabPlan.AllNetns(_name), n => Assert.False(LabNet.NetnsExists(n)));
        Assert.False(Directory.Exists(new LabStore(_name).Directory));
    }

    [Fact]
    public async Task Three_hosts_all_answer_and_a_dead_daemon_is_seen()
    {
        Ctl up = await RunAsync("up", "--vteps", "3", "--overlayd", CtlProcess.Overlayd);
        Assert.True(up.Code == ExitCode.Ok, up.Out + up.Error);
        Ctl ping = await RunAsync("ping", "--count", "2");
        Assert.True(ping.Code == ExitCode.Ok, ping.Out + ping.Error);
        Assert.Equal(5, ping.Out.TrimEnd().Split('\n').Length);

        LabVtep last = new LabStore(_name).Load()!.Vteps[2];
        LibC.Kill(last.Daemon!.Pid, LibC.SigKill);
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(10));
        while (LabProcesses.IsAlive(last.Daemon)) await Task.Delay(20, limit.Token);
        Ctl status = await RunAsync("status");
        Assert.Equal(ExitCode.Degraded, status.Code);
        Assert.Contains("! overlayd of c is dead. Next: tail ", status.Out, StringComparison.Ordinal);
    }

    private Task<Ctl> RunAsync(params string[] arguments) => Ctl.RunAsync(["lab", .. arguments, "--lab", _name]);
}
