using Overlay.Api;
using Overlay.Dataplane;
using Overlay.Host.Configuration;

namespace Overlay.Host.Composition;

/// <summary>Whether the daemon is alive, and whether it forwards.</summary>
internal static class Readiness
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Why nothing can be forwarded; empty if something can. A port or a peer among several that is down is none of it: <c>status</c> says <c>degraded</c> then.</summary>
    /// <param name="health">The daemon's own word.</param>
    /// <param name="config">The configuration in force.</param>
    /// <param name="snapshot">The dataplane.</param>
    public static IReadOnlyList<string> Faults(string health, OverlayConfig config, DataplaneSnapshot snapshot)
    {
        var faults = new List<string>();
        if (health != "ok")
        {
            faults.Add($"the daemon is {health}");
        }

        var local = snapshot.Underlay.Addresses;
        if (local.Length > 0 && local.All(address => !address.Present))
        {
            faults.Add($"no device has a local address ({string.Join(", ", local.Select(address => address.Address))})");
        }

        if (config.Topology.Ports.Count > 0 && !snapshot.Ports.Any(port => port.IsUp))
        {
            faults.Add(config.Topology.Ports.Count == 1 ? $"port {config.Topology.Ports.Keys.First()} is down" : $"all {config.Topology.Ports.Count} ports are down");
        }

        return faults;
    }

    /// <summary>The answer of <c>/readyz</c>.</summary>
    public static HealthResponse Ready(string health, DaemonRuntime runtime)
    {
        IReadOnlyList<string> faults = health == "ok" ? Faults(health, runtime.Config, runtime.Dataplane.Snapshot(withKernel: false)) : [$"the daemon is {health}"];
        return new HealthResponse { Status = health != "ok" ? health : faults.Count == 0 ? "ok" : "not_forwarding", Reasons = faults };
    }

    /// <summary>The answer of <c>/healthz</c>: the process is there, and its control thread answers. While it starts or stops, that it is there is enough.</summary>
    public static async Task<HealthResponse> AliveAsync(string health, DaemonRuntime runtime)
    {
        if (health != "ok")
        {
            return new HealthResponse { Status = health, Reasons = [] };
        }

        try
        {
            await runtime.Control.InvokeAsync(static () => { }).WaitAsync(Patience);
            return new HealthResponse { Status = health, Reasons = [] };
        }
        catch (TimeoutException)
        {
            return new HealthResponse { Status = "failing", Reasons = [$"the control thread has not answered for {Patience.TotalSeconds:0} s"] };
        }
    }
}
