using System.Globalization;
using System.Text.RegularExpressions;

namespace Overlay.Tests;

/// <summary>A page of the Prometheus text format, read back.</summary>
internal sealed partial class MetricsPage
{
    private readonly Dictionary<string, double> _values = new(StringComparer.Ordinal);

    public MetricsPage(string text)
    {
        Text = text;
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                var words = line.Split(' ');
                Types.Add(words[2], words[3]);
            }
            else if (!line.StartsWith('#'))
            {
                var at = line.LastIndexOf(' ');
                _values.Add(line[..at], double.Parse(line[(at + 1)..], CultureInfo.InvariantCulture));
            }
        }
    }

    public string Text { get; }

    public Dictionary<string, string> Types { get; } = new(StringComparer.Ordinal);

    public IEnumerable<string> Series => _values.Keys;

    /// <summary>The value of a series, written as on the page.</summary>
    public double this[string series] => _values.TryGetValue(series, out var value) ? value : throw new KeyNotFoundException($"{series} is not on the page:\n{Text}");

    /// <summary>The sum of a metric over the series that have a label.</summary>
    public double Sum(string metric, string label) => _values.Where(pair => pair.Key.StartsWith(metric + "{", StringComparison.Ordinal) && pair.Key.Contains(label, StringComparison.Ordinal)).Sum(pair => pair.Value);

    /// <summary>Received less delivered, consumed and dropped.</summary>
    public double Unaccounted(string direction) =>
        this[$"overlay_received_frames_total{{dir=\"{direction}\"}}"] - this[$"overlay_delivered_frames_total{{dir=\"{direction}\"}}"] -
        this[$"overlay_consumed_frames_total{{dir=\"{direction}\"}}"] - Sum("overlay_drops_total", $"dir=\"{direction}\"");

    /// <summary>Metric and label names on the page.</summary>
    public Dictionary<string, HashSet<string>> Names()
    {
        var names = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        foreach (var series in Series)
        {
            var at = series.IndexOf('{', StringComparison.Ordinal);
            var name = at < 0 ? series : series[..at];
            names.TryAdd(name, new HashSet<string>(StringComparer.Ordinal));
            names[name].UnionWith(at < 0 ? [] : LabelName().Matches(series[at..]).Select(match => match.Groups[1].Value));
        }

        return names;
    }

    [GeneratedRegex("[{,]([a-z_]+)=\"")]
    private static partial Regex LabelName();
}
