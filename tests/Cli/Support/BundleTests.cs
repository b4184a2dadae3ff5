using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using Overlay.Api;
using Overlay.Cli.Tests.Kit;

namespace Overlay.Cli.Tests.Support;

public sealed class BundleTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("bundle-");

    private string File1 => Path.Combine(_folder.FullName, "b.tar.gz");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Secrets_stay_here_and_the_rest_is_there()
    {
        await using FakeDaemon daemon = await StartAsync();
        Ctl ctl = await Ctl.RunAsync("support-bundle", "-o", File1, "--socket", daemon.Socket);
        Assert.Equal((ExitCode.Ok, string.Empty), (ctl.Code, ctl.Error));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(File1));
        Dictionary<string, string> parts = Read(File1);
        Assert.All(parts, part => Assert.DoesNotContain("hunter2", part.Value, StringComparison.Ordinal));
        Assert.Contains("192.0.2.2", parts["daemon/config.yaml"], StringComparison.Ordinal);
        Assert.Contains("vtep-a", parts["daemon/status.json"], StringComparison.Ordinal);
        Assert.Contains("vni 100  local  port web: 1", parts["daemon/fdb.txt"], StringComparison.Ordinal);
        Assert.Contains("out-of-touch", parts["daemon/etcd.json"], StringComparison.Ordinal);
        Assert.Contains("Udp:", parts["kernel/proc-net-snmp.txt"], StringComparison.Ordinal);
        Assert.Contains("net-admin", parts["doctor.txt"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Anonymous_bundles_have_no_address_of_the_configuration()
    {
        await using FakeDaemon daemon = await StartAsync();
        Ctl ctl = await Ctl.RunAsync("support-bundle", "--anonymize", "-o", File1, "--socket", daemon.Socket);
        Assert.Equal(ExitCode.Ok, ctl.Code);
        foreach ((string name, string text) in Read(File1))
        {
            foreach (string known in (string[])["192.0.2.1", "192.0.2.2", "02:00:00:00:00:01", "vtep-a"])
                Assert.False(text.Contains(known, StringComparison.Ordinal), $"{known} in {name}");
        }
    }

    [Fact]
    public async Task Without_the_daemon_there_is_the_hosts_side_and_it_says_so()
    {
        Ctl ctl = await Ctl.RunAsync("support-bundle", "-o", File1, "--socket", "/nonexistent/overlayd.sock");
        Assert.Equal(ExitCode.Ok, ctl.Code);
        Assert.Contains("the daemon does not answer", ctl.Out, StringComparison.Ordinal);
        Dictionary<string, string> parts = Read(File1);
        Assert.Contains("overlayd is not running", parts["daemon/not-answering.txt"], StringComparison.Ordinal);
        Assert.Contains("did not answer", parts["README.txt"], StringComparison.Ordinal);
        Assert.True(parts.ContainsKey("kernel/link.txt"));
    }

    [Fact]
    public async Task A_file_that_is_there_is_left_alone()
    {
        await File.WriteAllTextAsync(File1, "mine", TestContext.Current.CancellationToken);
        Ctl ctl = await Ctl.RunAsync("support-bundle", "-o", File1, "--socket", "/nonexistent/overlayd.sock");
        Assert.Equal(ExitCode.Failure, ctl.Code);
        Assert.Equal("mine", await File.ReadAllTextAsync(File1, TestContext.Current.CancellationToken));
    }

    private static Task<FakeDaemon> StartAsync()
    {
        ConfigResponse config = new()
        {
            Revision = 1,
            Etag = "ab-1",
            Saved = true,
            Source = "/etc/overlay/overlayd.yaml",
            Yaml = "node: { name: vtep-a, local: [192.0.2.1] }\npeers:\n  - { name: b, addresses: [192.0.2.2], password: hunter2 }\n",
        };
        return FakeDaemon.StartAsync(
            ("GET /v1/status", 200, Samples.Json(Samples.Status)),
            ("GET /v1/fdb", 200, Samples.Json(Samples.Fdb)),
            ("GET /v1/etcd/status", 200, "{\"state\":\"out-of-touch\",\"read_failure\":\"tls at https://root:hunter2@etcd1:2379: NotTimeValid\"}"),
            ("GET /v1/config", 200, JsonSerializer.Serialize(config, ApiJsonContext.Default.ConfigResponse)));
    }

    private static Dictionary<string, string> Read(string path)
    {
        Dictionary<string, string> parts = new(StringComparer.Ordinal);
        using FileStream file = File.OpenRead(path);
        using TarReader tar = new(new GZipStream(file, CompressionMode.Decompress));
        while (tar.GetNextEntry() is { } entry)
        {
            using StreamReader text = new(entry.DataStream!);
            parts[entry.Name[(entry.Name.IndexOf('/', StringComparison.Ordinal) + 1)..]] = text.ReadToEnd();
        }

        return parts;
    }
}
