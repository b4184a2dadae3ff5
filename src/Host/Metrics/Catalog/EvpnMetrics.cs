using System.Collections.Immutable;
using static Overlay.Host.Metrics.Catalog.Define;

namespace Overlay.Host.Metrics.Catalog;

/// <summary>BGP EVPN: sessions and routes of neighbours. Without <c>control.evpn</c> there are no series.</summary>
internal static class EvpnMetrics
{
    private const string Routes = "{route}";
    private const int MessageTypes = 5;

    // What RFC 7606 and the codec name.
    private const int Faults = 64;

    public static ImmutableArray<MetricDefinition> All { get; } =
    [
        Gauge("overlay_evpn_neighbor_up", One,
            "1 if the session with the BGP neighbour is established.",
            ["neighbor"], MetricLimits.Neighbors, static (reading, to) =>
            {
                foreach (var neighbor in reading.EvpnNeighbors)
                {
                    to.Add(neighbor.State == "established" ? 1 : 0, neighbor.Name);
                }
            }),
        Counter("overlay_evpn_sessions_total", "{session}",
            "Sessions with the neighbour that were established.",
            ["neighbor"], MetricLimits.Neighbors, static (reading, to) =>
            {
                foreach (var neighbor in reading.EvpnNeighbors)
                {
                    to.Add(neighbor.Established, neighbor.Name);
                }
            }),
        Gauge("overlay_evpn_routes", Routes,
            "Routes that the neighbour has given, of all types.",
            ["neighbor"], MetricLimits.Neighbors, static (reading, to) =>
            {
                foreach (var neighbor in reading.EvpnNeighbors)
                {
                    to.Add(neighbor.Routes, neighbor.Name);
                }
            }),
        Gauge("overlay_evpn_stale_routes", Routes,
            "Of these, stale: in force, though nobody confirms them since the session was lost.",
            ["neighbor"], MetricLimits.Neighbors, static (reading, to) =>
            {
                foreach (var neighbor in reading.EvpnNeighbors)
                {
                    to.Add(neighbor.StaleRoutes, neighbor.Name);
                }
            }),
        Gauge("overlay_evpn_advertised_routes", Routes,
            "Routes of ours that the neighbour was sent.",
            ["neighbor"], MetricLimits.Neighbors, static (reading, to) =>
            {
                foreach (var neighbor in reading.EvpnNeighbors)
                {
                    to.Add(neighbor.Advertised, neighbor.Name);
                }
            }),
        Counter("overlay_evpn_messages_total", "{message}",
            "BGP messages received (rx) and sent (tx), by type.",
            ["neighbor", "dir", "type"], MetricLimits.Neighbors * 2 * MessageTypes, static (reading, to) =>
            {
                foreach (var neighbor in reading.EvpnNeighbors)
                {
                    foreach (var (type, count) in neighbor.Received)
                    {
                        to.Add(count, neighbor.Name, "rx", type);
                    }

                    foreach (var (type, count) in neighbor.Sent)
                    {
                        to.Add(count, neighbor.Name, "tx", type);
                    }
                }
            }),
        Counter("overlay_evpn_faults_total", "{fault}",
            "What was wrong in UPDATEs and did not end the session (RFC 7606), by name.",
            ["neighbor", "fault"], MetricLimits.Neighbors * Faults, static (reading, to) =>
            {
                foreach (var neighbor in reading.EvpnNeighbors)
                {
                    foreach (var (fault, count) in neighbor.Faults)
                    {
                        to.Add(count, neighbor.Name, fault);
                    }
                }
            }),
    ];
}
