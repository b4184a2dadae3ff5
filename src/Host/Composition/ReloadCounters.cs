using Overlay.Host.Metrics;

namespace Overlay.Host.Composition;

/// <summary>What reloads and other changes of the configuration came to. Any thread.</summary>
/// <param name="time">Clock.</param>
internal sealed class ReloadCounters(TimeProvider time)
{
    private readonly Lock _lock = new();
    private ReloadFigures _figures = new(1, 0, 0, true, Seconds(time.GetUtcNow()));

    /// <summary>A change was applied.</summary>
    public void Applied()
    {
        lock (_lock)
        {
            _figures = _figures with { Applied = _figures.Applied + 1, IsLastApplied = true, AppliedAt = Seconds(time.GetUtcNow()) };
        }
    }

    /// <summary>A change was refused; what ran keeps running.</summary>
    public void Refused()
    {
        lock (_lock)
        {
            _figures = _figures with { Refused = _figures.Refused + 1, IsLastApplied = false };
        }
    }

    /// <summary>The figures.</summary>
    /// <param name="revision">The configuration's revision now.</param>
    public ReloadFigures Read(long revision)
    {
        lock (_lock)
        {
            return _figures with { Revision = revision };
        }
    }

    private static double Seconds(DateTimeOffset at) => at.ToUnixTimeMilliseconds() / 1000.0;
}
