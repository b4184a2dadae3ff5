namespace Overlay.Host.Composition;

/// <summary>Alarms about the process around the dataplane: a listener that has no address, say. Any thread.</summary>
internal sealed class HostAlarms
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, string> _on = new(StringComparer.Ordinal);

    /// <summary>Every name there is.</summary>
    public static IReadOnlyList<string> Names { get; } = ["metrics_listen", "metrics_otlp"];

    /// <summary>The alarms that are on: name, subject and sentence in one line each, as in the status.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lock)
            {
                return [.. _on.Select(alarm => $"{alarm.Key} {alarm.Value}")];
            }
        }
    }

    /// <summary>True if an alarm is on.</summary>
    public bool IsOn(string name)
    {
        lock (_lock)
        {
            return _on.ContainsKey(name);
        }
    }

    /// <summary>Turns an alarm on, or changes what it says.</summary>
    /// <returns>True if it was off.</returns>
    public bool Set(string name, string subject, string sentence)
    {
        lock (_lock)
        {
            var isNew = !_on.ContainsKey(name);
            _on[name] = $"{subject}: {sentence}";
            return isNew;
        }
    }

    /// <summary>Turns an alarm off.</summary>
    /// <returns>True if it was on.</returns>
    public bool Clear(string name)
    {
        lock (_lock)
        {
            return _on.Remove(name);
        }
    }
}
