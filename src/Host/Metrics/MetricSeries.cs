using System.Collections;
using System.Diagnostics.Metrics;

namespace Overlay.Host.Metrics;

/// <summary>The values of one metric at one moment, in a list that is used again. One thread at a time.</summary>
/// <param name="definition">The metric.</param>
internal sealed class MetricSeries<T>(MetricDefinition definition) : IEnumerable<Measurement<T>>
    where T : struct
{
    private readonly List<Measurement<T>> _rows = [];

    /// <summary>Forgets the values.</summary>
    public void Clear() => _rows.Clear();

    /// <summary>Adds the value of a metric without labels.</summary>
    public void Add(T value) => _rows.Add(new Measurement<T>(value));

    /// <summary>Adds a value.</summary>
    public void Add(T value, string label) => _rows.Add(new Measurement<T>(value, [Tag(0, label)]));

    /// <summary>Adds a value.</summary>
    public void Add(T value, string first, string second) => _rows.Add(new Measurement<T>(value, [Tag(0, first), Tag(1, second)]));

    /// <summary>Adds a value.</summary>
    public void Add(T value, string first, string second, string third) => _rows.Add(new Measurement<T>(value, [Tag(0, first), Tag(1, second), Tag(2, third)]));

    /// <inheritdoc/>
    public IEnumerator<Measurement<T>> GetEnumerator() => _rows.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private KeyValuePair<string, object?> Tag(int index, string value) => new(definition.Labels[index], value);
}
