using System.Globalization;
using Overlay.Cli.Native;

namespace Overlay.Cli.Lab;

/// <summary>Processes by id and start time, read from <c>/proc</c>.</summary>
internal static class LabProcesses
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    /// <summary>The process with its start time; null if it is gone or has ended and only waits to be reaped.</summary>
    public static LabProcess? Find(int pid)
    {
        string stat;
        try
        {
            stat = File.ReadAllText($"/proc/{pid}/stat");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        // The second field is the name in parentheses and may hold anything, so the fields are counted from its end: state is the 3rd, starttime the 22nd.
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return fields[0] is "Z" or "X" ? null : new LabProcess(pid, long.Parse(fields[19], CultureInfo.InvariantCulture));
    }

    public static bool IsAlive(LabProcess? process) => process is not null && Find(process.Pid) == process;

    /// <summary>Asks the processes to end, waits, and kills what is left. Returns those that even then remain.</summary>
    public static async Task<List<LabProcess>> EndAsync(IReadOnlyCollection<LabProcess> processes, TimeSpan patience)
    {
        List<LabProcess> alive = Signal(processes, LibC.SigTerm);
        alive = await WaitAsync(alive, patience);
        alive = Signal(alive, LibC.SigKill);
        return await WaitAsync(alive, patience);
    }

    private static List<LabProcess> Signal(IReadOnlyCollection<LabProcess> processes, int signal)
    {
        List<LabProcess> alive = [];
        foreach (LabProcess process in processes)
        {
            if (!IsAlive(process)) continue;
            LibC.Kill(process.Pid, signal);
            alive.Add(process);
        }

        return alive;
    }

    private static async Task<List<LabProcess>> WaitAsync(List<LabProcess> processes, TimeSpan patience)
    {
        for (TimeSpan waited = TimeSpan.Zero; processes.Count > 0 && waited < patience; waited += Look)
        {
            await Task.Delay(Look);
            processes.RemoveAll(p => !IsAlive(p));
        }

        return processes;
    }
}
