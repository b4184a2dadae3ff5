using System.Globalization;

namespace Overlay.Host.Metrics;

/// <summary>The process at one moment.</summary>
/// <param name="StartTime">Unix time at which the process began, in seconds.</param>
/// <param name="CpuSeconds">CPU time, user and system.</param>
/// <param name="ResidentOctets">Memory in use (RSS).</param>
/// <param name="OpenDescriptors">Open file descriptors.</param>
/// <param name="MaxDescriptors">How many there may be (RLIMIT_NOFILE, soft); 0 if unknown.</param>
/// <param name="AllocatedOctets">Octets ever allocated on the managed heap.</param>
/// <param name="HeapOctets">Octets in use on the managed heap.</param>
/// <param name="PauseSeconds">Time that garbage collections held all threads.</param>
/// <param name="Exceptions">Exceptions thrown, caught ones too.</param>
internal readonly record struct ProcessFigures(
    double StartTime, double CpuSeconds, long ResidentOctets, int OpenDescriptors, long MaxDescriptors, long AllocatedOctets, long HeapOctets, double PauseSeconds, long Exceptions)
{
    private static readonly Lazy<long> DescriptorLimit = new(ReadDescriptorLimit);

    /// <summary>Reads them.</summary>
    /// <param name="startTime">Unix time at which the process began, in seconds.</param>
    public static ProcessFigures Read(double startTime) => new(
        startTime,
        Environment.CpuUsage.TotalTime.TotalSeconds,
        Environment.WorkingSet,
        CountDescriptors(),
        DescriptorLimit.Value,
        GC.GetTotalAllocatedBytes(),
        GC.GetTotalMemory(forceFullCollection: false),
        GC.GetTotalPauseDuration().TotalSeconds,
        Composition.ExceptionCount.Value);

    private static int CountDescriptors()
    {
        try
        {
            // The one that this look itself opens is not counted.
            return Math.Max(0, Directory.EnumerateFileSystemEntries("/proc/self/fd").Count() - 1);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private static long ReadDescriptorLimit()
    {
        try
        {
            var line = File.ReadLines("/proc/self/limits").FirstOrDefault(line => line.StartsWith("Max open files", StringComparison.Ordinal));
            var words = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
            return words.Length > 3 && long.TryParse(words[3], NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit : 0;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }
}
