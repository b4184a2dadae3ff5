namespace Overlay.EndToEnd.Measuring;

/// <summary>Names of values, as they are in the JSON file.</summary>
internal static class Metric
{
    public const string Gbps = "gbps";
    public const string Gigabytes = "gigabytes";
    public const string Retransmits = "retransmits";
    public const string CpuSeconds = "cpu_seconds";
    public const string CpuPerGigabyte = "cpu_seconds_per_gigabyte";
    public const string Offered = "offered_per_second";
    public const string Delivered = "delivered_per_second";
    public const string Loss = "loss";
    public const string CpuPerFrame = "cpu_microseconds_per_frame";
    public const string P50 = "p50_microseconds";
    public const string P99 = "p99_microseconds";
    public const string P999 = "p999_microseconds";
    public const string RoundTrips = "round_trips_per_second";
    public const string Steal = "steal";
    public const string Others = "other_processes";
    public const string Waited = "waited_seconds";
    public const string Tries = "tries";
    public const string Resident = "resident_megabytes";
}
