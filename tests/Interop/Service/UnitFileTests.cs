using System.Text.RegularExpressions;
using Overlay.TestKit.Net;
using Overlay.Tests;
using Xunit;

namespace Overlay.Interop.Service;

/// <summary>The systemd unit and its drop-ins, judged by systemd's own programs.</summary>
public sealed partial class UnitFileTests : IDisposable
{
    private static readonly string Unit = RepositoryFiles.PathOf("deploy", "overlayd.service");
    private static readonly string DropIns = RepositoryFiles.PathOf("deploy", "overlayd.service.d");

    // Keys of a later systemd than Debian 12's, which says that it does not know them and goes on.
    private static readonly string[] NewerKeys = ["'RestartSteps'", "'RestartMaxDelaySec'"];

    private readonly string _folder = Directory.CreateTempSubdirectory("overlay-unit-").FullName;

    public static TheoryData<string?, double> Exposures => new()
    {
        { null, 2.0 },
        { "no-capability.conf", 1.6 },
        { "steering.conf", 2.1 },
        { "veth.conf", 2.3 },
        { "evpn.conf", 2.1 },
        { "netns.conf", 2.4 },
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Exposures))]
    public void The_sandbox_is_as_tight_as_we_say(string? dropIn, double most)
    {
        Requires.Tools("systemd-analyze");
        string unit = Install(dropIn);
        CmdResult result = Analyze(unit);
        Match level = Exposure().Match(result.StdOut);
        Assert.True(level.Success, result.StdOut + result.StdErr);
        Assert.InRange(double.Parse(level.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture), 0.1, most);
    }

    [Fact]
    public void Every_drop_in_is_among_those_that_are_judged() =>
        Assert.Equal(
            Directory.GetFiles(DropIns).Select(Path.GetFileName).Order(StringComparer.Ordinal),
            Exposures.Select(row => row.Data.Item1).OfType<string>().Order(StringComparer.Ordinal));

    [Fact]
    public void The_unit_has_no_key_that_systemd_does_not_know()
    {
        Requires.Tools("systemd-analyze");
        string unit = Install([.. Directory.GetFiles(DropIns).Select(Path.GetFileName)!]);
        CmdResult result = Cmd.Run(null, "env", $"SYSTEMD_UNIT_PATH={_folder}:", "systemd-analyze", "verify", "--man=no", unit);

        // The programs are where the package puts them, which is not here.
        string[] complaints =
        [
            .. result.StdErr.Split('\n').Where(line => line.Contains(Path.GetFileName(unit), StringComparison.Ordinal) && !line.Contains("is not executable", StringComparison.Ordinal)
                && !NewerKeys.Any(key => line.Contains(key, StringComparison.Ordinal))),
        ];
        Assert.Empty(complaints);
    }

    // An absent key is judged by systemd; these are ours: what the daemon needs, and what nobody may take away unseen.
    [Theory]
    [InlineData("Type=notify")]
    [InlineData("User=overlay")]
    [InlineData("CapabilityBoundingSet=CAP_NET_ADMIN")]
    [InlineData("AmbientCapabilities=CAP_NET_ADMIN")]
    [InlineData("DeviceAllow=/dev/net/tun rw")]
    [InlineData("WatchdogSec=30")]
    [InlineData("RuntimeDirectory=overlay")]
    [InlineData("StateDirectory=overlay")]
    [InlineData("ConfigurationDirectory=overlay")]
    [InlineData("FileDescriptorStoreMax=4096")]
    public void The_unit_says(string line) => Assert.Contains(line, File.ReadAllLines(Unit));

    [Fact]
    public void No_debugger_can_attach() => Assert.Contains(File.ReadAllLines(Unit), line => line.StartsWith("Environment=", StringComparison.Ordinal) && line.Contains("DOTNET_EnableDiagnostics=0", StringComparison.Ordinal));

    private string Install(params string?[] dropIns)
    {
        string unit = Path.Combine(_folder, "overlayd.service");
        File.Copy(Unit, unit, overwrite: true);
        string folder = Directory.CreateDirectory(unit + ".d").FullName;
        foreach (string name in dropIns.OfType<string>())
            File.Copy(Path.Combine(DropIns, name), Path.Combine(folder, name));
        return unit;
    }

    private CmdResult Analyze(string unit) =>
        Cmd.Run(null, "env", $"SYSTEMD_UNIT_PATH={_folder}:", "systemd-analyze", "security", "--offline=true", "--no-pager", Path.GetFileName(unit));

    [GeneratedRegex(@"Overall exposure level for overlayd\.service: ([0-9.]+)")]
    private static partial Regex Exposure();
}
