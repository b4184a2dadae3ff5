using System.Collections.Immutable;
using Overlay.Host.Metrics.Catalog;

namespace Overlay.Host.Metrics;

/// <summary>
/// Every metric of the daemon. Instruments are made from this table, and <c>docs/metrics.md</c> is generated from it. A name is never changed and never gets another meaning.
/// </summary>
internal static class MetricCatalog
{
    /// <summary>Headings of the reference, with their metrics.</summary>
    public static ImmutableArray<(string Heading, ImmutableArray<MetricDefinition> Metrics)> Groups { get; } =
    [
        ("Frames", TrafficMetrics.All),
        ("Peers, ports and the underlay", EndpointMetrics.All),
        ("Forwarding table, suppression, storm control", TableMetrics.All),
        ("Destinations that are asked for", MissMetrics.All),
        ("Daemon, control planes, process", DaemonMetrics.All),
        ("BGP EVPN", EvpnMetrics.All),
        ("etcd", EtcdMetrics.All),
    ];

    /// <summary>The metrics, in the order of the page.</summary>
    public static ImmutableArray<MetricDefinition> All { get; } = [.. Groups.SelectMany(group => group.Metrics)];
}
