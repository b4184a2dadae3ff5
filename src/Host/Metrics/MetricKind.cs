namespace Overlay.Host.Metrics;

/// <summary>What a metric is, in the words of the Prometheus text format.</summary>
public enum MetricKind
{
    /// <summary>Only ever grows; begins at 0 when the daemon starts.</summary>
    Counter,

    /// <summary>A figure of the moment.</summary>
    Gauge,

    /// <summary>Counts by upper bounds, with their sum.</summary>
    Histogram,
}
