using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Service;

/// <summary>Everything as root of a user namespace only: no right outside of it.</summary>
public sealed class RootlessTests : IDisposable
{
    private readonly NetLab _lab = new();

    public void Dispose() => _lab.Dispose();

    [Theory]
    [InlineData("vxlan", "ipv4", 2)]
    [InlineData("geneve", "ipv6", 3)]
    public void A_lab_goes_up_carries_pings_and_goes_down_without_a_trace(string encap, string underlay, int vteps)
    {
        Requires.Tools("unshare", "nsenter");
        string files = Path.Combine(_lab.Folder, "lab");
        string namespacesBefore = Cmd.Run(null, "ip", "netns", "list").StdOut;
        string script = string.Join('\n',
            "set -e",
            "ip link set lo up",
            $"{Binaries.Overlayctl} lab up --encap {encap} --underlay {underlay} --vteps {vteps} --overlayd {Binaries.Overlayd}",
            $"{Binaries.Overlayctl} lab ping --count 3",
            $"{Binaries.Overlayctl} --socket {files}/ovl/a/overlayd.sock status",
            $"{Binaries.Overlayctl} lab down",
            $"{Binaries.Overlayctl} lab down");
        using RunningProcess process = Cmd.Start(null, new Dictionary<string, string>(StringComparer.Ordinal) { ["OVERLAY_LAB_DIR"] = files }, "unshare", "-r", "-n", "/bin/sh", "-c", script);
        CmdResult result = process.WaitForExit(TimeSpan.FromSeconds(90));
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains($"up  {encap} over {underlay}", result.StdOut, StringComparison.Ordinal);
        Assert.Contains($"lab is down: {vteps} processes", result.StdOut, StringComparison.Ordinal);
        Assert.Contains("no lab was up", result.StdOut, StringComparison.Ordinal);
        Assert.False(Directory.Exists(files));
        Assert.Equal(namespacesBefore, Cmd.Run(null, "ip", "netns", "list").StdOut);
    }
}
