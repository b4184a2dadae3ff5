using System.Globalization;
using Overlay.Control.Queries;
using Overlay.Dataplane;
using Overlay.Dataplane.Forwarding;
using Overlay.Encap;
using Overlay.Host.Composition;

namespace Overlay.Host.Metrics;

/// <summary>Reads everything that a page of metrics shows. The control thread is asked once, for as long as a look at every VNI takes; the workers are not asked at all.</summary>
/// <remarks><b>Threading:</b> one reading at a time.</remarks>
internal sealed class MetricsReader(DaemonRuntime runtime, IMetricsSource daemon, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private readonly Dictionary<Vni, string> _labels = [];
    private readonly PeerList _peers = new(runtime);
    private readonly double _startTime = (time.GetUtcNow().ToUnixTimeMilliseconds() - ProcessAge.Milliseconds()) / 1000.0;

    /// <summary>Reads.</summary>
    /// <param name="own">What is known of the metrics' own work.</param>
    public async Task<MetricsReading> ReadAsync(OwnFigures own)
    {
        var began = time.GetTimestamp();
        var control = await ControlAsync();
        runtime.Sampler.Refresh();
        var config = runtime.Config;
        var snapshot = runtime.Dataplane.Snapshot();
        var tables = runtime.Dataplane.Forwarding.Current;
        var vnis = Vnis(tables);
        var peers = _peers.Read(config, snapshot, out var cutPeers);
        var missing = config.Topology.Ports.Keys.Except(snapshot.Ports.Select(port => port.Name), StringComparer.Ordinal).ToArray();
        var ports = snapshot.Ports.Length > MetricLimits.Ports ? snapshot.Ports[..MetricLimits.Ports] : snapshot.Ports;
        var health = daemon.Health;
        own = own with
        {
            CutVnis = tables.Domains.Length - vnis.Count,
            CutPeers = cutPeers,
            CutPorts = Math.Max(0, snapshot.Ports.Length + missing.Length - MetricLimits.Ports),
        };
        return new MetricsReading
        {
            Config = config,
            Dataplane = snapshot,
            Fdb = (runtime.Dataplane.Forwarding.FdbCount, runtime.Dataplane.Forwarding.FdbLimit),
            HeldFrames = runtime.Dataplane.Forwarding.HeldFrames,
            Workers = runtime.Dataplane.Forwarding.Workers,
            Vnis = vnis,
            VniFigures = Labelled(control, vnis),
            Control = control,
            Peers = peers,
            Ports = ports,
            MissingPorts = [.. missing.Take(MetricLimits.Ports - ports.Length)],
            Etcd = runtime.Etcd?.Status(),
            EvpnNeighbors = runtime.Evpn is { } evpn ? [.. evpn.Neighbors().Take(MetricLimits.Neighbors)] : [],
            Alarms = Alarms(control),
            NotReady = Readiness.Faults(health, config, snapshot),
            Reloads = daemon.Reloads,
            Process = ProcessFigures.Read(_startTime),
            Own = own with { ReadingSeconds = time.GetElapsedTime(began).TotalSeconds },
        };
    }

    // A control thread that hangs must not take the metrics with it: they are what tells.
    private async Task<ControlFigures?> ControlAsync()
    {
        try
        {
            return await runtime.Control.Figures().WaitAsync(Patience, time);
        }
        catch (Exception error) when (error is TimeoutException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            return null;
        }
    }

    private List<(string Label, BridgeDomain Domain)> Vnis(ForwardingTables tables)
    {
        var domains = tables.Domains;
        var count = Math.Min(domains.Length, MetricLimits.Vnis);
        var list = new List<(string, BridgeDomain)>(count);
        if (_labels.Count > 2 * MetricLimits.Vnis)
        {
            _labels.Clear();
        }

        for (var i = 0; i < count; i++)
        {
            var vni = domains[i].Vni;
            if (!_labels.TryGetValue(vni, out var label))
            {
                _labels.Add(vni, label = vni.Value.ToString(CultureInfo.InvariantCulture));
            }

            list.Add((label, domains[i]));
        }

        return list;
    }

    private List<(string Label, VniFigures Figures)> Labelled(ControlFigures? control, List<(string Label, BridgeDomain Domain)> vnis)
    {
        var list = new List<(string, VniFigures)>(vnis.Count);
        var last = vnis.Count == 0 ? default : vnis[^1].Domain.Vni;
        foreach (var figures in control?.Vnis ?? [])
        {
            if (figures.Vni <= last && _labels.TryGetValue(figures.Vni, out var label))
            {
                list.Add((label, figures));
            }
        }

        return list;
    }

    // Every name is there at all times: an alert that waits for one finds it.
    private SortedDictionary<string, int> Alarms(ControlFigures? control)
    {
        var alarms = new SortedDictionary<string, int>(StringComparer.Ordinal) { ["storm"] = runtime.Storms.Alarms.Count };
        foreach (var name in AlarmCatalog.Names)
        {
            alarms[name] = 0;
        }

        foreach (var name in HostAlarms.Names)
        {
            alarms[name] = runtime.HostAlarms.IsOn(name) ? 1 : 0;
        }

        foreach (var alarm in control?.Alarms ?? [])
        {
            alarms[alarm.Name] = alarms.GetValueOrDefault(alarm.Name) + 1;
        }

        return alarms;
    }
}
