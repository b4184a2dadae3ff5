using System.Globalization;

namespace Overlay.EndToEnd.Measuring;

/// <summary>The processor time of processes that are not of this run: neither its own, nor children of it, nor threads of the kernel.</summary>
internal static class OtherProcesses
{
    private const double TicksPerSecond = 100;
    private const int KernelThreads = 2;

    /// <summary>
    /// Seconds that they and the children they have waited for have taken. A process that ends moves its time to its parent, so the difference of two
    /// readings misses none that somebody waits for.
    /// </summary>
    public static double Seconds()
    {
        var all = new Dictionary<int, (int Parent, double Seconds)>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)) continue;
            try
            {
                all[pid] = Parse(File.ReadAllText($"/proc/{pid}/stat"));
            }
            catch (IOException)
            {
                // It has ended.
            }
        }

        return all.Where(p => p.Key != KernelThreads && p.Value.Parent != KernelThreads && !IsOurs(p.Key)).Sum(p => p.Value.Seconds);

        bool IsOurs(int pid)
        {
            for (var depth = 0; pid > 1 && depth < 64; depth++)
            {
                if (pid == Environment.ProcessId) return true;
                if (!all.TryGetValue(pid, out var process)) return false;
                pid = process.Parent;
            }

            return false;
        }
    }

    /// <summary>Parent, and user and system time with those of the children waited for, of a line of <c>/proc/PID/stat</c>.</summary>
    internal static (int Parent, double Seconds) Parse(string line)
    {
        // The name in parentheses may hold anything, blanks and parentheses too.
        var words = line[(line.LastIndexOf(')') + 2)..].Split(' ');
        var ticks = Enumerable.Range(11, 4).Sum(i => long.Parse(words[i], CultureInfo.InvariantCulture));
        return (int.Parse(words[1], CultureInfo.InvariantCulture), ticks / TicksPerSecond);
    }
}
