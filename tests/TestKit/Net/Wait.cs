using System.Diagnostics;

namespace Overlay.TestKit.Net;

/// <summary>Waiting for conditions with deadlines, never for time to pass.</summary>
public static class Wait
{
    // What is waited for comes much sooner as a rule; a limit is for saying what never came, and a slow machine is not that.
    private const int SlowestMachine = 4;

    /// <summary>Polls until <paramref name="condition"/> holds; throws <see cref="TimeoutException"/> that says what was waited for. On a slow machine it is patient: four times the limit.</summary>
    public static void Until(Func<bool> condition, TimeSpan limit, string what, Func<string>? detail = null)
    {
        limit *= SlowestMachine;
        if (!TryUntil(condition, limit)) throw new TimeoutException($"not within {limit.TotalSeconds:0.#} s: {what}{(detail is null ? "" : "\n" + detail())}");
    }

    /// <summary>Polls until <paramref name="condition"/> holds or the limit passes.</summary>
    public static bool TryUntil(Func<bool> condition, TimeSpan limit)
    {
        var start = Stopwatch.GetTimestamp();
        var pause = 1;
        while (true)
        {
            if (condition()) return true;
            if (Stopwatch.GetElapsedTime(start) > limit) return false;
            Thread.Sleep(pause);
            pause = Math.Min(pause * 2, 20);
        }
    }

    /// <summary>Polls <paramref name="read"/> until it stays the same over <paramref name="quiet"/>; returns the last value.</summary>
    public static T Settled<T>(Func<T> read, TimeSpan quiet, TimeSpan limit)
    {
        limit *= SlowestMachine;
        var start = Stopwatch.GetTimestamp();
        var value = read();
        var since = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(since) < quiet)
        {
            if (Stopwatch.GetElapsedTime(start) > limit) throw new TimeoutException($"still changing after {limit.TotalSeconds:0.#} s; last value {value}");
            Thread.Sleep(10);
            var next = read();
            if (EqualityComparer<T>.Default.Equals(next, value)) continue;
            value = next;
            since = Stopwatch.GetTimestamp();
        }

        return value;
    }
}
