using Overlay.Api;
using Overlay.Control.Queries;
using Overlay.Encap;
using Overlay.Host.Api;
using Overlay.Host.Configuration;
using Overlay.Host.Events;
using Overlay.Host.Logging;
using Overlay.Host.Metrics;
using Overlay.Host.Systemd;

namespace Overlay.Host.Composition;

/// <summary>The daemon as a hosted service: starts and stops the runtime, samples it, reloads it, and answers the admin API.</summary>
/// <remarks>Reloads are serialised; everything else runs beside them.</remarks>
internal sealed partial class Daemon(
    DaemonRuntime runtime, DaemonOptions options, DaemonLoggerProvider logging, SystemdNotifier notifier, EventLog events, TimeProvider time, ILogger<Daemon> log)
    : IHostedService, IAdminBackend, IMetricsSource, IAsyncDisposable
{
    private const int RowLimit = 100_000;
    private const int PageRows = 1000;
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _reloading = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly ReloadCounters _reloads = new(time);
    private Task _sampling = Task.CompletedTask;
    private volatile string _health = "starting";
    private long _began;
    private bool _disposed;

    /// <inheritdoc/>
    public string Health => _health;

    /// <inheritdoc/>
    public ReloadFigures Reloads => _reloads.Read(Revision);

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var warning in options.Initial.Warnings)
        {
            HostLog.ConfigurationWarning(log, warning.ToString());
        }

        var errors = await options.Starting;
        if (errors.Count > 0)
        {
            throw new DaemonStartException(errors);
        }

        _began = time.GetTimestamp();
        events.Add(EventNames.Started, null, $"overlayd {BuildInformation.Version} forwards as {runtime.Config.NodeName}", ("version", BuildInformation.Version), ("node", runtime.Config.NodeName));
        _sampling = SampleAsync();
        _health = "ok";
    }

    /// <summary>Says that we forward and answer.</summary>
    public void AnnounceReady()
    {
        var summary = Summary();
        notifier.Ready(summary);
        HostLog.Ready(log, ProcessAge.Milliseconds(), summary);
        events.Add(EventNames.Ready, null, $"ready: {summary}");
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _health = "stopping";
        notifier.Stopping("draining");
        await _stop.CancelAsync();
        await _sampling;
        await _reloading.WaitAsync(CancellationToken.None);

        // Forwarding ends when nothing else is left to be ended: what comes while nobody reads has to wait.
        await runtime.LeaveAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // The container knows us under two names, and disposes each.
        if (_disposed)
        {
            return;
        }

        // Where it was never stopped, as when the server could not be started, it samples still.
        _disposed = true;
        await _stop.CancelAsync();
        await Task.WhenAny(_sampling);
        _stop.Dispose();
        _reloading.Dispose();
    }

    /// <inheritdoc/>
    public Task<HealthResponse> AliveAsync() => Readiness.AliveAsync(_health, runtime);

    /// <inheritdoc/>
    public HealthResponse Ready() => Readiness.Ready(_health, runtime);

    /// <inheritdoc/>
    public async Task<StatusResponse> StatusAsync(CancellationToken cancellation)
    {
        runtime.Sampler.Refresh();
        var view = new StatusView(
            runtime.Config,
            runtime.Dataplane.Snapshot(withKernel: false),
            await runtime.Control.Vteps(),
            await runtime.Control.Vnis(),
            await runtime.Control.Planes(),
            runtime.Evpn?.Neighbors() ?? [],
            await runtime.Control.Alarms(),
            [.. runtime.Storms.Alarms, .. runtime.HostAlarms.Lines],
            runtime.PortErrors,
            runtime.Sampler,
            time,
            options.SocketArgument);
        return view.Build(Revision, time.GetElapsedTime(_began), _health) with { Unsaved = Volatile.Read(ref _unsaved) };
    }

    /// <inheritdoc/>
    public async Task<Listing<FdbEntryInfo>> FdbAsync(Vni? vni)
    {
        var list = await runtime.Control.FdbKeys(vni, RowLimit);
        return new Listing<FdbEntryInfo>(Pages(list.Keys, async keys => (await runtime.Control.FdbRows(keys)).Select(FdbView.Entry)), () => list.IsTruncated);
    }

    /// <inheritdoc/>
    public async Task<FdbWhyResponse> WhyAsync(Vni vni, MacAddress mac, CancellationToken cancellation) => FdbView.Why(await runtime.Control.FdbWhy(vni, mac));

    /// <inheritdoc/>
    public async Task<FdbMovesResponse> MovesAsync(Vni? vni, CancellationToken cancellation) => LearningView.Moves(await runtime.Control.FdbMoves(vni));

    /// <inheritdoc/>
    public async Task<FdbFlushResult> FlushAsync(FdbFilter filter, CancellationToken cancellation)
    {
        var outcome = await runtime.Control.FdbFlush(filter);
        if (outcome.Unknown is null)
        {
            HostLog.Flushed(log, outcome.Removed);
            events.Add(EventNames.FdbFlushed, null, $"{Count(outcome.Removed, "learned MAC")} flushed by an operator", ("count", $"{outcome.Removed}"));
        }

        return outcome;
    }

    /// <inheritdoc/>
    public Task<FdbUnfreezeResult> UnfreezeAsync(Vni? vni, MacAddress? mac, CancellationToken cancellation) => runtime.Control.FdbUnfreeze(vni, mac);

    /// <inheritdoc/>
    public async Task<VnisResponse?> VnisAsync(Vni? vni, CancellationToken cancellation)
    {
        var rows = (await runtime.Control.Vnis()).Where(row => row.IsConfigured && (vni is null || row.Vni == vni)).ToArray();
        return vni is not null && rows.Length == 0 ? null : LearningView.Vnis(rows, await runtime.Control.LearnCounters(), runtime.Control.LearnLimit);
    }

    /// <inheritdoc/>
    public DropsResponse Drops(bool all)
    {
        runtime.Sampler.Refresh();
        return DropsView.Build(runtime.Dataplane.Snapshot(), runtime.Sampler, all);
    }

    /// <inheritdoc/>
    public async Task<MtuResponse> MtuAsync() => MtuView.Build(
        runtime.Config, runtime.Dataplane.Snapshot(withKernel: false), await runtime.Control.Vteps(), runtime.Dataplane.Forwarding.ListNextHops());

    /// <inheritdoc/>
    public async Task<Listing<NeighborInfo>> NeighborsAsync(Vni? vni)
    {
        var list = await runtime.Control.NeighborKeys(vni, RowLimit);
        return new Listing<NeighborInfo>(Pages(list.Keys, async keys => (await runtime.Control.NeighborRows(keys)).Select(NeighborsView.Row)), () => list.IsTruncated);
    }

    /// <inheritdoc/>
    public IReadOnlyList<NeighborVni> Suppression(Vni? vni) => NeighborsView.Suppression(runtime.Dataplane.Forwarding.Current, vni);

    /// <inheritdoc/>
    public StormResponse Storm(Vni? vni) => StormView.Build(runtime.Dataplane.Forwarding.Current, vni, time);

    // A page is asked for when the one before it is on its way: no more rows than its own are in being.
    private static async IAsyncEnumerable<IReadOnlyList<TRow>> Pages<TKey, TRow>(ReadOnlyMemory<TKey> keys, Func<ReadOnlyMemory<TKey>, Task<IEnumerable<TRow>>> rowsOf)
    {
        for (var at = 0; at < keys.Length; at += PageRows)
        {
            yield return [.. await rowsOf(keys.Slice(at, Math.Min(PageRows, keys.Length - at)))];
        }
    }

    private async Task SampleAsync()
    {
        using var timer = new PeriodicTimer(Second, time);
        var watch = new EventWatch(events);
        var supervisor = new SupervisorReport(notifier, time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                try
                {
                    runtime.Sampler.Tick();
                    runtime.Storms.Tick();
                    await FollowAsync();

                    // Before what only tells: systemd ends a daemon that it hears nothing of.
                    await supervisor.ReportAsync(runtime, Summary);
                    await watch.TickAsync(runtime);
                }
                catch (Exception error) when (error is not OperationCanceledException)
                {
                    HostLog.SamplingFailed(log, error);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    // Not beside a reload: both tell the control loop about ports.
    private async Task FollowAsync()
    {
        if (!await _reloading.WaitAsync(TimeSpan.Zero))
        {
            return;
        }

        try
        {
            await runtime.TickAsync();
        }
        finally
        {
            _reloading.Release();
        }
    }

    private string Summary()
    {
        var config = runtime.Config;
        var ports = config.Topology.Ports.Count - runtime.PortErrors.Count;
        return $"{Count(ports, "port")}{(runtime.PortErrors.Count > 0 ? $" of {config.Topology.Ports.Count}" : "")}, {Count(config.Topology.Vnis.Length, "VNI")}, {Count(config.Routes.Peers.Length, "peer")}, configuration {Revision}";
    }

    private static string Count(int number, string what) => $"{number} {what}{(number == 1 ? "" : "s")}";
}

/// <summary>What the daemon was started with.</summary>
/// <param name="File">The configuration file.</param>
/// <param name="Initial">What was read from it.</param>
/// <param name="SocketArgument">What <c>overlayctl</c> needs to be told to find this daemon; empty for the default socket.</param>
/// <param name="Starting">The runtime's start, under way; its errors.</param>
internal sealed record DaemonOptions(string File, ConfigurationResult Initial, string SocketArgument, Task<IReadOnlyList<string>> Starting);

/// <summary>The dataplane cannot be brought up.</summary>
internal sealed class DaemonStartException(IReadOnlyList<string> errors) : Exception(string.Join("; ", errors))
{
    public IReadOnlyList<string> Errors { get; } = errors;
}
