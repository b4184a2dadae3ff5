namespace Overlay.EndToEnd.Measuring;

/// <summary>One measurement of one row. A failure has a note and lacks the value: it is never a zero.</summary>
internal sealed record Sample
{
    /// <summary>The round, from 1.</summary>
    public int Round { get; init; }

    /// <summary>What went wrong, or null.</summary>
    public string? Note { get; init; }

    /// <summary>Values by name; see <see cref="Metric"/>.</summary>
    public SortedDictionary<string, double> Values { get; init; } = new(StringComparer.Ordinal);

    /// <summary>A value, or not a number.</summary>
    public double this[string metric] => Values.TryGetValue(metric, out var value) ? value : double.NaN;
}
