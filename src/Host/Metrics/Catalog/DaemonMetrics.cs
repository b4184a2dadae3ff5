using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using static Overlay.Host.Metrics.Catalog.Define;

namespace Overlay.Host.Metrics.Catalog;

/// <summary>The daemon itself: readiness, control planes, alarms, configuration, process, and what the metrics leave out.</summary>
internal static class DaemonMetrics
{
    private const int EventTypes = 6;

    public static ImmutableArray<MetricDefinition> All { get; } =
    [
        Gauge("overlay_ready", One, "1 if the daemon forwards: what /readyz says.", static reading => reading.NotReady.Count == 0 ? 1 : 0),
        Gauge("overlay_control_loop_up", One, "1 if the control thread answered within two seconds. While it does not, figures that it keeps are left out.", static reading => reading.Control is null ? 0 : 1),
        Gauge("overlay_alarms", "{alarm}",
            "Alarms that are on, by name; overlayctl status says what they are about.",
            ["alarm"], MetricLimits.Few, static (reading, to) =>
            {
                foreach (var (name, count) in reading.Alarms)
                {
                    to.Add(count, name);
                }
            }),
        Gauge("overlay_controlplane_up", One,
            "1 if the control plane is in touch with its source.",
            ["source"], MetricLimits.Planes, static (reading, to) =>
            {
                foreach (var plane in reading.Control?.Planes ?? [])
                {
                    to.Add(plane.IsConnected ? 1 : 0, plane.Name);
                }
            }),
        RealGauge("overlay_controlplane_stale_seconds", Seconds,
            "How long the control plane has been out of touch; its routes stay in force. 0 while it is in touch.",
            ["source"], MetricLimits.Planes, static (reading, to) =>
            {
                foreach (var plane in reading.Control?.Planes ?? [])
                {
                    to.Add(plane.StaleFor?.TotalSeconds ?? 0, plane.Name);
                }
            }),
        Gauge("overlay_controlplane_routes", "{route}",
            "MAC routes that the control plane has given.",
            ["source"], MetricLimits.Planes, static (reading, to) =>
            {
                foreach (var plane in reading.Control?.Planes ?? [])
                {
                    to.Add(plane.MacRoutes, plane.Name);
                }
            }),
        Gauge("overlay_controlplane_held_entries", "{entry}",
            "Entries of the control plane that were taken back in masses and are held: in force, stale (overlayctl control guard).",
            ["source"], MetricLimits.Planes, static (reading, to) =>
            {
                foreach (var plane in reading.Control?.Guard ?? [])
                {
                    to.Add(plane.Held, plane.Plane);
                }
            }),
        Counter("overlay_controlplane_guard_total", "{entry}",
            "What became of entries that the mass-withdraw guard took: held, and of those given again, approved by an operator, released when the time was over.",
            ["source", "result"], MetricLimits.Planes * 4, static (reading, to) =>
            {
                foreach (var plane in reading.Control?.Guard ?? [])
                {
                    to.Add(plane.HeldTotal, plane.Plane, "held");
                    to.Add(plane.GivenAgain, plane.Plane, "given_again");
                    to.Add(plane.Approved, plane.Plane, "approved");
                    to.Add(plane.Released, plane.Plane, "released");
                }
            }),
        Counter("overlay_controlplane_events_total", "{event}",
            "What the control plane did: routes taken (upsert), taken back (withdraw), swept and refused, restarts of it, and local events that it missed (lost).",
            ["source", "type"], MetricLimits.Planes * EventTypes, static (reading, to) =>
            {
                foreach (var plane in reading.Control?.Planes ?? [])
                {
                    to.Add(plane.Upserts, plane.Name, "upsert");
                    to.Add(plane.Withdraws, plane.Name, "withdraw");
                    to.Add(plane.Swept, plane.Name, "swept");
                    to.Add(plane.Refused, plane.Name, "refused");
                    to.Add(plane.Restarts, plane.Name, "restart");
                    to.Add(plane.LostEvents, plane.Name, "lost");
                }
            }),
        Gauge("overlay_config_revision", One, "The configuration's revision: 1 at the start, one more with every change.", static reading => reading.Reloads.Revision),
        RealGauge("overlay_config_applied_timestamp_seconds", Seconds, "Unix time at which the configuration in force was taken over.", static reading => reading.Reloads.AppliedAt),
        Counter("overlay_config_reloads_total", "{reload}",
            "Reloads, by what came of them.",
            ["result"], 2, static (reading, to) =>
            {
                to.Add(reading.Reloads.Applied, "applied");
                to.Add(reading.Reloads.Refused, "refused");
            }),
        Gauge("overlay_config_last_reload_successful", One, "1 if the last reload was applied, or there was none; 0 if it was refused, and what ran keeps running.", static reading => reading.Reloads.IsLastApplied ? 1 : 0),
        Gauge("overlay_build_info", One,
            "Always 1: the version in its labels.",
            ["version", "runtime"], 1, static (_, to) => to.Add(1, BuildInformation.Version, RuntimeInformation.FrameworkDescription)),
        RealGauge("process_start_time_seconds", Seconds, "Unix time at which the process began.", static reading => reading.Process.StartTime),
        RealCounter("process_cpu_seconds_total", Seconds, "CPU time of the process, user and system.", static reading => reading.Process.CpuSeconds),
        Gauge("process_resident_memory_bytes", Octets, "Memory in use (RSS).", static reading => reading.Process.ResidentOctets),
        Gauge("process_open_fds", "{descriptor}", "Open file descriptors.", static reading => reading.Process.OpenDescriptors),
        Gauge("process_max_fds", "{descriptor}", "File descriptors there may be.", static reading => reading.Process.MaxDescriptors),
        Counter("overlay_allocated_bytes_total", Octets, "Octets allocated on the managed heap. Forwarding allocates nothing: a rate that grows with the traffic is a defect.", static reading => reading.Process.AllocatedOctets),
        Gauge("overlay_heap_bytes", Octets, "Octets in use on the managed heap, garbage included.", static reading => reading.Process.HeapOctets),
        Counter("overlay_gc_collections_total", "{collection}",
            "Garbage collections, by the oldest generation that they collected.",
            ["generation"], 3, static (_, to) =>
            {
                // The runtime counts a collection in every generation that it collects.
                for (var generation = 0; generation <= 2; generation++)
                {
                    var older = generation == 2 ? 0 : GC.CollectionCount(generation + 1);
                    to.Add(Math.Max(0, GC.CollectionCount(generation) - older), generation.ToString(CultureInfo.InvariantCulture));
                }
            }),
        RealCounter("overlay_gc_pause_seconds_total", Seconds, "Time for which garbage collections held all threads.", static reading => reading.Process.PauseSeconds),
        Counter("overlay_exceptions_total", "{exception}", "Exceptions thrown, caught ones too. Forwarding throws none: a rate that grows with the traffic is a defect.", static reading => reading.Process.Exceptions),
        Gauge("overlay_metrics_cut", "{name}",
            "Names without series of their own, because there are more than metrics show (docs/metrics.md); sums without that label have them.",
            ["label"], 3, static (reading, to) =>
            {
                to.Add(reading.Own.CutVnis, "vni");
                to.Add(reading.Own.CutPeers, "peer");
                to.Add(reading.Own.CutPorts, "port");
            }),
        RealGauge("overlay_metrics_reading_seconds", Seconds, "How long it took to read the figures of this page.", static reading => reading.Own.ReadingSeconds),
        Counter("overlay_metrics_scrapes_total", "{page}",
            "Pages asked for at /metrics, by what came of it: served (before this one), or refused because too many were asked for at once.",
            ["result"], 2, static (reading, to) =>
            {
                to.Add(reading.Own.Scrapes, "served");
                to.Add(reading.Own.Refused, "refused");
            }),
        Counter("overlay_otlp_pushes_total", "{push}",
            "Pushes to the collector of metrics.otlp, by what came of them.",
            ["result"], 2, static (reading, to) =>
            {
                to.Add(reading.Own.Pushed, "accepted");
                to.Add(reading.Own.NotPushed, "failed");
            }),
    ];
}
