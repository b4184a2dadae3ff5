using System.Text;
using System.Text.Json;
using Overlay.Api;
using Overlay.Cli.Admin;
using Overlay.Cli.Doctor;
using Overlay.Cli.Tools;
using Overlay.Cli.Verbs;

namespace Overlay.Cli.Support;

/// <summary>Gathers the parts of a bundle. Each has a limit of time; what fails says so in its own place and keeps nothing else from being there.</summary>
/// <param name="client">The daemon.</param>
/// <param name="socket">Its socket.</param>
internal sealed class Collector(AdminClient client, string socket)
{
    private static readonly TimeSpan ToolTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PartTimeout = TimeSpan.FromSeconds(8);
    private static readonly (string Part, string Resource)[] Resources =
    [
        ("daemon/status.json", "v1/status"),
        ("daemon/drops.json", "v1/drops?all=true"),
        ("daemon/vnis.json", "v1/vnis"),
        ("daemon/moves.json", "v1/fdb/moves"),
        ("daemon/storm.json", "v1/storm"),
        ("daemon/mtu.json", "v1/mtu"),
        ("daemon/etcd.json", "v1/etcd/status"),
    ];

    private static readonly string[] Files =
        ["/proc/net/snmp", "/proc/net/snmp6", "/proc/net/softnet_stat", "/proc/net/udp", "/proc/net/udp6", "/proc/cpuinfo", "/proc/meminfo", "/proc/version", "/etc/os-release"];

    private readonly List<(string Part, string Text)> _parts = [];

    /// <summary>The parts, in order.</summary>
    public IReadOnlyList<(string Part, string Text)> Parts => _parts;

    /// <summary>Whether the daemon answered.</summary>
    public bool DaemonAnswers { get; private set; }

    /// <summary>What this host is called.</summary>
    public HashSet<string> HostNames { get; } = [Environment.MachineName];

    public async Task CollectAsync(CancellationToken cancellation)
    {
        StatusResponse? status = await DaemonAsync(cancellation);
        await DoctorAsync(cancellation);
        await LogAsync(cancellation);
        await HostAsync(status, cancellation);
        _parts.Insert(0, ("README.txt", Readme(status)));
    }

    private static string Readme(StatusResponse? status) =>
        $"""
        Support bundle of Overlay, made by overlayctl {VersionVerb.Current}.
        Daemon: {(status is null ? "did not answer; its parts are missing" : $"overlayd {status.Version}, node {status.Node}, verdict {status.Verdict}")}
        Secrets were taken out ({Redactor.Mark}); of drop samples only headers are kept.

        """;

    private async Task<StatusResponse?> DaemonAsync(CancellationToken cancellation)
    {
        StatusResponse? status = null;
        foreach ((string part, string resource) in Resources)
        {
            AdminReply reply = await GetAsync(resource, cancellation);
            if (resource == "v1/status")
            {
                (status, Failure? failure) = client.Read(reply, ApiJsonContext.Default.StatusResponse);
                if (status is null)
                {
                    _parts.Add(("daemon/not-answering.txt", $"{failure!.Message}\n"));
                    return null;
                }

                DaemonAnswers = true;
                HostNames.Add(status.Node);
            }

            _parts.Add((part, reply.IsSuccess ? reply.Body : client.Explain(reply).Message + "\n"));
        }

        (ConfigResponse? config, Failure? refused) = client.Read(await GetAsync("v1/config", cancellation), ApiJsonContext.Default.ConfigResponse);
        _parts.Add(("daemon/config.yaml", config is null ? $"# {refused!.Message}\n" : $"# revision {config.Revision}, from {config.Source}\n{config.Yaml}"));
        _parts.Add(("daemon/fdb.txt", Summary(await GetAsync("v1/fdb", cancellation))));
        return status;
    }

    // Who is where is the tenants' matter; how many there are is what matters here.
    private static string Summary(AdminReply reply)
    {
        StringBuilder text = new();
        if (!reply.IsSuccess) return "no answer\n";
        try
        {
            FdbResponse? fdb = JsonSerializer.Deserialize(reply.Body, ApiJsonContext.Default.FdbResponse);
            foreach (IGrouping<(int Vni, string Origin, string At), FdbEntryInfo> group in (fdb?.Entries ?? []).GroupBy(e => (e.Vni, e.Origin, e.Port is null ? $"peer {e.Peer}" : $"port {e.Port}")))
                text.Append($"vni {group.Key.Vni}  {group.Key.Origin}  {group.Key.At}: {group.Count()}\n");
            if (fdb?.Truncated == true) text.Append("and more than one answer holds\n");
        }
        catch (JsonException e)
        {
            text.Append(e.Message).Append('\n');
        }

        return text.ToString();
    }

