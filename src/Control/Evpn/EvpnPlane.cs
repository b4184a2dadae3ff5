using System.Collections.Immutable;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Overlay.Control.Evpn.Bgp.Session;
using Overlay.Control.Evpn.Options;
using Overlay.Control.Evpn.Queries;
using Overlay.Control.Evpn.Rib;
using Overlay.Encap;

namespace Overlay.Control.Evpn;

/// <summary>
/// BGP EVPN as a control plane (RFC 7432, RFC 8365): our own speaker. It peers with route reflectors and other VTEPs, imports their MACs, addresses and flood lists, and
/// advertises ours. Routes of types 2 and 3 are used, those of types 1, 4 and 5 held and shown.
/// </summary>
/// <remarks>
/// <b>Losing a session removes nothing:</b> its routes are stale but in force until the peer is back and has given everything again, or another one gives them. See the notes at
/// the routes (<c>EvpnRib</c>) for what removes them, and which of several routes is in force.
/// <para>
/// <b>Duplicate MACs</b> (RFC 7432 §15.1) are found where MACs are learned: the control loop counts the moves that frames make, and freezes a MAC that moves too often at its
/// home. It then tells planes of no more moves, so nothing is sent of it, and what peers say of it has no effect, until an operator or the freeze time lets it go. Moves
/// between other VTEPs are counted by those.
/// </para>
/// <para><b>Threading:</b> every member may be called by any thread.</para>
/// </remarks>
public sealed partial class EvpnPlane : IControlPlane, IDisposable
{
    private static readonly TimeSpan TickPeriod = TimeSpan.FromSeconds(1);
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly EvpnRib _rib;
    private readonly EvpnAdverts _adverts;
    private readonly EvpnRoutes _routes;
    private readonly Lock _gate = new();
    private readonly Func<EvpnOptions, IBgpRoutes, IEvpnSpeaker> _speakers;
    private EvpnOptions _options;
    private IEvpnSpeaker? _speaker;

    /// <summary>Makes a plane; nothing runs before the control loop runs it.</summary>
    /// <param name="options">Its configuration, valid.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Where it logs.</param>
    public EvpnPlane(EvpnOptions options, TimeProvider time, ILoggerFactory loggers)
        : this(options, time, Logger(loggers))
    {
        _speakers = (current, routes) => new EvpnSpeaker(current, routes, _time, _log, this);
    }

    internal EvpnPlane(EvpnOptions options, TimeProvider time, ILogger log, Func<EvpnOptions, IBgpRoutes, IEvpnSpeaker> speakers)
        : this(options, time, log)
    {
        _speakers = speakers;
    }

