namespace Overlay.Host.Metrics;

/// <summary>
/// One observer's look at the instruments: while <see cref="Run"/> runs, they show its reading to this thread, and to nobody else. Observers do not wait for one another: each has lists of its own.
/// </summary>
/// <remarks>One <see cref="Run"/> at a time.</remarks>
internal sealed class Observation
{
    [ThreadStatic]
    private static Observation? _current;

    private readonly Dictionary<MetricDefinition, object> _series = [];
    private MetricsReading? _reading;

    /// <summary>The values of a metric as the observer of this thread is to see them; none without one.</summary>
    /// <param name="definition">The metric.</param>
    /// <param name="read">Writes them.</param>
    public static IEnumerable<System.Diagnostics.Metrics.Measurement<T>> Values<T>(MetricDefinition definition, Action<MetricsReading, MetricSeries<T>> read)
        where T : struct
    {
        if (_current is not { _reading: { } reading } observation)
        {
            return [];
        }

        if (!observation._series.TryGetValue(definition, out var kept))
        {
            observation._series.Add(definition, kept = new MetricSeries<T>(definition));
        }

        var series = (MetricSeries<T>)kept;
        series.Clear();
        read(reading, series);
        return series;
    }

    /// <summary>Lets the instruments show a reading to whatever <paramref name="observe"/> calls on this thread.</summary>
    public void Run(MetricsReading reading, Action observe)
    {
        (_reading, _current) = (reading, this);
        try
        {
            observe();
        }
        finally
        {
            (_reading, _current) = (null, null);
        }
    }
}
