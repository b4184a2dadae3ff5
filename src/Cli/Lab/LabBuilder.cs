using System.Diagnostics;
using System.Globalization;
using Overlay.Cli.Admin;
using Overlay.Cli.Tools;

namespace Overlay.Cli.Lab;

/// <summary>
/// Builds a lab:
/// <code>
///   ovl-a                                   ovl-b
///   tap-a 10.90.0.1, fd90::1                tap-b 10.90.0.2, fd90::2
///     │                                       │
///   overlayd                                overlayd
///     │                                       │
///   eth0 192.0.2.1 ═════ veth, MTU 1500 ═══ eth0 192.0.2.2
/// </code>
/// With more than two hosts the veth pairs meet in a bridge in <c>ovl-wire</c>.
/// </summary>
internal sealed class LabBuilder(LabStore store, TimeProvider time)
{
    private const string StartScript = "exec \"$@\" </dev/null >>\"$0\" 2>&1";
    private static readonly TimeSpan ReadyTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan ReadyLook = TimeSpan.FromMilliseconds(20);

    /// <summary>Builds it, or leaves nothing behind.</summary>
    /// <exception cref="LabException">A step failed.</exception>
    /// <exception cref="OperationCanceledException">Interrupted.</exception>
    public async Task<LabState> BuildAsync(string encap, string underlay, int vteps, string overlayd, CancellationToken cancellation)
    {
        LabState state = new()
        {
            Name = store.Name,
            Encap = encap,
            Underlay = underlay,
            Builder = LabProcesses.Find(Environment.ProcessId) ?? new LabProcess(Environment.ProcessId, 0),
            Overlayd = overlayd,
            Wire = vteps > 2 ? LabPlan.WireNetns(store.Name) : null,
            Vteps = [.. Enumerable.Range(0, vteps).Select(i => LabPlan.Vtep(store, underlay, i))],
        };
        if (!store.TryCreate(state)) throw new LabException($"a lab named {store.Name} is being built already", "overlayctl lab down");
        try
        {
            await MakeWiresAsync(state, cancellation);
            foreach (LabVtep vtep in state.Vteps)
            {
                cancellation.ThrowIfCancellationRequested();
                await File.WriteAllTextAsync(vtep.Config, LabPlan.Configuration(state, vtep), cancellation);
                state = Start(state, vtep);
                store.Save(state);
            }

            foreach (LabVtep vtep in state.Vteps)
            {
                await AwaitReadyAsync(vtep, cancellation);
                await MakeTapAsync(vtep);
            }

            state = state with { Ready = true };
            store.Save(state);
            return state;
        }
        catch
        {
            await new LabRemover(store).RemoveAsync();
            throw;
        }
    }

    /// <summary>The last lines a daemon wrote.</summary>
    public static string LastWords(LabVtep vtep)
    {
        try
        {
            string[] lines = File.ReadAllLines(vtep.Log);
            return lines.Length == 0 ? "it wrote nothing" : string.Join(" | ", lines.TakeLast(3));
        }
        catch (IOException)
        {
            return "it wrote nothing";
        }
    }

    private static async Task MakeWiresAsync(LabState state, CancellationToken cancellation)
    {
        foreach (LabVtep vtep in state.Vteps)
        {
            await LabNet.IpAsync("netns", "add", vtep.Netns);
            await LabNet.IpAsync("-n", vtep.Netns, "link", "set", "lo", "up");
            cancellation.ThrowIfCancellationRequested();
        }

        if (state.Wire is null)
        {
            (LabVtep a, LabVtep b) = (state.Vteps[0], state.Vteps[1]);
            await LabNet.IpAsync("link", "add", LabPlan.UnderlayDevice, "netns", a.Netns, "type", "veth", "peer", "name", LabPlan.UnderlayDevice, "netns", b.Netns);
        }
        else
        {
            await MakeBridgeAsync(state.Wire, state.Vteps);
        }

        string mtu = LabPlan.UnderlayMtu.ToString(CultureInfo.InvariantCulture);
        foreach (LabVtep vtep in state.Vteps)
        {
            cancellation.ThrowIfCancellationRequested();
            string address = $"{vtep.UnderlayAddress}/{LabPlan.UnderlayPrefix(state.Underlay)}";
            await LabNet.IpAsync("-n", vtep.Netns, "link", "set", LabPlan.UnderlayDevice, "mtu", mtu, "up");

            // Without duplicate address detection, an IPv6 address can be used at once.
            string[] nodad = state.Underlay == "ipv6" ? ["nodad"] : [];
            await LabNet.IpAsync(["-n", vtep.Netns, "addr", "add", address, "dev", LabPlan.UnderlayDevice, .. nodad]);
        }
    }

