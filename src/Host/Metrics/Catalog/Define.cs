namespace Overlay.Host.Metrics.Catalog;

/// <summary>Short ways to write a <see cref="MetricDefinition"/>.</summary>
internal static class Define
{
    public const string Frames = "{frame}";

    public const string Octets = "By";

    public const string Seconds = "s";

    public const string One = "1";

    public static MetricDefinition Counter(string name, string unit, string help, string[] labels, int max, Action<MetricsReading, MetricSeries<long>> read) =>
        new() { Family = name, Kind = MetricKind.Counter, Unit = unit, Help = help, Labels = [.. labels], MaxSeries = max, Whole = read };

    public static MetricDefinition Gauge(string name, string unit, string help, string[] labels, int max, Action<MetricsReading, MetricSeries<long>> read) =>
        new() { Family = name, Kind = MetricKind.Gauge, Unit = unit, Help = help, Labels = [.. labels], MaxSeries = max, Whole = read };

    public static MetricDefinition RealCounter(string name, string unit, string help, string[] labels, int max, Action<MetricsReading, MetricSeries<double>> read) =>
        new() { Family = name, Kind = MetricKind.Counter, Unit = unit, Help = help, Labels = [.. labels], MaxSeries = max, Real = read };

    public static MetricDefinition RealGauge(string name, string unit, string help, string[] labels, int max, Action<MetricsReading, MetricSeries<double>> read) =>
        new() { Family = name, Kind = MetricKind.Gauge, Unit = unit, Help = help, Labels = [.. labels], MaxSeries = max, Real = read };

    /// <summary>A counter or gauge of one series.</summary>
    public static MetricDefinition Counter(string name, string unit, string help, Func<MetricsReading, long> read) =>
        Counter(name, unit, help, [], 1, (reading, to) => to.Add(read(reading)));

    /// <inheritdoc cref="Counter(string, string, string, Func{MetricsReading, long})"/>
    public static MetricDefinition Gauge(string name, string unit, string help, Func<MetricsReading, long> read) =>
        Gauge(name, unit, help, [], 1, (reading, to) => to.Add(read(reading)));

    /// <inheritdoc cref="Counter(string, string, string, Func{MetricsReading, long})"/>
    public static MetricDefinition RealCounter(string name, string unit, string help, Func<MetricsReading, double> read) =>
        RealCounter(name, unit, help, [], 1, (reading, to) => to.Add(read(reading)));

    /// <inheritdoc cref="Counter(string, string, string, Func{MetricsReading, long})"/>
    public static MetricDefinition RealGauge(string name, string unit, string help, Func<MetricsReading, double> read) =>
        RealGauge(name, unit, help, [], 1, (reading, to) => to.Add(read(reading)));
}
