using System.Collections.Immutable;
using System.Globalization;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Encap;
using static Overlay.Host.Metrics.Catalog.Define;

namespace Overlay.Host.Metrics.Catalog;

/// <summary>Frames: what came, what became of it, and what only the kernel saw.</summary>
internal static class TrafficMetrics
{
    private static readonly (Direction Direction, string Label)[] Directions = [(Direction.Tx, "tx"), (Direction.Rx, "rx")];
    private static readonly (EncapKind Encap, string Label)[] Encaps = [(EncapKind.Vxlan, "vxlan"), (EncapKind.Geneve, "geneve")];

    public static ImmutableArray<MetricDefinition> All { get; } =
    [
        Counter("overlay_received_frames_total", Frames,
            "Frames that came from a port (tx) or from the wire (rx), segments counted singly. Each is delivered, consumed or dropped: overlay_received_frames_total = overlay_delivered_frames_total + overlay_consumed_frames_total + the sum of overlay_drops_total, for each dir.",
            ["dir"], 2, static (reading, to) => EachDirection(to, reading.Dataplane.Counters.Received)),
        Counter("overlay_delivered_frames_total", Frames,
            "Frames of which at least one copy was accepted by the underlay or a port.",
            ["dir"], 2, static (reading, to) => EachDirection(to, reading.Dataplane.Counters.Delivered)),
        Counter("overlay_consumed_frames_total", Frames,
            "Frames that were for the daemon itself: questions of ARP and neighbour discovery that it answered.",
            ["dir"], 2, static (reading, to) => EachDirection(to, reading.Dataplane.Counters.Consumed)),
        Counter("overlay_drops_total", Frames,
            "Frames dropped, by the one reason of each (docs/drops.md).",
            ["reason", "dir"], Few, static (reading, to) => EachReason(to, reading.Dataplane.Counters.Dropped)),
        Counter("overlay_copies_total", Frames,
            "Copies that flooding made of frames, to VTEPs, groups and ports.",
            ["dir"], 2, static (reading, to) => EachDirection(to, reading.Dataplane.Counters.Copies)),
        Counter("overlay_copy_drops_total", Frames,
            "Copies that were dropped, by reason. The frame itself is delivered if another copy was.",
            ["reason", "dir"], Few, static (reading, to) => EachReason(to, reading.Dataplane.Counters.CopyDropped)),
        Counter("overlay_flood_copies_total", Frames,
            "Copies that flooding made of frames, by VNI.",
            ["vni"], MetricLimits.Vnis, static (reading, to) =>
            {
                foreach (var (label, domain) in reading.Vnis)
                {
                    to.Add(domain.State.Copies.Frames((int)Direction.Tx) + domain.State.Copies.Frames((int)Direction.Rx), label);
                }
            }),
        Counter("overlay_frames_total", Frames,
            "Frames sent to (tx) and delivered from (rx) the underlay, by VNI and encapsulation; each copy that was sent counts. Frames from port to port are in none of them.",
            ["vni", "dir", "encap"], MetricLimits.Vnis * 4, static (reading, to) => EachTunnel(reading, to, static (traffic, column) => traffic.Frames(column))),
        Counter("overlay_bytes_total", Octets,
            "Octets of the inner frames that overlay_frames_total counts.",
            ["vni", "dir", "encap"], MetricLimits.Vnis * 4, static (reading, to) => EachTunnel(reading, to, static (traffic, column) => traffic.Octets(column))),
        Counter("overlay_anomalies_total", "{frame}",
            "Frames that were accepted although something was odd about them (docs/drops.md). Never a drop.",
            ["kind"], Few, static (reading, to) =>
            {
                for (var kind = 0; kind < AnomalyKinds.Count; kind++)
                {
                    to.Add(reading.Dataplane.Counters.Anomalies((AnomalyKind)kind), AnomalyKinds.Name((AnomalyKind)kind));
                }
            }),
        BatchSize("_bucket", ["dir", "le"], 2 * BatchSizes.BucketCount, static (reading, to) =>
        {
            foreach (var (direction, label) in Directions)
            {
                long sum = 0;
                for (var bucket = 0; bucket < BatchSizes.BucketCount; bucket++)
                {
                    sum += reading.Dataplane.Counters.Batches(direction, bucket);
                    to.Add(sum, label, BatchSizes.BoundOf(bucket)?.ToString(CultureInfo.InvariantCulture) ?? "+Inf");
                }
            }
        }),
        BatchSize("_sum", ["dir"], 2, static (reading, to) => EachDirection(to, reading.Dataplane.Counters.Received)),
        BatchSize("_count", ["dir"], 2, static (reading, to) => EachDirection(to, direction => Batches(reading.Dataplane.Counters, direction))),
        Counter("overlay_worker_frames_total", Frames,
            "Frames that each worker thread received, by its number: how evenly flows are spread.",
            ["worker"], MetricLimits.Workers, static (reading, to) =>
            {
                foreach (var worker in reading.Workers.Take(MetricLimits.Workers))
                {
                    to.Add(worker.Received(Direction.Tx) + worker.Received(Direction.Rx), worker.Index.ToString(CultureInfo.InvariantCulture));
                }
            }),
        Counter("overlay_worker_faults_total", "{batch}",
            "Batches that were abandoned because of a defect of overlayd; the log says where.",
            static reading => reading.Dataplane.WorkerFaults),
        Kernel("overlay_kernel_udp_in_csum_errors_total", "udp_in_csum_errors", "{datagram}",
            "UDP over IPv4 with a wrong checksum that the kernel dropped (InCsumErrors); all sockets of the network namespace. Outside the sum of received frames, as the next three are."),
        Kernel("overlay_kernel_udp6_in_csum_errors_total", "udp6_in_csum_errors", "{datagram}",
            "UDP over IPv6 with a wrong or zero checksum that the kernel dropped; all sockets of the network namespace."),
        Kernel("overlay_kernel_udp_socket_overflow_total", "udp_socket_overflow", "{datagram}",
            "Datagrams that the kernel dropped at our receiving sockets (SO_RXQ_OVFL): the daemon was too slow, or the receive buffer too small."),
        Kernel("overlay_icmp_mtu_refused_total", "icmp_mtu_refused", "{message}",
            "ICMP messages about path MTUs that were not believed: under listen.path_mtu_min, or about an address that nobody sends to."),
    ];

