using System.Globalization;

namespace Overlay.Host.Restart;

/// <summary>The machine's own clock and boot, which no change of the wall clock touches.</summary>
internal static class Machine
{
    /// <summary>Which boot this is; empty if the kernel does not say.</summary>
    public static Guid Boot() => Guid.TryParse(Line("/proc/sys/kernel/random/boot_id"), out var boot) ? boot : Guid.Empty;

    /// <summary>How long the machine has been up, time asleep included; 10 ms exact.</summary>
    public static TimeSpan Uptime() =>
        double.TryParse(Line("/proc/uptime").Split(' ')[0], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds < TimeSpan.MaxValue.TotalSeconds / 2
            ? TimeSpan.FromSeconds(seconds)
            : TimeSpan.Zero;

    private static string Line(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
