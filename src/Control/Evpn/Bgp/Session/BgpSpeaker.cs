using System.Collections.Immutable;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Control.Evpn.Options;
using Overlay.Control.Evpn.Queries;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>
/// A BGP-4 speaker for the EVPN family (RFC 4271 and friends): it listens, connects, keeps one session with each neighbour and hands UPDATEs up and down
/// unread. What a peer does has no effect on the session with another.
/// </summary>
/// <remarks>
/// <b>Threading:</b> every member may be called by any thread. <b>Lifetime:</b> made, started, stopped once. <b>Privileges:</b> CAP_NET_BIND_SERVICE for a port below
/// 1024; none for TCP MD5, GTSM or an absent listening address.
/// </remarks>
internal sealed partial class BgpSpeaker : IAsyncDisposable
{
    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(5);
    private readonly BgpContext _context;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _applying = new(1, 1);
    private readonly Dictionary<UnderlayAddress, BgpNeighbor> _neighbors = [];
    private readonly List<BgpListener> _listeners = [];
    private readonly BgpTimer _sweep;
    private EvpnOptions _options;
    private bool _isRunning;
    private bool _isStopped;

    /// <summary>Makes a speaker; nothing runs before <see cref="Start"/>.</summary>
    /// <param name="options">Its configuration, valid.</param>
    /// <param name="routes">What stands above.</param>
    /// <param name="time">The clock of sessions.</param>
    /// <param name="log">Where to log.</param>
    public BgpSpeaker(EvpnOptions options, IBgpRoutes routes, TimeProvider time, ILogger log)
    {
        _options = options;
        _context = new BgpContext(routes, time, log);
        _sweep = new BgpTimer(time, Sweep);
    }

    /// <summary>Whom to tell that a session came up or went down. Set before <see cref="Start"/>; called on a thread of the pool, one call at a time, in order.</summary>
    public Action<EvpnNeighborEvent>? NeighborChanged
    {
        get => _context.NeighborChanged;
        set => _context.NeighborChanged = value;
    }

    /// <summary>OPENs carry the R bit (RFC 4724 §3): we have just restarted. The plane sets it back when its restart is over.</summary>
    public bool IsRestarting
    {
        get => _context.IsRestarting;
        set => _context.IsRestarting = value;
    }

    /// <summary>The forwarding state outlived our restart: OPENs carry the F bit from the first session on. Later sessions of a process always carry it.</summary>
    public bool KeepsForwarding
    {
        get => _context.KeepsForwarding;
        set => _context.KeepsForwarding = value;
    }

    /// <summary>Listens and connects. Listening sockets that can be opened are open when it returns.</summary>
    public void Start()
    {
        lock (_gate)
        {
            if (_isRunning || _isStopped)
                return;
            _isRunning = true;
            UpdateListeners();
            foreach (EvpnNeighborOptions options in _options.Neighbors)
            {
                Add(options.Address, options);
            }

            _sweep.Start(SweepInterval);
        }
    }

    /// <summary>Puts another configuration in force. Sessions that do not depend on what changed go on; the others are ended by Cease/6 and begin anew.</summary>
    /// <returns>Completes when neighbours that are gone are closed, after 5 s at most.</returns>
    public async Task ApplyAsync(EvpnOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        await _applying.WaitAsync();
        try
        {
            var gone = new List<BgpNeighbor>();
            lock (_gate)
            {
                EvpnOptions before = _options;
                _options = options;
                if (!_isRunning)
                    return;

                // Keys first: a neighbour that is ended below comes back with its new one.
                RemoveKeys(before, options);
                UpdateListeners();
                UpdateNeighbors(gone);
            }

            await Task.WhenAll(gone.Select(static n => EndAsync(n, SessionErrors.Deconfigured, BgpCloseKind.Removed, "removed from the configuration")));
            lock (_gate)
            {
                if (!_isRunning)
                    return;
                foreach (EvpnNeighborOptions neighbor in options.Neighbors)
                {
                    if (!_neighbors.ContainsKey(neighbor.Address))
                        Add(neighbor.Address, neighbor);
                }
            }
        }
        finally
        {
            _applying.Release();
        }
    }

