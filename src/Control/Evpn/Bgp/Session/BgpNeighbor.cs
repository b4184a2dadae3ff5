using System.Net.Sockets;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Control.Evpn.Options;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>
/// A neighbour over time: it opens connections and takes those that the neighbour opens, lets at most one of them become a session, and tries again
/// after each end until it is stopped.
/// </summary>
/// <remarks>
/// <para>Three places for connections: the one that we opened (its state machine also does Idle, Connect and Active), the one that the neighbour opened,
/// and the session. Two of them in OpenConfirm are a collision (RFC 4271 §6.8); one that comes beside a session replaces it if graceful restart was
/// agreed on (RFC 4724 §4.2) and is refused otherwise.</para>
/// <para>After a failure neither we connect nor is a connection of the neighbour served for a while (<see cref="BackOff"/>): one that comes meanwhile
/// is kept waiting rather than refused, because some implementations try again only after two minutes.</para>
/// <para><b>Threading:</b> every member may be called by any thread; one lock guards everything, and nothing is called above, logged events aside,
/// while it is held.</para>
/// </remarks>
internal sealed partial class BgpNeighbor : IDisposable
{
    private readonly BgpContext _context;
    private readonly Lock _gate = new();
    private readonly BgpFsm _main;
    private readonly BgpTimer _connectRetry;
    private readonly BgpTimer _idleHold;
    private readonly List<Task> _running = [];
    private BgpLocal _local;
    private EvpnSessionOptions _options;
    private BackOff _backOff;
    private BgpPeering? _outgoing;
    private BgpPeering? _incoming;
    private BgpPeering? _session;
    private Attempt? _attempt;
    private Socket? _parked;
    private Task _lastOver = Task.CompletedTask;
    private bool _isStarted;

    /// <summary>Makes a neighbour; nothing runs before <see cref="Start"/>.</summary>
    /// <param name="address">Its address.</param>
    /// <param name="options">Its settings: <see cref="EvpnNeighborOptions"/>, or those of the prefix that it came from.</param>
    /// <param name="local">What we say of ourselves.</param>
    /// <param name="context">What neighbours share.</param>
    public BgpNeighbor(UnderlayAddress address, EvpnSessionOptions options, BgpLocal local, BgpContext context)
    {
        _context = context;
        Address = address;
        Name = address.ToString();
        _options = options;
        _local = local;
        _main = new BgpFsm { IsPassive = IsPassive(options) };
        _connectRetry = new BgpTimer(context.Time, OnConnectRetry);
        _idleHold = new BgpTimer(context.Time, OnIdleHold);
        _stateSince = context.Time.GetTimestamp();
    }

    /// <summary>Its address.</summary>
    public UnderlayAddress Address { get; }

    /// <summary>Its name: the address as text.</summary>
    public string Name { get; }

    /// <summary>It came from a prefix.</summary>
    public bool IsDynamic => _options is EvpnDynamicOptions;

    /// <summary>Its settings.</summary>
    public EvpnSessionOptions Options => _options;

    /// <summary>Messages received.</summary>
    public MessageCounters Received { get; } = new();

    /// <summary>Messages sent.</summary>
    public MessageCounters Sent { get; } = new();

    /// <summary>When it last had a connection, of the clock; null while it has one.</summary>
    public long? IdleSince
    {
        get
        {
            lock (_gate)
            {
                return _outgoing is null && _incoming is null && _session is null && _parked is null ? _stateSince : null;
            }
        }
    }

    private bool IsShutdown => _options is EvpnNeighborOptions { IsShutdown: true };

    private uint LocalAs => _options.LocalAs != 0 ? _options.LocalAs : _local.As;

    /// <summary>iBGP, as far as it is configured.</summary>
    public bool IsInternal => _options.As == LocalAs;

    /// <summary>Begins to connect, or to wait for the neighbour.</summary>
    public void Start()
    {
        lock (_gate)
        {
            _isStarted = !IsShutdown;
            Progress();
        }
    }

    /// <summary>Takes a connection that the neighbour opened. Owns the socket.</summary>
    /// <param name="socket">An accepted socket, TTL and keys set.</param>
    public void Accept(Socket socket)
    {
        lock (_gate)
        {
            if (!_isStarted)
            {
                socket.Dispose();
            }
            else if (_idleHold.IsRunning)
            {
                _parked?.Dispose();
                _parked = socket;
            }
            else
            {
                Begin(socket);
            }
        }

        _context.Raise();
    }

