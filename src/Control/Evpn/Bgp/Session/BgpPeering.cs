using System.Buffers;
using System.Net.Sockets;
using Overlay.Control.Evpn.Bgp.Wire;

namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>
/// One connection with a neighbour from the first octet to the last: its state machine, its timers, and, once it is established, the session that the
/// routes see. What the fields hold is guarded by the lock of the <see cref="BgpNeighbor"/>; calls to the routes are made outside of it.
/// </summary>
internal sealed class BgpPeering : IBgpConnectionUser, IBgpSession, IDisposable
{
    /// <summary>Hold time until OPENs are exchanged (RFC 4271 §8.2.2, "a large value").</summary>
    public static readonly TimeSpan LargeHold = TimeSpan.FromSeconds(240);

    private static readonly TimeSpan OpenBesideSession = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LeastSendHold = TimeSpan.FromMinutes(8);
    private static readonly TimeSpan LeastRecheck = TimeSpan.FromSeconds(1);
    private readonly BgpNeighbor _neighbor;
    private readonly BgpContext _context;
    private readonly BgpConnection _connection;
    private readonly BgpTimer _hold;
    private readonly BgpTimer _keepalive;
    private readonly BgpTimer _sendHold;
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private BgpSessionFacts? _facts;
    private bool _wasOpened;

    /// <summary>Makes one of a connected socket, which it owns.</summary>
    /// <exception cref="IOException">The socket is not connected any more; the caller closes it.</exception>
    public BgpPeering(BgpNeighbor neighbor, BgpContext context, BgpFsm fsm, bool isOutgoing, Socket socket)
    {
        _neighbor = neighbor;
        _context = context;
        Fsm = fsm;
        IsOutgoing = isOutgoing;
        _hold = new BgpTimer(context.Time, OnHold);
        _keepalive = new BgpTimer(context.Time, OnKeepalive);
        _sendHold = new BgpTimer(context.Time, OnSendHold);
        _connection = new BgpConnection(socket, this, neighbor.Received, neighbor.Sent, _sendHold, context.Turns);
    }

    /// <summary>Its state machine.</summary>
    public BgpFsm Fsm { get; }

    /// <summary>We opened the connection.</summary>
    public bool IsOutgoing { get; }

    /// <summary>Closed, or about to be: nothing it reports counts any more.</summary>
    public bool IsOver { get; private set; }

    /// <summary>How it ended.</summary>
    public BgpClose Close { get; private set; }

    /// <summary>The connection.</summary>
    public BgpConnection Connection => _connection;

    /// <summary>Completes when those above know of the end.</summary>
    public Task Over => _over.Task;

    /// <summary>The session before this one, which those above must know the end of first.</summary>
    public Task Previous { get; set; } = Task.CompletedTask;

    /// <summary>When it was established, of the clock.</summary>
    public long EstablishedAt { get; set; }

    /// <summary>Our OPEN, once it is sent.</summary>
    public OpenMessage? Offered { get; private set; }

    /// <summary>What the OPENs agreed on, or null before.</summary>
    public BgpSessionFacts? Agreed => _facts;

    /// <inheritdoc/>
    public string Name => _neighbor.Name;

    /// <inheritdoc/>
    public BgpSessionFacts Facts => _facts!;

    /// <inheritdoc/>
    public int MaxMessageLength => _facts?.MaxMessageLength ?? BgpHeader.MaxMessageLength;

    /// <summary>Reads and writes until the socket is closed.</summary>
    public async Task RunAsync()
    {
        await _connection.RunAsync();
        Dispose();
    }

    /// <summary>Sends our OPEN.</summary>
    public void SendOpen(OpenMessage open)
    {
        Offered = open;
        using var output = new OutputBuffer();
        open.WriteTo(output);
        _connection.SendOpen(output.Written.ToArray());
    }

    /// <summary>Notes what the OPENs agreed on.</summary>
    public void Agree(BgpSessionFacts facts)
    {
        _facts = facts;

        // With a hold time of zero too: it runs only while something waits to be read by a peer that reads nothing, and we keep what it was not told.
        _connection.SendHoldTime = TimeSpan.FromTicks(Math.Max(LeastSendHold.Ticks, 2 * facts.HoldTime.Ticks));
    }

    /// <summary>Carries out what the state machine asked for of timers and keepalives.</summary>
    public void Apply(BgpStep step)
    {
        TimeSpan hold = _facts?.HoldTime ?? TimeSpan.Zero;
        if (step.Has(BgpActions.StartLargeHold))
            _hold.Start(LargeHold);
        if (step.Has(BgpActions.StartHold))
        {
            if (hold > TimeSpan.Zero)
                _hold.Start(hold);
            else
                _hold.Stop();
        }

        if (step.Has(BgpActions.SendKeepalive))
            _connection.SendKeepalive();
        if (step.Has(BgpActions.StartKeepalive) && hold > TimeSpan.Zero)
            _keepalive.Start(Jitter.Of(hold / 3));
    }

    /// <summary>There is a session beside it: the peer's OPEN has to come soon.</summary>
    public void HurryOpen() => _hold.Start(OpenBesideSession);