    private const int Few = MetricLimits.Few;

    private static MetricDefinition BatchSize(string suffix, ImmutableArray<string> labels, int max, Action<MetricsReading, MetricSeries<long>> read) => new()
    {
        Family = "overlay_batch_size",
        Suffix = suffix,
        Kind = MetricKind.Histogram,
        Unit = Frames,
        Help = "Frames that a worker handled at once, segments counted singly: 1 while there is little to do, more under load.",
        Labels = labels,
        MaxSeries = max,
        Whole = read,
    };

    private static MetricDefinition Kernel(string name, string counter, string unit, string help) => Counter(name, unit, help, [], 1, (reading, to) =>
    {
        foreach (var kernel in reading.Dataplane.Kernel)
        {
            if (kernel.Name == counter)
            {
                to.Add(kernel.Value);
            }
        }
    });

    private static long Batches(CounterSnapshot counters, Direction direction)
    {
        long sum = 0;
        for (var bucket = 0; bucket < BatchSizes.BucketCount; bucket++)
        {
            sum += counters.Batches(direction, bucket);
        }

        return sum;
    }

    private static void EachDirection(MetricSeries<long> to, Func<Direction, long> value)
    {
        foreach (var (direction, label) in Directions)
        {
            to.Add(value(direction), label);
        }
    }

    private static void EachReason(MetricSeries<long> to, Func<Direction, DropReason, long> value)
    {
        foreach (var (direction, label) in Directions)
        {
            for (var reason = 1; reason < DropReasons.Count; reason++)
            {
                to.Add(value(direction, (DropReason)reason), DropReasons.Name((DropReason)reason), label);
            }
        }
    }

    private static void EachTunnel(MetricsReading reading, MetricSeries<long> to, Func<TrafficCounters, int, long> value)
    {
        foreach (var (vni, domain) in reading.Vnis)
        {
            foreach (var (direction, dir) in Directions)
            {
                foreach (var (encap, name) in Encaps)
                {
                    to.Add(value(domain.State.Traffic, DomainState.ColumnOf(direction, encap)), vni, dir, name);
                }
            }
        }
    }
}