    private async Task DoctorAsync(CancellationToken cancellation)
    {
        StringBuilder text = new();
        foreach (DoctorLine line in await DoctorVerb.ExamineAsync(client, socket, DaemonAnswers, cancellation))
            text.Append($"{line.State.ToString().ToLowerInvariant(),-4}  {line.Check}  {line.Finding}{(line.Fix is null ? "" : ". Next: " + line.Fix)}\n");
        _parts.Add(("doctor.txt", text.ToString()));
    }

    private async Task LogAsync(CancellationToken cancellation)
    {
        await ToolAsync("log/journal.txt", "journalctl", ["-u", "overlayd", "-u", "overlayd@*", "-n", "2000", "--no-pager", "-o", "short-iso"], cancellation);
        await ToolAsync("log/unit.txt", "systemctl", ["show", "overlayd", "--no-pager"], cancellation);
        await ToolAsync("log/unit-file.txt", "systemctl", ["cat", "overlayd", "--no-pager"], cancellation);
    }

    private async Task HostAsync(StatusResponse? status, CancellationToken cancellation)
    {
        foreach (string? netns in (status?.Ports.Select(p => p.Netns) ?? []).Append(null).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            // One that is a path belongs to a container, and ip knows it by no name.
            if (netns?.StartsWith('/') == true) continue;
            string[] of = netns is null ? [] : ["-n", netns];
            string folder = netns is null ? "kernel" : $"kernel/netns-{netns}";
            await ToolAsync($"{folder}/link.txt", "ip", [.. of, "-d", "-s", "link", "show"], cancellation);
            await ToolAsync($"{folder}/addr.txt", "ip", [.. of, "addr", "show"], cancellation);
            await ToolAsync($"{folder}/route.txt", "ip", [.. of, "route", "show", "table", "all"], cancellation);
            await ToolAsync($"{folder}/rule.txt", "ip", [.. of, "rule", "show"], cancellation);
        }

        await ToolAsync("kernel/udp-sockets.txt", "ss", ["-lunpm"], cancellation);
        await ToolAsync("kernel/sysctl.txt", "sysctl", ["-a", "-r", @"^net\.(core|ipv4\.(udp|ip_|conf\.(all|default)|fib)|ipv6\.conf\.(all|default)|bridge)|^kernel\.(unprivileged_bpf|io_uring)"], cancellation);
        foreach (string device in Devices(status)) await ToolAsync($"kernel/ethtool-{device}.txt", "ethtool", ["-k", device], cancellation);
        foreach (string file in status is null ? Files : [.. Files, $"/proc/{status.Pid}/status", $"/proc/{status.Pid}/limits"])
        {
            string text;
            try
            {
                text = await File.ReadAllTextAsync(file, cancellation);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                text = e.Message + "\n";
            }

            _parts.Add(($"kernel/{file.TrimStart('/').Replace('/', '-')}.txt", text));
        }
    }

    private static IEnumerable<string> Devices(StatusResponse? status) => status is null
        ? []
        : status.Local.Select(l => l.Device).Concat(status.Ports.Where(p => p.Netns is null).Select(p => p.Tap ?? p.Veth)).OfType<string>()
            .Where(d => d.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-')).Distinct(StringComparer.Ordinal).Take(64);

    private async Task<AdminReply> GetAsync(string resource, CancellationToken cancellation)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(PartTimeout);
        try
        {
            return await client.GetAsync(resource, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new AdminReply(0, string.Empty, new Failure(ExitCode.Failure, "no answer in time", "overlayctl doctor"));
        }
    }

    private async Task ToolAsync(string part, string name, string[] arguments, CancellationToken cancellation)
    {
        if (Tool.Find(name) is null)
        {
            _parts.Add((part, $"{name} is not installed\n"));
            return;
        }

        ToolResult result = await Tool.RunAsync(name, arguments, ToolTimeout, cancellation);
        string header = $"# {name} {string.Join(' ', arguments)}{(result.ExitCode == 0 ? "" : $"   (exit code {result.ExitCode})")}\n";
        _parts.Add((part, header + result.Output + (result.ExitCode == 0 ? "" : result.Error)));
    }
}
