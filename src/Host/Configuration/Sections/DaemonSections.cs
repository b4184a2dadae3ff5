using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Overlay.Dataplane.Workers;
using Overlay.Forwarding;
using Overlay.Host.Configuration.Keys;
using Overlay.Host.Configuration.Yaml;

namespace Overlay.Host.Configuration.Sections;

/// <summary><c>workers</c>, <c>admin</c>, <c>metrics</c>, <c>log</c>, <c>state</c>, <c>control</c>.</summary>
internal static class DaemonSections
{
    // sizeof(sockaddr_un.sun_path) less the terminating zero.
    private const int MaxSocketPath = 107;

    private static readonly (string Word, FdbOrigin Origin)[] Origins =
    [
        ("static", FdbOrigin.Static), ("evpn", FdbOrigin.Evpn), ("ovsdb", FdbOrigin.Ovsdb),
        ("etcd", FdbOrigin.Etcd), ("local", FdbOrigin.Local), ("learned", FdbOrigin.Learned),
    ];

    public static WorkerSpec ReadWorkers(MapReader workers)
    {
        var count = (int?)workers.NumberOr("count", "auto", null, 1, 16);
        var cpus = ImmutableArray.CreateBuilder<int>();
        foreach (var (item, path) in workers.List("cpus", 64))
        {
            if (Scalars.Number(workers.Problems, item, path, 0, 1023) is not { } cpu)
            {
                continue;
            }

            if (cpus.Contains((int)cpu))
            {
                workers.Problems.Error(item, path, $"processor {cpu} is listed twice");
            }

            cpus.Add((int)cpu);
        }

        var lane = workers.Word("lane", true, ("auto", true), ("off", false));
        return new WorkerSpec(count, cpus.ToImmutable(), workers.Duration("spin", TimeSpan.Zero, WorkerOptions.MaxSpin), lane);
    }

    public static AdminSpec ReadAdmin(MapReader admin) => new(admin.AbsolutePath("socket", "/run/overlay/overlayd.sock", MaxSocketPath));

    public static MetricsSpec ReadMetrics(MapReader metrics) => new(ReadListen(metrics), ReadOtlp(metrics.Map("otlp")));

    private static IPEndPoint? ReadListen(MapReader metrics)
    {
        if (!metrics.Has("listen") || metrics.Text("listen") is not { } text)
        {
            return metrics.Has("listen") ? null : MetricsSpec.DefaultListen;
        }

        // Without a colon a number would be an address; without a port an address would have none.
        if (text.LastIndexOf(':') <= 0 || !IPEndPoint.TryParse(text, out var listen) || listen.Port == 0 || (listen.AddressFamily == AddressFamily.InterNetworkV6 && !text.StartsWith('[')))
        {
            metrics.Error("listen", $"expected an address and a port, such as 127.0.0.1:9478 or \"[::1]:9478\", or null for none, found '{KeyPath.Printable(text)}'");
            return null;
        }

        if (!IPAddress.IsLoopback(listen.Address))
        {
            metrics.Problems.Warn(metrics.Blame("listen"), metrics.PathOf("listen"), $"{listen} is no loopback address: whoever reaches it reads the names of VNIs, ports and peers, without a password; let a firewall choose who does");
        }

        return listen;
    }

    private static OtlpSpec? ReadOtlp(MapReader otlp)
    {
        if (otlp.Node is null or YamlScalar { IsNull: true })
        {
            return null;
        }

        var isGrpc = otlp.Word("protocol", false, ("http", false), ("grpc", true));
        var interval = otlp.Duration("interval", TimeSpan.FromSeconds(10), TimeSpan.FromHours(1), TimeSpan.FromSeconds(1));
        if (otlp.Text("endpoint") is not { } text)
        {
            otlp.Missing("endpoint", "the URL of a collector, such as http://127.0.0.1:4318");
            return null;
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out var endpoint) || endpoint.Scheme is not ("http" or "https") || endpoint.Host.Length == 0 || endpoint.UserInfo.Length > 0)
        {
            otlp.Error("endpoint", $"expected an http or https URL without a user, such as http://127.0.0.1:4318, found '{KeyPath.Printable(text)}'");
            return null;
        }

        if (endpoint.Scheme == "http" && !endpoint.IsLoopback)
        {
            otlp.Problems.Warn(otlp.Blame("endpoint"), otlp.PathOf("endpoint"), $"{endpoint.Host} gets the names of VNIs, ports and peers in the clear; https encrypts them");
        }

        return new OtlpSpec(endpoint, isGrpc, interval);
    }

    public static LogSpec ReadLog(MapReader log) =>
        new(log.Word("level", LogLevel.Information,
            ("trace", LogLevel.Trace), ("debug", LogLevel.Debug), ("info", LogLevel.Information), ("warning", LogLevel.Warning), ("error", LogLevel.Error)));

    public static string ReadState(MapReader state) => state.AbsolutePath("directory", "/var/lib/overlay", 4000);

    public static ImmutableArray<FdbOrigin> ReadControl(MapReader control)
    {
        control.OnlyOff("ovsdb", "the OVSDB control plane");

        ImmutableArray<FdbOrigin> all = [.. Origins.Select(o => o.Origin)];
        if (control.Get("precedence") is null)
        {
            return all;
        }

        var names = Origins.Select(o => o.Word).ToArray();
        var order = ImmutableArray.CreateBuilder<FdbOrigin>();
        var faults = false;
        foreach (var (item, path) in control.List("precedence", 16))
        {
            var word = (item as YamlScalar)?.Value ?? "";
            var index = Array.IndexOf(names, word);
            if (index < 0 || order.Contains(Origins[index].Origin))
            {
                control.Problems.Error(item, path, index < 0 ? $"'{KeyPath.Printable(word)}' is not an origin{Suggest.Clause(word, names)}" : $"'{word}' is listed twice");
                faults = true;
                continue;
            }

            order.Add(Origins[index].Origin);
        }

        if (!faults && order.Count != Origins.Length)
        {
            control.Error("precedence", $"name all of {string.Join(", ", names)}; missing: {string.Join(", ", Origins.Where(o => !order.Contains(o.Origin)).Select(o => o.Word))}");
        }
        else if (!faults && order[^1] != FdbOrigin.Learned)
        {
            control.Error("precedence", "learned must be last: what a frame claims never displaces what somebody configured or announced");
        }

        return order.Count == Origins.Length ? order.ToImmutable() : all;
    }
}