    /// <summary>The neighbours, configured ones first, without what the routes know of them.</summary>
    public ImmutableArray<EvpnNeighborRow> Neighbors()
    {
        BgpNeighbor[] neighbors;
        lock (_gate)
        {
            neighbors = [.. _neighbors.Values];
        }

        return [.. neighbors.OrderBy(static n => n.IsDynamic).ThenBy(static n => n.Address).Select(static n => n.ToRow())];
    }

    /// <summary>Ends sessions (Cease/4) and begins anew, or asks for the routes again and ends nothing.</summary>
    /// <param name="name">A neighbour, by its address as text, or null for all.</param>
    /// <param name="isSoft">Ask for the routes again (RFC 2918).</param>
    /// <returns>How many neighbours it was done to.</returns>
    public int Clear(string? name, bool isSoft)
    {
        BgpNeighbor[] chosen;
        lock (_gate)
        {
            chosen = [.. _neighbors.Values.Where(n => name is null || string.Equals(n.Name, name, StringComparison.Ordinal))];
        }

        int done = 0;
        foreach (BgpNeighbor neighbor in chosen)
        {
            if (isSoft)
            {
                done += neighbor.Refresh() ? 1 : 0;
                continue;
            }

            neighbor.Restart(SessionErrors.AdministrativeReset, "cleared by the operator");
            done++;
        }

        return done;
    }

    /// <summary>Ends everything; takes as long as peers take to close, 5 s at most.</summary>
    /// <param name="isRestart">
    /// We come back at once: with graceful restart announced, connections are dropped without a NOTIFICATION, so that peers keep our routes (RFC 4724 §4.1).
    /// Otherwise by Cease/2, as a Hard Reset where a peer keeps routes over that.
    /// </param>
    /// <param name="text">A shutdown communication (RFC 9003), or null.</param>
    public async Task StopAsync(bool isRestart, string? text = null)
    {
        BgpNeighbor[] neighbors;
        BgpListener[] listeners;
        bool isQuiet;
        lock (_gate)
        {
            isQuiet = isRestart && _options.RestartTime > TimeSpan.Zero;
            _isRunning = false;
            _isStopped = true;
            neighbors = [.. _neighbors.Values];
            listeners = [.. _listeners];
            _neighbors.Clear();
            _listeners.Clear();
            _sweep.Stop();
        }

        foreach (BgpListener listener in listeners)
        {
            await listener.StopAsync();
        }

        BgpError? error = isQuiet ? null : NotificationMessage.Cease(NotificationMessage.AdministrativeShutdown, text);
        await Task.WhenAll(neighbors.Select(n => EndAsync(n, error, BgpCloseKind.Stopping, isQuiet ? "to come back" : "for good")));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(isRestart: false);
        _sweep.Dispose();
        _applying.Dispose();
    }

    private static async Task EndAsync(BgpNeighbor neighbor, BgpError? error, BgpCloseKind kind, string reason)
    {
        // Of the machine's clock: those above may be stuck, and a stop has to end.
        await neighbor.StopAsync(error, kind, reason).WaitAsync(LongestEnd).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        neighbor.Dispose();
    }

    private BgpNeighbor Add(UnderlayAddress address, EvpnSessionOptions options)
    {
        var neighbor = new BgpNeighbor(address, options, BgpLocal.From(_options), _context);
        _neighbors.Add(address, neighbor);
        neighbor.Start();
        return neighbor;
    }

    private void UpdateNeighbors(List<BgpNeighbor> gone)
    {
        var local = BgpLocal.From(_options);
        var configured = _options.Neighbors.ToDictionary(static n => n.Address);
        foreach (BgpNeighbor neighbor in _neighbors.Values.ToArray())
        {
            EvpnSessionOptions? options = configured.TryGetValue(neighbor.Address, out EvpnNeighborOptions? named) ? named : PrefixOf(neighbor.Address);
            if (options is null)
            {
                _ = _neighbors.Remove(neighbor.Address);
                gone.Add(neighbor);
            }
            else
            {
                neighbor.Update(options, local);
            }
        }
    }
}