    /// <summary>Ends what there is and begins anew at once.</summary>
    /// <param name="error">The NOTIFICATION.</param>
    /// <param name="reason">In words, for rows and logs.</param>
    public void Restart(BgpError error, string reason)
    {
        lock (_gate)
        {
            if (!_isStarted)
                return;
            _backOff.Reset();
            StopAll(error, new BgpClose(BgpCloseKind.NotificationSent, error, IsHardReset: false, reason));
            Progress();
        }

        _context.Raise();
    }

    /// <summary>Asks for its routes again.</summary>
    /// <returns>False if there is no session, or the neighbour cannot.</returns>
    public bool Refresh()
    {
        lock (_gate)
        {
            return _session?.RequestRefresh() ?? false;
        }
    }

    /// <summary>Ends what there is and stays down.</summary>
    /// <param name="error">The NOTIFICATION; a Hard Reset to those that keep our routes otherwise (RFC 8538 §4). Null to drop without a word.</param>
    /// <param name="kind">How sessions end.</param>
    /// <param name="reason">In words.</param>
    /// <returns>Completes when its sockets are closed and those above know.</returns>
    public Task StopAsync(BgpError? error, BgpCloseKind kind, string reason)
    {
        Task over;
        lock (_gate)
        {
            _isStarted = false;
            StopAll(error, new BgpClose(kind, error, IsHardReset: false, reason));
            over = Task.WhenAll([.. _running]);
        }

        _context.Raise();
        return over;
    }

    /// <summary>Puts new settings in force: at once those that sessions do not depend on, by a new session the others.</summary>
    public void Update(EvpnSessionOptions options, BgpLocal local)
    {
        lock (_gate)
        {
            bool wasShutdown = IsShutdown;
            string? change = OptionsChange.Describe(_options, options, _local, local);
            _options = options;
            _local = local;
            if (IsShutdown)
            {
                _isStarted = false;
                if (!wasShutdown)
                {
                    BgpError error = NotificationMessage.Cease(NotificationMessage.AdministrativeShutdown, (options as EvpnNeighborOptions)?.ShutdownText);
                    StopAll(error, new BgpClose(BgpCloseKind.Removed, error, IsHardReset: false, "shut down by the operator"));
                }

                _context.Raise();
                return;
            }

            _isStarted = true;
            if (change is not null || wasShutdown)
            {
                _backOff.Reset();
                BgpError error = SessionErrors.ConfigurationChange;
                StopAll(error, new BgpClose(BgpCloseKind.NotificationSent, error, IsHardReset: false, $"its configuration changed: {change}"));
            }
            else if (_main.IsPassive != IsPassive(options) && _main.State is BgpState.Connect or BgpState.Active)
            {
                _ = Run(_main, null, BgpEvent.Stop);
            }

            _main.IsPassive = IsPassive(options);
            Progress();
        }

        _context.Raise();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _connectRetry.Dispose();
        _idleHold.Dispose();
    }

    private static bool IsPassive(EvpnSessionOptions options) => options.IsPassive || options is not EvpnNeighborOptions;

    private void StopAll(BgpError? error, BgpClose close)
    {
        _parked?.Dispose();
        _parked = null;
        _idleHold.Stop();
        foreach (BgpPeering? peering in (ReadOnlySpan<BgpPeering?>)[_incoming, _outgoing, _session])
        {
            if (peering is not null)
                _ = Run(peering.Fsm, peering, BgpEvent.Stop, Cease(peering, error, close.Kind), close);
        }

        _ = Run(_main, null, BgpEvent.Stop);
    }

    /// <summary>A peer that keeps our routes over a NOTIFICATION must be told when they are gone for good (RFC 8538 §4).</summary>
    private static BgpError? Cease(BgpPeering peering, BgpError? error, BgpCloseKind kind)
    {
        bool isForGood = kind is BgpCloseKind.Removed or BgpCloseKind.Stopping;
        return error is { } cease && isForGood && peering.Agreed?.GracefulRestart is { HandlesNotification: true } ? NotificationMessage.HardReset(cease) : error;
    }

    /// <summary>An attempt to connect; given up by closing its socket.</summary>
    private sealed class Attempt
    {
        public Socket? Socket { get; set; }
    }
}
