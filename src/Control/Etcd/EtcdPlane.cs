using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Overlay.Control.Etcd.Client;
using Overlay.Control.Etcd.Model;
using Overlay.Control.Etcd.Options;
using Overlay.Control.Etcd.Queries;
using Overlay.Control.Etcd.Store;
using Overlay.Encap;

namespace Overlay.Control.Etcd;

/// <summary>
/// The MAC-to-VTEP table in an etcd cluster: what is ours is written there under a lease, what is others' is listed and watched, or asked for when a frame
/// misses it. The cluster coordinates; there is no such code of ours. Losing it changes nothing that is in force.
/// </summary>
/// <remarks>
/// <b>Threading:</b> <see cref="RunAsync"/> runs on the thread pool in several parts; the sink is called by one at a time. Queries may be called by any thread,
/// whether it runs or not. <b>Model:</b> docs/control-planes/etcd.md.
/// </remarks>
public sealed partial class EtcdPlane : IControlPlane, IDisposable
{
    private volatile EtcdOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly EtcdClient _client;
    private readonly FaultLedger _faults;
    private readonly EtcdCounters _counters = new();

    private readonly Chance _random = new();
    private volatile StoreContext? _context;

    /// <summary>Makes a plane; it does nothing before <see cref="RunAsync"/>.</summary>
    /// <param name="options">Settings, validated.</param>
    /// <param name="time">The clock of waits.</param>
    /// <param name="loggers">Where it logs.</param>
    public EtcdPlane(EtcdOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(loggers);
        _options = options;
        _time = time;
        _log = loggers.CreateLogger<EtcdPlane>();
        _client = new EtcdClient(options with { Endpoints = Turned(options) }, time, _random);
        _faults = new FaultLedger(time);
    }

    /// <inheritdoc/>
    public string Name => "etcd";

    /// <inheritdoc/>
    public RouteOrigin Origin => RouteOrigin.Etcd;

    /// <inheritdoc/>
    public bool AnswersMisses => true;

    /// <inheritdoc/>
    public async Task RunAsync(IRouteSink routes, ChannelReader<LocalEvent> local, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(routes);
        ArgumentNullException.ThrowIfNull(local);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var context = new StoreContext(_options, _client, _faults, _counters, routes, _time, _random, _log) { Stopping = stop.Token };
        _context = context;
        context.Run("the look at members", token => LookAsync(token), stop.Token);
        context.Run("the lease", context.Lease.RunAsync, stop.Token);
        context.Run("the writer", context.Writer.RunAsync, stop.Token);
        context.Run("the watch", context.Watcher.RunAsync, stop.Token);
        context.Run("keys that went", context.Departures.RunAsync, stop.Token);
        context.Run("claims", context.Claims.RunAsync, stop.Token);
        context.Run("the audit of keys", new KeyAudit(context).RunAsync, stop.Token);
        context.Run("misses", context.Misses.RunAsync, stop.Token);
        try
        {
            await new LocalReader(context, local).RunAsync(cancellationToken);
        }
        finally
        {
            _context = null;
            await stop.CancelAsync();
            await context.StoppedAsync();
            context.Dispose();
        }
    }

    /// <summary>Changes the modes of VNIs; MACs of those that have another are taken in anew. Nothing else of the options changes without a new plane.</summary>
    /// <param name="options">Options of which the modes are taken, the default and those of VNIs.</param>
    public void SetModes(EtcdOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!_options.HasModesOf(options))
        {
            _options = _options with { DefaultMode = options.DefaultMode, Vnis = options.Vnis };
            _context?.SetModes(_options);
        }
    }

    /// <summary>How the plane is.</summary>
    public EtcdStatusRow Status()
    {
        StoreContext? context = _context;
        EtcdStatusRow row = new()
        {
            State = StateOf(context),
            Prefix = new EtcdSchema(_options.Prefix).Root,
            Node = _options.Node,
            Endpoints = [.. _client.Endpoints.Select(e => RowOf(e, context?.Watcher.Endpoint))],
            Counters = _counters.Rows(),
            Faults = [.. _faults.Rows()],
        };
        if (context is null)
        {
            return row;
        }

        return row with
        {
            ClusterId = context.Watcher.Cluster == 0 ? null : context.Watcher.Cluster.ToString("x16"),
            Revision = context.Watcher.Revision,
            Lease = context.Lease.Current == 0 ? null : LeaseKeeper.Hex(context.Lease.Current),
            LeaseTime = context.Lease.TimeToLive,
            LeaseAge = context.Lease.RenewedAge,
            Claimant = context.Vtep.Claimant,
            Vnis = context.Watcher.VniCount,
            KeysWritten = context.Facts.Written,
            KeysWaiting = context.Facts.Waiting,
            Answers = context.Misses.Count,
            MissesWaiting = context.Misses.Waiting,
            ListedKeys = context.Watcher.ListedKeys,
            ListTime = context.Watcher.ListTime,
            ListAge = context.Watcher.ListedAt == 0 ? null : _time.GetElapsedTime(context.Watcher.ListedAt),
            ReadFailure = context.Watcher.Failure?.ToString(),
            WriteFailure = (context.Writer.Failure ?? (context.Lease.Current == 0 ? context.Lease.Failure : null))?.ToString(),
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    // Each VTEP begins at another member, or the first would bear all of them, and the second when that goes.
    private static ImmutableArray<Uri> Turned(EtcdOptions options)
    {
        int first = options.Endpoints.Length == 0 ? 0 : SHA256.HashData(Encoding.UTF8.GetBytes(options.Node))[0] % options.Endpoints.Length;
        return [.. options.Endpoints[first..], .. options.Endpoints[..first]];
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            _ = await _client.LookAsync(cancellationToken);
            await Task.Delay(_options.HealthInterval, _time, cancellationToken);
        }
    }

    private static string StateOf(StoreContext? context) => context switch
    {
        null => "starting",
        { Vtep.Claimant: not null } => "claimed",
        { Watcher.Endpoint: null, Watcher.Failure: not null } => "out-of-touch",
        { Watcher.Endpoint: null } => "starting",
        { Writer.Failure: not null } or { Lease: { Current: 0, Failure: not null } } => "read-only",
        _ => "in-touch",
    };

    private static EtcdEndpointRow RowOf(EtcdEndpoint endpoint, string? watched)
    {
        StatusResponse? status = endpoint.Status;
        return new EtcdEndpointRow
        {
            Endpoint = endpoint.Name,
            IsHealthy = endpoint.IsHealthy,
            IsWatched = string.Equals(endpoint.Name, watched, StringComparison.Ordinal),
            IsLeader = status?.Header is { } header && status.Leader == header.MemberId,
            MemberId = status?.Header?.MemberId.ToString("x16"),
            Version = status?.Version is { } version ? EtcdErrors.Line(version) : null,
            DatabaseBytes = status?.DbSize ?? 0,
            Revision = status?.Header?.Revision ?? 0,
            Latency = endpoint.Latency,
            Alarms = status?.Errors is { } errors ? [.. errors.Select(static e => EtcdErrors.Line(e ?? string.Empty))] : [],
            Failures = endpoint.Failures,
            LastFailure = endpoint.LastFailure?.ToString(),
        };
    }
}
