using System.Collections.Immutable;
using Overlay.Control;
using Overlay.Control.Etcd;
using Overlay.Control.Evpn;
using Overlay.Control.HandOver;
using Overlay.Control.StaticFile;
using Overlay.Dataplane;
using Overlay.Dataplane.HandOver;
using Overlay.Dataplane.Underlay;
using Overlay.Dataplane.Workers;
using Overlay.Encap;
using Overlay.Forwarding.Topology;
using Overlay.Host.Configuration;
using Overlay.Host.Restart;

namespace Overlay.Host.Composition;

/// <summary>
/// Dataplane, control loop and the static plane, put together: what there is to start, to change and to stop, without a process around it.
/// </summary>
/// <remarks><b>Threading:</b> one call of <see cref="StartAsync"/>, <see cref="ApplyAsync"/> and <see cref="StopAsync"/> at a time; the rest from any thread.</remarks>
internal sealed class DaemonRuntime : IAsyncDisposable
{
    private static readonly TimeSpan Drain = TimeSpan.FromMilliseconds(500);

    private readonly ILogger _log;
    private readonly StaticPlane _static = new();
    private readonly Dictionary<string, (bool IsUp, MacAddress Mac)> _portStates = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private Task _following = Task.CompletedTask;
    private Task _finishing = Task.CompletedTask;
    private bool _isLeaving;
    private readonly TaskCompletionSource _restored = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _running;
    private bool _stopped;
    private bool _disposed;

    private readonly HandOver? _handOver;

    /// <summary>Makes a runtime; nothing is opened.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="seed">Seed of the flow hash.</param>
    /// <param name="time">Clock.</param>
    /// <param name="loggers">Loggers.</param>
    /// <param name="handOver">What goes from one process to the next; null keeps nothing.</param>
    public DaemonRuntime(OverlayConfig config, FlowHashSeed seed, TimeProvider time, ILoggerFactory loggers, HandOver? handOver = null)
    {
        _handOver = handOver;
        _log = loggers.CreateLogger<DaemonRuntime>();
        Config = config;
        var workers = new WorkerOptions { Count = config.Workers.Count, Cpus = config.Workers.Cpus, Spin = config.Workers.Spin, Lane = config.Workers.Lane };
        Dataplane = new DataplaneService(config.Underlay, workers, seed, time, loggers, handOver?.Options);
        Control = new ControlLoop(Dataplane.Forwarding, new ControlOptions { Precedence = config.Precedence, Guard = config.Guard, StaleHold = config.StaleHold }, time, loggers);
        Control.AddPlane(_static);
        if (config.Evpn is { } evpn)
        {
            var isTakingOver = handOver is { IsTakingOver: true };
            Evpn = new EvpnPlane(evpn, time, loggers) { IsRestarting = isTakingOver, KeepsForwarding = isTakingOver, StaleHold = config.StaleHold };
        }

        Etcd = config.Etcd is { } etcd ? new EtcdPlane(etcd, time, loggers) : null;
        Sampler = new TrafficSampler(Dataplane.Forwarding, time);
        Storms = new StormWatch(Dataplane.Forwarding, time, _log);
    }

    /// <summary>The configuration in force.</summary>
    public OverlayConfig Config { get; private set; }

    public DataplaneService Dataplane { get; }

    public ControlLoop Control { get; }

    /// <summary>The EVPN plane; null if it is not configured.</summary>
    public EvpnPlane? Evpn { get; }

    /// <summary>The etcd plane; null if it is not configured.</summary>
    public EtcdPlane? Etcd { get; }

    public TrafficSampler Sampler { get; }

    public StormWatch Storms { get; }

    /// <summary>Alarms about the process around the dataplane.</summary>
    public HostAlarms HostAlarms { get; } = new();

    /// <summary>Called when another configuration is in force, by the thread that brought it there. Set before anybody changes anything.</summary>
    public Action Changed { get; set; } = static () => { };

    /// <summary>Ports of the configuration in force that could not be opened: a sentence each.</summary>
    public IReadOnlyList<string> PortErrors { get; private set; } = [];

    /// <summary>Ports as they were when <see cref="FollowPortsAsync"/> looked last.</summary>
    public ImmutableArray<DataplaneSnapshot.PortStatus> LastPorts { get; private set; } = [];

