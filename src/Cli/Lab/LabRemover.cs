namespace Overlay.Cli.Lab;

/// <summary>Takes a lab down without trace, whatever is left of it. Runs to its end even if interrupted.</summary>
internal sealed class LabRemover(LabStore store)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>What was removed, and what could not be.</summary>
    public sealed record Outcome(int Namespaces, int Processes, IReadOnlyList<string> Remaining);

    public async Task<Outcome> RemoveAsync()
    {
        LabState? state = store.Load();
        List<string> namespaces = [.. LabPlan.AllNetns(store.Name).Where(LabNet.NetnsExists)];
        HashSet<LabProcess> processes = [];
        foreach (LabVtep vtep in state?.Vteps ?? [])
        {
            if (vtep.Daemon is { } daemon && LabProcesses.IsAlive(daemon)) processes.Add(daemon);
        }

        // A daemon started in the instant before a crash is in no file, but it lives in the namespace; so do tools left running there.
        foreach (string netns in namespaces) processes.UnionWith(await LabNet.ProcessesAsync(netns));
        List<LabProcess> alive = await LabProcesses.EndAsync(processes, Patience);

        // The devices, TAPs included, go with their namespace.
        foreach (string netns in namespaces) await LabNet.TryIpAsync("netns", "del", netns);
        store.Delete();

        List<string> remaining = [];
        foreach (LabProcess process in alive) remaining.Add($"process {process.Pid}");
        foreach (string netns in namespaces.Where(LabNet.NetnsExists)) remaining.Add($"network namespace {netns}");
        if (store.Exists) remaining.Add(store.Directory);
        return new Outcome(namespaces.Count, processes.Count, remaining);
    }
}
