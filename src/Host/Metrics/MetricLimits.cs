namespace Overlay.Host.Metrics;

/// <summary>How many of what has a name in metrics. What is beyond has no series of its own, counts in all sums without that label, and shows in <c>overlay_metrics_cut</c>.</summary>
internal static class MetricLimits
{
    /// <summary>VNIs, the lowest first.</summary>
    public const int Vnis = 2048;

    /// <summary>Peers: those of the configuration, in its order, then those that were learned.</summary>
    public const int Peers = 1024;

    /// <summary>Ports, by name.</summary>
    public const int Ports = 512;

    /// <summary>Multicast groups.</summary>
    public const int Groups = 256;

    /// <summary>Threads of workers.</summary>
    public const int Workers = 64;

    /// <summary>Control planes.</summary>
    public const int Planes = 16;

    /// <summary>BGP neighbours, by address.</summary>
    public const int Neighbors = 128;

    /// <summary>What has few values that are known beforehand.</summary>
    public const int Few = 256;
}