    /// <summary>Opens sockets, starts threads, brings the configured topology and routes into force.</summary>
    /// <returns>Why it did not start; empty if it forwards. Ports that cannot be opened while others can are not an error: see <see cref="PortErrors"/>.</returns>
    public async Task<IReadOnlyList<string>> StartAsync()
    {
        // Nothing is read before there is a topology to forward by: what was handed over waits.
        var started = Dataplane.Start(run: false);
        if (!started.IsStarted)
        {
            return started.Errors;
        }

        Control.Start();
        await SetLocalAddressesAsync(Dataplane.Underlay);

        // VNIs and routes before ports: a tenant that speaks the moment its device is there finds everybody it may speak to.
        var withoutPorts = Config.Topology with { Ports = ImmutableSortedDictionary<string, PortSpec>.Empty, Vnis = [.. Config.Topology.Vnis.Select(vni => vni with { Ports = [] })] };
        await CommitAsync(Dataplane.Prepare(withoutPorts), Config);
        _handOver?.Prepare(Config.Topology);
        var plan = Dataplane.Prepare(Config.Topology);
        if (plan.Errors.Length > 0 && plan.Errors.Length == Config.Topology.Ports.Count)
        {
            plan.Dispose();
            return plan.Errors;
        }

        PortErrors = plan.Errors;
        _handOver?.Announce(Config.Topology);
        await CommitAsync(plan, Config);
        if (Evpn is not null)
        {
            // What it had given before is in force before the first frame; its sessions come after.
            Control.AddPlane(Evpn, after: _restored.Task);
        }

        if (Etcd is not null)
        {
            Control.AddPlane(Etcd, after: _restored.Task);
        }

        await RestoreAsync();
        await Dataplane.RunAsync();
        _running = true;
        HostLog.Forwards(_log, ProcessAge.Milliseconds());
        Warn(plan);
        _following = FollowUnderlayAsync();
        await Dataplane.RetireAsync(plan);
        if (_handOver is not null)
        {
            var handOver = _handOver;
            _finishing = Task.Run(() => FinishAsync(handOver));
        }
        else
        {
            _restored.TrySetResult();
        }

        return [];
    }

    /// <summary>What of <see cref="StartAsync"/> needs nothing of the machine. Once, instead of it.</summary>
    public async Task RehearseAsync()
    {
        Control.Start();
        await Control.SetLocalAddresses(Config.Underlay.Local);
        await CommitAsync(Dataplane.Prepare(Config.Topology), Config);
        await Control.RestoreSeen(SeenMacs.None, 0, 1, TimeSpan.Zero);
    }

    // Whatever is wrong with it, frames are forwarded.
    private async Task RestoreAsync()
    {
        try
        {
            await (_handOver?.RestoreAsync(Control, Restores) ?? Task.CompletedTask);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            HostLog.HandOverFailed(_log, error);
        }
    }

    // What nobody would ever give again, or take back, stays away.
    private bool Restores(string plane, string session) =>
        plane == Evpn?.Name ? session.Length == 0 || Evpn.Restores(session) : plane == Etcd?.Name && session.Length == 0;

    /// <summary>Brings another configuration into force, touching only what changed; or does nothing.</summary>
    /// <returns>
    /// Why nothing was done; empty if it is in force. A port that could not be opened and was not open before either, configured the same, is not an error: see <see cref="PortErrors"/>.
    /// </returns>
    public async Task<IReadOnlyList<string>> ApplyAsync(OverlayConfig config)
    {
        await _finishing;
        using var plan = Dataplane.Prepare(config.Topology);

        // A port of the configuration in force that has to be opened at all was not: its container is gone, say. That must not keep everything else from being changed.
        if (plan.FailedPorts.Any(port => !port.Equals(Config.Topology.Ports.GetValueOrDefault(port.Name))))
        {
            return plan.Errors;
        }

        Warn(plan);
        _handOver?.Announce(config.Topology);
        try
        {
            await CommitAsync(plan, config);
        }
        finally
        {
            // Whatever failed after it, what the dataplane forwards by is the new topology, and what it left behind has to be closed.
            if (plan.IsCommitted)
            {
                PortErrors = plan.Errors;
                Config = config;
                Changed();
                await Dataplane.RetireAsync(plan);
                _handOver?.Follow(Dataplane, config.Topology);
            }
        }

        return [];
    }

    /// <summary>Called once a second: follows the ports' devices, and sees to what a restart needs.</summary>
    public async Task TickAsync()
    {
        await FollowPortsAsync();
        if (_running && _finishing.IsCompleted)
        {
            _handOver?.Tick(Dataplane, Config.Topology);
        }
    }

    /// <summary>Takes over what happened to the ports' devices, and tells the control loop of those that went up or down or changed their MAC.</summary>
    public async Task FollowPortsAsync()
    {
        await Control.InvokeAsync(Dataplane.FollowDevices);
        LastPorts = Dataplane.Ports();
        foreach (var port in LastPorts)
        {
            if (!_portStates.TryGetValue(port.Name, out var known) || known != (port.IsUp, port.Mac))
            {
                _portStates[port.Name] = (port.IsUp, port.Mac);
                await Control.SetPort(port.Name, port.IsUp, port.Mac);
            }
        }
    }

