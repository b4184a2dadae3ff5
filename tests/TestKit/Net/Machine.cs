using System.Globalization;

namespace Overlay.TestKit.Net;

/// <summary>How busy the machine is: a figure measured beside somebody else's compiler is not a figure.</summary>
public static class Machine
{
    /// <summary>Waits until the processors are mostly idle over a fifth of a second; false if they were not within the limit.</summary>
    public static bool WaitForQuiet(TimeSpan limit) => Wait.TryUntil(
        () =>
        {
            var before = Read();
            Thread.Sleep(200);
            var after = Read();
            return after.Idle - before.Idle >= 0.85 * Math.Max(1, after.All - before.All);
        }, limit);

    /// <summary>Load average and stolen time since the start, for a report.</summary>
    public static string Report() => $"load {File.ReadAllText("/proc/loadavg").Trim()}, steal {File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[8]} ticks";

    private static (long Idle, long All) Read()
    {
        var ticks = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(t => long.Parse(t, CultureInfo.InvariantCulture)).ToArray();
        return (ticks[3] + ticks[4], ticks.Sum());
    }
}