    private static async Task MakeBridgeAsync(string wire, IReadOnlyList<LabVtep> vteps)
    {
        const string Bridge = "wire0";
        await LabNet.IpAsync("netns", "add", wire);
        await LabNet.IpAsync("-n", wire, "link", "add", Bridge, "type", "bridge");
        await LabNet.IpAsync("-n", wire, "link", "set", Bridge, "up");
        foreach (LabVtep vtep in vteps)
        {
            string leg = "to-" + vtep.Name;
            await LabNet.IpAsync("link", "add", LabPlan.UnderlayDevice, "netns", vtep.Netns, "type", "veth", "peer", "name", leg, "netns", wire);
            await LabNet.IpAsync("-n", wire, "link", "set", leg, "master", Bridge, "up");
        }
    }

    private static async Task MakeTapAsync(LabVtep vtep)
    {
        await LabNet.IpAsync("-n", vtep.Netns, "link", "set", vtep.Tap, "up");
        await LabNet.IpAsync("-n", vtep.Netns, "addr", "replace", $"{vtep.OverlayV4}/{LabPlan.OverlayPrefixV4}", "dev", vtep.Tap);
        await LabNet.IpAsync("-n", vtep.Netns, "addr", "replace", $"{vtep.OverlayV6}/{LabPlan.OverlayPrefixV6}", "dev", vtep.Tap, "nodad");
    }

    /// <summary>
    /// Starts the daemon so that it outlives us and our terminal: a session of its own, output to its log. Each link of the chain
    /// (sh, ip netns exec, setsid) replaces itself by the next, so the process id is the daemon's.
    /// </summary>
    private static LabState Start(LabState state, LabVtep vtep)
    {
        ProcessStartInfo start = new("/bin/sh") { UseShellExecute = false };
        foreach (string argument in (ReadOnlySpan<string>)
            ["-c", StartScript, vtep.Log, Tool.Find("ip") ?? "ip", "netns", "exec", vtep.Netns, "setsid", state.Overlayd, "--config", vtep.Config])
        {
            start.ArgumentList.Add(argument);
        }

        // Neither the environment's settings nor our own supervisor are meant for a daemon of the lab.
        foreach (string name in start.Environment.Keys.Where(n => n.StartsWith("OVERLAY__", StringComparison.Ordinal) || n == "NOTIFY_SOCKET").ToList())
        {
            start.Environment.Remove(name);
        }

        using Process process = Process.Start(start) ?? throw new LabException("/bin/sh could not be started", "overlayctl doctor");
        LabVtep started = vtep with { Daemon = LabProcesses.Find(process.Id) ?? new LabProcess(process.Id, 0) };
        return state with { Vteps = [.. state.Vteps.Select(v => v.Name == vtep.Name ? started : v)] };
    }

    private async Task AwaitReadyAsync(LabVtep vtep, CancellationToken cancellation)
    {
        using AdminClient client = new(vtep.Socket);
        long began = time.GetTimestamp();
        while (!(await client.GetAsync("readyz", cancellation)).IsSuccess)
        {
            if (!LabProcesses.IsAlive(vtep.Daemon))
            {
                throw new LabException($"overlayd of {vtep.Name} ended at once: {LastWords(vtep)}", "overlayctl doctor");
            }

            if (time.GetElapsedTime(began) > ReadyTimeout)
            {
                throw new LabException($"overlayd of {vtep.Name} was not ready within {ReadyTimeout.TotalSeconds:0} s: {LastWords(vtep)}", "overlayctl doctor");
            }

            await Task.Delay(ReadyLook, time, cancellation);
        }
    }
}