    /// <summary>
    /// Ends everything but forwarding: what was learned is left to the next process, planes and the control thread end. What the tables hold stays, and frames are forwarded by it.
    /// </summary>
    public async Task LeaveAsync()
    {
        if (_isLeaving)
        {
            return;
        }

        _isLeaving = true;
        await _finishing;
        if (_running && _handOver is not null)
        {
            try
            {
                await _handOver.LeaveAsync(Dataplane, Control);
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                HostLog.HandOverFailed(_log, error);
            }
        }

        if (Evpn is not null)
        {
            // SIGTERM does not say whether we come back. Where descriptors are kept for the next process, that is what is expected.
            Evpn.IsComingBack = _running && _handOver is { HasStore: true };
        }

        HostLog.Stopping(_log, "control planes end, frames are still forwarded");
        await _stop.CancelAsync();
        await _following;
        await Control.StopAsync();
    }

    /// <summary>Stops in order: everything but forwarding (<see cref="LeaveAsync"/>), then forwarding; sockets and devices close last.</summary>
    /// <param name="remove">Whether the TAPs that were made here go too.</param>
    public async Task StopAsync(bool remove = false)
    {
        if (_stopped)
        {
            return;
        }

        _stopped = true;
        await LeaveAsync();
        var mode = remove ? StopMode.Remove : _running && _handOver is { HasStore: true } ? StopMode.HandOver : StopMode.Keep;
        await Dataplane.StopAsync(Drain, mode);
        HostLog.Stopping(_log, mode == StopMode.HandOver ? "what comes now waits for the next process" : "what waited is forwarded, sockets and devices are closed");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        await StopAsync();
        await Control.DisposeAsync();
        Evpn?.Dispose();
        Etcd?.Dispose();
        Dataplane.Dispose();
        _handOver?.Dispose();
        _stop.Dispose();
    }

    private async Task FinishAsync(HandOver handOver)
    {
        try
        {
            await handOver.FinishAsync(Dataplane, Control);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            HostLog.HandOverFailed(_log, error);
        }
        finally
        {
            // Sessions come when all MACs are back: what neighbours keep of ours they sweep at our End-of-RIB.
            _restored.TrySetResult();
        }
    }

    private async Task CommitAsync(TopologyPlan plan, OverlayConfig config)
    {
        await Control.InvokeAsync(() => Dataplane.Commit(plan));
        await Control.SetGuard(config.Guard, config.StaleHold);
        if (Evpn is not null)
        {
            Evpn.StaleHold = config.StaleHold;
            Evpn.Expect(EvpnVnis.Before(Evpn.Options, Config, config));
        }

        if (Etcd is not null && config.Etcd is { } etcd)
        {
            // Before a VNI is there, or it would be mirrored for a moment.
            Etcd.SetModes(etcd);
        }

        await Control.SetTopology(plan.Spec, plan.PortIds);
        foreach (var gone in _portStates.Keys.Where(name => !plan.PortIds.ContainsKey(name)).ToArray())
        {
            _portStates.Remove(gone);
        }

        await FollowPortsAsync();
        await _static.Replace(config.Routes);
        if (Evpn is not null && config.Evpn is { } evpn)
        {
            await Evpn.ApplyAsync(EvpnVnis.After(Evpn.Options, evpn, config.Topology));
        }

        await Control.SettleAsync();
    }

    private void Warn(TopologyPlan plan)
    {
        foreach (var warning in plan.Warnings.Concat(plan.Errors))
        {
            HostLog.Warn(_log, warning);
        }
    }

    private async Task FollowUnderlayAsync()
    {
        try
        {
            await foreach (var _ in Dataplane.Changes.ReadAllAsync(_stop.Token))
            {
                await FollowUnderlayOnceAsync();
            }
        }
        catch (Exception stopped) when (stopped is OperationCanceledException or ObjectDisposedException)
        {
            // The end.
        }
    }

    private async Task FollowUnderlayOnceAsync()
    {
        try
        {
            // As it is now, not as it was: the state at start may come behind a change that came with it.
            await SetLocalAddressesAsync(Dataplane.Underlay);
        }
        catch (Exception error) when (error is not (OperationCanceledException or ObjectDisposedException))
        {
            HostLog.UnderlayNotTaken(_log, error);
        }
    }

    // Peers are reached over addresses that exist. When none does, the tables are left alone: frames then have the name underlay_unreachable, and
    // forwarding goes on the moment an address is back.
    private Task SetLocalAddressesAsync(UnderlayChange change)
    {
        ImmutableArray<UnderlayAddress> present = [.. change.Addresses.Where(local => local.Present).Select(local => local.Address)];
        return Control.SetLocalAddresses(present.IsEmpty ? Config.Underlay.Local : present);
    }
}
