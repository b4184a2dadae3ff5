using System.Collections.Immutable;
using static Overlay.Host.Metrics.Catalog.Define;

namespace Overlay.Host.Metrics.Catalog;

/// <summary>etcd: members, our keys, what was wrong. Without <c>control.etcd</c> there are no series.</summary>
internal static class EtcdMetrics
{
    private const int Members = 16;

    public static ImmutableArray<MetricDefinition> All { get; } =
    [
        Gauge("overlay_etcd_member_up", One,
            "1 if the last request to the member, or look at it, went well.",
            ["endpoint"], Members, static (reading, to) =>
            {
                foreach (var member in reading.Etcd?.Endpoints ?? [])
                {
                    to.Add(member.IsHealthy ? 1 : 0, member.Endpoint);
                }
            }),
        Gauge("overlay_etcd_revision", "{revision}",
            "The store's revision that is in force here.",
            [], 1, static (reading, to) =>
            {
                if (reading.Etcd is { } etcd)
                {
                    to.Add(etcd.Revision);
                }
            }),
        Gauge("overlay_etcd_keys", "{key}",
            "Facts of ours: in the store (written), and on their way (waiting).",
            ["state"], 2, static (reading, to) =>
            {
                if (reading.Etcd is { } etcd)
                {
                    to.Add(etcd.KeysWritten, "written");
                    to.Add(etcd.KeysWaiting, "waiting");
                }
            }),
        Gauge("overlay_etcd_answers", "{answer}",
            "Answers to misses in force.",
            [], 1, static (reading, to) =>
            {
                if (reading.Etcd is { } etcd)
                {
                    to.Add(etcd.Answers);
                }
            }),
        Counter("overlay_etcd_operations_total", "{operation}",
            "What the plane did, by the names of `etcd status`.",
            ["operation"], MetricLimits.Few, static (reading, to) =>
            {
                if (reading.Etcd is { } etcd)
                {
                    foreach (var (name, count) in etcd.Counters)
                    {
                        to.Add(count, name);
                    }
                }
            }),
        Counter("overlay_etcd_faults_total", "{fault}",
            "What was wrong in the store, by name.",
            ["fault"], MetricLimits.Few, static (reading, to) =>
            {
                foreach (var fault in reading.Etcd?.Faults ?? [])
                {
                    to.Add(fault.Count, fault.Name);
                }
            }),
    ];
}
