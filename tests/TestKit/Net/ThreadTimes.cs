using System.Globalization;

namespace Overlay.TestKit.Net;

/// <summary>What each thread of a process has had of the processors so far, by the scheduler's own account in nanoseconds: a clock tick is as long as an idle daemon needs in a second.</summary>
public sealed class ThreadTimes
{
    private readonly Dictionary<int, (string Name, long Nanoseconds)> _threads = [];

    private ThreadTimes()
    {
    }

    /// <summary>Reads the times of a process now. Threads that end while they are read are left out.</summary>
    public static ThreadTimes Of(int pid)
    {
        var times = new ThreadTimes();
        foreach (var task in Directory.GetDirectories(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/task")))
        {
            try
            {
                var nanoseconds = long.Parse(File.ReadAllText($"{task}/schedstat").Split(' ')[0], CultureInfo.InvariantCulture);
                times._threads[int.Parse(Path.GetFileName(task), CultureInfo.InvariantCulture)] = (File.ReadAllText($"{task}/comm").Trim(), nanoseconds);
            }
            catch (IOException)
            {
                // It has just ended.
            }
        }

        return times;
    }

    /// <summary>What the threads had since an earlier reading.</summary>
    public TimeSpan Since(ThreadTimes earlier) => TimeSpan.FromMicroseconds(Shares(earlier).Sum(s => s.Nanoseconds) / 1000.0);

    /// <summary>What threads of a name have had.</summary>
    public TimeSpan Named(string name) => TimeSpan.FromMicroseconds(_threads.Values.Where(t => t.Name == name).Sum(t => t.Nanoseconds) / 1000.0);

    /// <summary>The busiest threads since an earlier reading, for a report.</summary>
    public string Busiest(ThreadTimes earlier) => string.Join(", ", Shares(earlier).OrderByDescending(s => s.Nanoseconds).Take(4).Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Name} {s.Nanoseconds / 1e6:0.0} ms")));

    private IEnumerable<(string Name, long Nanoseconds)> Shares(ThreadTimes earlier) =>
        _threads.Select(t => (t.Value.Name, t.Value.Nanoseconds - earlier._threads.GetValueOrDefault(t.Key).Nanoseconds));
}