    /// <summary>Closes the connection; nothing it reports counts from now on.</summary>
    public void Drop(BgpStep step, BgpClose close)
    {
        if (IsOver)
            return;
        IsOver = true;
        Close = close;
        _hold.Stop();
        _keepalive.Stop();
        _connection.Close(step.Has(BgpActions.Notify) ? SessionErrors.ToMessage(step.Notification) : null);
    }

    /// <inheritdoc/>
    public void Wake() => _connection.Wake();

    /// <inheritdoc/>
    public bool RequestRefresh()
    {
        if (_facts is not { HasRouteRefresh: true } || IsOver)
            return false;
        using var output = new OutputBuffer();
        RouteRefreshMessage.OfEvpn(RouteRefreshMessage.Request).WriteTo(output);
        _connection.SendRefresh(output.Written.ToArray());
        return true;
    }

    /// <inheritdoc/>
    public void End(BgpError error) => _ = _neighbor.Post(this, BgpEvent.UpdateError, error);

    /// <inheritdoc/>
    ValueTask IBgpConnectionUser.Message(BgpMessageType type, ReadOnlySpan<byte> body)
    {
        switch (type)
        {
            case BgpMessageType.Update:
                if (_neighbor.Post(this, BgpEvent.UpdateReceived).Has(BgpActions.Deliver) && _context.Routes.Received(this, body) is { } wrong)
                    End(wrong);
                return default;
            case BgpMessageType.Keepalive:
                return _neighbor.Post(this, BgpEvent.KeepaliveReceived).Has(BgpActions.Opened) ? OpenAsync() : default;
            case BgpMessageType.Open:
                _neighbor.OpenReceived(this, body);
                return default;
            case BgpMessageType.Notification:
                _neighbor.NotificationReceived(this, body);
                return default;
            default:
                RefreshReceived(body);
                return default;
        }
    }

    /// <inheritdoc/>
    void IBgpConnectionUser.HeaderError(BgpError error) => _ = _neighbor.Post(this, BgpEvent.HeaderError, error);

    /// <inheritdoc/>
    bool IBgpConnectionUser.Fill(IBufferWriter<byte> output) => _context.Routes.Fill(this, output);

    /// <inheritdoc/>
    void IBgpConnectionUser.Failed(string why) =>
        _ = _neighbor.Post(this, BgpEvent.TransportFailed, close: new BgpClose(BgpCloseKind.TransportLost, null, IsHardReset: false, why));

    /// <inheritdoc/>
    void IBgpConnectionUser.Faulted(Exception error)
    {
        EvpnLog.Faulted(_context.Log, error, Name);
        End(SessionErrors.OutOfResources);
    }

    /// <inheritdoc/>
    void IBgpConnectionUser.Ended()
    {
        try
        {
            _ = _neighbor.Post(this, BgpEvent.TransportFailed, close: new BgpClose(BgpCloseKind.TransportLost, null, IsHardReset: false, "closed"));
            if (_wasOpened)
                _context.Routes.Closed(this, Close);
        }
        finally
        {
            _over.TrySetResult();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _hold.Dispose();
        _keepalive.Dispose();
        _sendHold.Dispose();
    }

    /// <summary>Tells those above, after the end of the session before this one.</summary>
    private async ValueTask OpenAsync()
    {
        await Previous;
        if (IsOver)
            return;
        _wasOpened = true;
        _context.Routes.Opened(this);
        _connection.BeginFilling();
    }

    private void RefreshReceived(ReadOnlySpan<byte> body)
    {
        if (!_neighbor.Post(this, BgpEvent.UpdateReceived).Has(BgpActions.Deliver))
            return;
        if (RouteRefreshMessage.TryParse(body, out RouteRefreshMessage message) is { } error)
        {
            End(error);
            return;
        }

        // Of another family, of a subtype to come, or framed without having been agreed on: ignored (RFC 2918 §4, RFC 7313 §5).
        bool isKnown = message.Subtype == RouteRefreshMessage.Request
            || (Facts.HasEnhancedRefresh && message.Subtype is RouteRefreshMessage.Begin or RouteRefreshMessage.End);
        if (message.IsEvpn && isKnown)
            _context.Routes.Refresh(this, (RouteRefreshKind)message.Subtype);
    }

    private void OnHold() => _ = _neighbor.Post(this, BgpEvent.HoldExpired, condition: IsHoldOver);

    private void OnKeepalive() => _ = _neighbor.Post(this, BgpEvent.KeepaliveDue, condition: _keepalive.TakeExpiry);

    private void OnSendHold() => _ = _neighbor.Post(this, BgpEvent.SendHoldExpired, condition: _sendHold.TakeExpiry);

    private bool IsHoldOver()
    {
        if (!_hold.TakeExpiry())
            return false;
        if (!_connection.HasUnread)
            return true;

        // The peer may well have sent in time: what it sent was not looked at yet.
        TimeSpan recheck = (_facts?.HoldTime ?? LargeHold) / 3;
        _hold.Start(recheck > LeastRecheck ? recheck : LeastRecheck);
        return false;
    }
}
