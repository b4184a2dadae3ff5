using System.Globalization;

namespace Overlay.Host.Composition;

/// <summary>How long this process has existed, from the kernel's own book: what an operator waits for begins at exec, not at <c>Main</c>.</summary>
internal static class ProcessAge
{
    // /proc/self/stat counts in USER_HZ, which is 100 on every architecture that .NET runs on.
    private const double TicksPerSecond = 100;

    public static long Milliseconds()
    {
        try
        {
            // The command name in parentheses may hold blanks; fields are counted behind it. starttime is field 22 of proc_pid_stat(5).
            var stat = File.ReadAllText("/proc/self/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            var began = double.Parse(fields[19], CultureInfo.InvariantCulture) / TicksPerSecond;
            var uptime = double.Parse(File.ReadAllText("/proc/uptime").Split(' ')[0], CultureInfo.InvariantCulture);
            return (long)Math.Max(0, (uptime - began) * 1000);
        }
        catch (Exception error) when (error is IOException or FormatException or IndexOutOfRangeException or UnauthorizedAccessException)
        {
            return 0;
        }
    }
}
