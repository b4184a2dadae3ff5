using System.Collections.Immutable;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Storm;
using Overlay.Forwarding;
using static Overlay.Host.Metrics.Catalog.Define;

namespace Overlay.Host.Metrics.Catalog;

/// <summary>The forwarding table, learning, suppression and storm control.</summary>
internal static class TableMetrics
{
    // Origins that have planes; the others have no entries.
    private static readonly (FdbOrigin Origin, string Label)[] Origins = [(FdbOrigin.Static, "static"), (FdbOrigin.Local, "local"), (FdbOrigin.Learned, "learned")];
    private static readonly StormClass[] Classes = Enum.GetValues<StormClass>();

    public static ImmutableArray<MetricDefinition> All { get; } =
    [
        Gauge("overlay_fdb_entries", "{mac}",
            "MACs in the forwarding table, by VNI and by who gave them.",
            ["vni", "origin"], MetricLimits.Vnis * 3, static (reading, to) =>
            {
                foreach (var (vni, domain) in reading.Vnis)
                {
                    foreach (var (origin, label) in Origins)
                    {
                        to.Add(domain.State.Fdb.CountOf(origin), vni, label);
                    }
                }
            }),
        Gauge("overlay_fdb_size", "{mac}", "MACs in the forwarding tables of all VNIs together.", static reading => reading.Fdb.Count),
        Gauge("overlay_fdb_limit", "{mac}", "MACs that the forwarding tables of all VNIs together may hold.", static reading => reading.Fdb.Limit),
        Gauge("overlay_fdb_learned", "{mac}",
            "MACs of a VNI that count against its learning.limit.",
            ["vni"], MetricLimits.Vnis, static (reading, to) =>
            {
                foreach (var (vni, figures) in reading.VniFigures)
                {
                    to.Add(figures.Counted, vni);
                }
            }),
        Gauge("overlay_fdb_learned_limit", "{mac}",
            "The learning.limit of a VNI.",
            ["vni"], MetricLimits.Vnis, static (reading, to) =>
            {
                foreach (var (vni, domain) in reading.Vnis)
                {
                    to.Add(domain.Spec.LearnLimit, vni);
                }
            }),
        Counter("overlay_fdb_moves_total", "{move}",
            "Times that a MAC of a VNI went to another place.",
            ["vni"], MetricLimits.Vnis, static (reading, to) =>
            {
                foreach (var (vni, figures) in reading.VniFigures)
                {
                    to.Add(figures.Moves, vni);
                }
            }),
        Gauge("overlay_fdb_frozen", "{mac}",
            "MACs that are frozen because they moved too often, in all VNIs together.",
            static reading => reading.VniFigures.Sum(row => (long)row.Figures.Frozen)),
        Counter("overlay_fdb_events_total", "{event}",
            "What became of MACs that were seen: learned, moved, aged, flushed by an operator, frozen.",
            ["type"], 5, static (reading, to) =>
            {
                if (reading.Control?.Learning is { } counted)
                {
                    to.Add(counted.Learned, "learned");
                    to.Add(counted.Moved, "moved");
                    to.Add(counted.Aged, "aged");
                    to.Add(counted.Flushed, "flushed");
                    to.Add(counted.Frozen, "frozen");
                }
            }),
        Counter("overlay_fdb_refused_total", "{event}",
            "MACs that were seen and not learned, by what stood against it: a limit of the VNI, the port, the VTEP or the daemon, a frozen, static or sticky entry, an invalid source.",
            ["cause"], 8, static (reading, to) =>
            {
                if (reading.Control?.Learning is { } counted)
                {
                    to.Add(counted.RefusedByVni, "vni_limit");
                    to.Add(counted.RefusedByPort, "port_limit");
                    to.Add(counted.RefusedByVtep, "vtep_limit");
                    to.Add(counted.RefusedByTotal, "total_limit");
                    to.Add(counted.RefusedFrozen, "frozen");
                    to.Add(counted.RefusedStatic, "static");
                    to.Add(counted.RefusedSticky, "sticky");
                    to.Add(counted.RefusedInvalid, "invalid");
                }
            }),
        Counter("overlay_neighbor_suppressed_total", "{question}",
            "Questions for an address (ARP: ipv4, neighbour discovery: ipv6) that were answered here instead of being flooded; VNIs that suppress, or did.",
            ["vni", "family"], MetricLimits.Vnis * 2, static (reading, to) => EachQuestion(reading, to, answered: true)),
        Counter("overlay_neighbor_flooded_total", "{question}",
            "Questions for an address that suppression looked at and nobody here could answer; VNIs that suppress, or did.",
            ["vni", "family"], MetricLimits.Vnis * 2, static (reading, to) => EachQuestion(reading, to, answered: false)),
        Counter("overlay_storm_drops_total", Frames,
            "Frames that storm control did not let be flooded, by VNI; overlay_drops_total has them as storm_limit.",
            ["vni"], MetricLimits.Vnis, static (reading, to) =>
            {
                foreach (var (vni, domain) in reading.Vnis)
                {
                    to.Add(DroppedBy(domain), vni);
                }
            }),
    ];

    private static void EachQuestion(MetricsReading reading, MetricSeries<long> to, bool answered)
    {
        foreach (var (vni, domain) in reading.Vnis)
        {
            Question(to, domain, vni, domain.Spec.ArpSuppress, isIPv6: false, answered);
            Question(to, domain, vni, domain.Spec.NdSuppress, isIPv6: true, answered);
        }
    }

    private static void Question(MetricSeries<long> to, BridgeDomain domain, string vni, bool isOn, bool isIPv6, bool answered)
    {
        var count = domain.State.Questions.Frames(DomainState.QuestionColumnOf(isIPv6, answered));
        if (isOn || count != 0)
        {
            to.Add(count, vni, isIPv6 ? "ipv6" : "ipv4");
        }
    }

    private static long DroppedBy(BridgeDomain domain)
    {
        var sum = DroppedBy(domain.State.Storm) + domain.State.StormDropsOfGonePorts;
        foreach (var port in domain.Ports)
        {
            sum += DroppedBy(port.Storm);
        }

        return sum;
    }

    private static long DroppedBy(StormMeter meter)
    {
        long sum = 0;
        foreach (var kind in Classes)
        {
            sum += meter.Dropped(kind);
        }

        return sum;
    }
}