    private EvpnPlane(EvpnOptions options, TimeProvider time, ILogger log)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        _options = options;
        _time = time;
        _log = log;
        _speakers = null!;
        _rib = new EvpnRib(options, NoSink.Instance, time, log);
        _adverts = new EvpnAdverts(options, time);
        _routes = new EvpnRoutes(_rib, _adverts);
    }

    /// <summary>
    /// The daemon was restarted and peers may still have our routes (RFC 4724 §4.1): OPENs say so, until every neighbour was given everything, or
    /// <see cref="EvpnOptions.RestartTime"/> is over. Set before the plane runs.
    /// </summary>
    public bool IsRestarting { get; init; }

    /// <summary>The forwarding state outlived the restart: OPENs say so from the first one on. Set before the plane runs.</summary>
    public bool KeepsForwarding { get; init; }

    /// <summary>
    /// The daemon ends to come back at once: connections are dropped without a NOTIFICATION, so that peers keep our routes. Otherwise they are told that we are gone, and
    /// send elsewhere.
    /// </summary>
    public bool IsComingBack { get; set; }

    /// <summary>How long routes of a lost session stay; null for ever. The control loop has the same setting (<see cref="ControlLoop.SetGuard"/>), and both are set together.</summary>
    public TimeSpan? StaleHold
    {
        get => _rib.StaleHold;
        set => _rib.StaleHold = value;
    }

    /// <summary>Called when a session came up or went down; one call at a time. It returns soon.</summary>
    public Action<EvpnNeighborChange>? NeighborChanged { get; set; }

    /// <inheritdoc/>
    public string Name => "evpn";

    /// <inheritdoc/>
    public RouteOrigin Origin => RouteOrigin.Evpn;

    /// <summary>The configuration in force.</summary>
    public EvpnOptions Options
    {
        get
        {
            lock (_gate)
            {
                return _options;
            }
        }
    }

    /// <inheritdoc/>
    public async Task RunAsync(IRouteSink routes, ChannelReader<LocalEvent> local, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(routes);
        ArgumentNullException.ThrowIfNull(local);
        _rib.Use(routes);
        routes.ReportConnected(true);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using IEvpnSpeaker speaker = _speakers(Options, _routes);
        lock (_gate)
        {
            _speaker = speaker;
        }

        try
        {
            // Another configuration may have come since.
            ForgetRemoved(Options);
            speaker.Start();
            Task[] tasks = [PumpAsync(local, ending.Token), TickAsync(speaker, ending.Token)];
            Task first = await Task.WhenAny(tasks);
            await ending.CancelAsync();
            await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await first;
        }
        finally
        {
            lock (_gate)
            {
                _speaker = null;
            }

            // If it is not the daemon that ends, we are back in a moment.
            await speaker.StopAsync(IsComingBack || !cancellationToken.IsCancellationRequested);
        }
    }

    /// <summary>
    /// Takes other settings of VNIs and nothing else, for those that are about to be attached: a VNI is announced by its settings from its first moment on. Returns at once.
    /// </summary>
    /// <param name="vnis">The settings of all VNIs.</param>
    public void Expect(ImmutableDictionary<Vni, EvpnVniOptions> vnis)
    {
        ArgumentNullException.ThrowIfNull(vnis);
        EvpnOptions options;
        lock (_gate)
        {
            if (ReferenceEquals(_options.Vnis, vnis))
            {
                return;
            }

            options = _options = _options with { Vnis = vnis };
        }

        _rib.Apply(options);
        _adverts.Apply(options);
    }

    /// <summary>Takes another configuration: what changed is changed, sessions that did not change stay up.</summary>
    public async Task ApplyAsync(EvpnOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        IEvpnSpeaker? speaker;
        lock (_gate)
        {
            _options = options;
            speaker = _speaker;
        }

        _rib.Apply(options);
        _adverts.Apply(options);
        if (speaker is not null)
        {
            await speaker.ApplyAsync(options);
        }

        ForgetRemoved(options);
    }

    /// <summary>
    /// Whether what a neighbour gave before our restart is to be in force again: it is configured, and not shut down. A neighbour that was asked for is remembered: what is in
    /// force of it goes when it leaves the configuration, whether or not it ever came back. Asked before the plane runs.
    /// </summary>
    /// <param name="neighbor">The name of its sessions.</param>
    public bool Restores(string neighbor)
    {
        if (!IsConfigured(Options, neighbor))
        {
            return false;
        }

        _rib.Restore(neighbor);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _adverts.Dispose();

    private void ForgetRemoved(EvpnOptions options)
    {
        foreach (string name in _rib.PeerNames())
        {
            if (!IsConfigured(options, name))
            {
                _rib.Forget(name);
            }
        }
    }

    private static bool IsConfigured(EvpnOptions options, string name)
    {
        foreach (EvpnNeighborOptions neighbor in options.Neighbors)
        {
            if (string.Equals(neighbor.Address.ToString(), name, StringComparison.Ordinal))
            {
                return !neighbor.IsShutdown;
            }
        }

        return UnderlayAddress.TryParse(name, out UnderlayAddress address, out _) && options.Dynamic.Any(d => EvpnRib.Covers(d, address));
    }

    /// <summary>What happens on our side, in batches: a thousand VNIs that come at once cost one look at the routes.</summary>
    private async Task PumpAsync(ChannelReader<LocalEvent> local, CancellationToken cancellationToken)
    {
        var vnis = new Dictionary<uint, bool>();
        var seen = new HashSet<uint>();
        while (await local.WaitToReadAsync(cancellationToken))
        {
            while (local.TryRead(out LocalEvent fact))
            {
                _adverts.Tell(fact);
                switch (fact.Kind)
                {
                    case LocalEventKind.Resync:
                        seen.Clear();
                        break;
                    case LocalEventKind.VniAttached:
                        _ = seen.Add(fact.Vni.Value);
                        vnis[fact.Vni.Value] = true;
                        break;
                    case LocalEventKind.VniDetached:
                        _ = seen.Remove(fact.Vni.Value);
                        vnis[fact.Vni.Value] = false;
                        break;
                    case LocalEventKind.ResyncEnd:
                        foreach (uint vni in _rib.Vnis)
                        {
                            if (!seen.Contains(vni))
                            {
                                vnis[vni] = false;
                            }
                        }

                        break;
                    case LocalEventKind.LocalVtepChanged:
                        _rib.SetLocal(fact.LocalAddresses.IsDefault ? [] : fact.LocalAddresses);
                        break;
                    default:
                        break;
                }
            }

            if (vnis.Count > 0)
            {
                _rib.SetVnis(vnis);
                vnis.Clear();
            }
        }
    }

    private async Task TickAsync(IEvpnSpeaker speaker, CancellationToken cancellationToken)
    {
        long began = _time.GetTimestamp();
        while (true)
        {
            await Task.Delay(TickPeriod, _time, cancellationToken);
            try
            {
                _rib.Tick();
                if (speaker.IsRestarting && (_time.GetElapsedTime(began) >= Options.RestartTime || (Options.Dynamic.IsEmpty && _adverts.HasToldAll(Options.Neighbors.Count(static n => !n.IsShutdown)))))
                {
                    speaker.IsRestarting = false;
                }
            }
            catch (Exception error)
            {
                RibLog.TickFailed(_log, error);
            }
        }
    }

    private static ILogger Logger(ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(loggers);
        return loggers.CreateLogger<EvpnPlane>();
    }
}
