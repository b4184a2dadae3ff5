using System.Globalization;

namespace Overlay.EndToEnd.Measuring;

/// <summary>What the processors of the machine have done since it started, in seconds of one processor.</summary>
/// <param name="Busy">Doing something, interrupts included.</param>
/// <param name="Idle">Doing nothing.</param>
/// <param name="Stolen">Taken by the hypervisor.</param>
internal readonly record struct ProcessorTime(double Busy, double Idle, double Stolen)
{
    // USER_HZ of every Linux that .NET runs on.
    private const double TicksPerSecond = 100;

    /// <summary>All of it.</summary>
    public double Total => Busy + Idle + Stolen;

    /// <summary>Reads <c>/proc/stat</c>.</summary>
    public static ProcessorTime Read() => Parse(File.ReadLines("/proc/stat").First());

    /// <summary>Reads the first line of <c>/proc/stat</c>: user, nice, system, idle, iowait, irq, softirq, steal.</summary>
    internal static ProcessorTime Parse(string line)
    {
        var ticks = line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(t => long.Parse(t, CultureInfo.InvariantCulture)).ToArray();
        return new((ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) / TicksPerSecond, (ticks[3] + ticks[4]) / TicksPerSecond, ticks[7] / TicksPerSecond);
    }

    /// <summary>Seconds busy between an earlier reading and this one.</summary>
    public double BusySince(in ProcessorTime earlier) => Busy - earlier.Busy;
}
