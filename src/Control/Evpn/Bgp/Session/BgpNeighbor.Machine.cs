using System.Net;
using System.Net.Sockets;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Control.Evpn.Options;

namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>Events in, actions out, connections in between.</summary>
internal sealed partial class BgpNeighbor
{
    /// <summary>Takes an event of a connection.</summary>
    /// <param name="peering">The connection; one that is over is not listened to.</param>
    /// <param name="what">The event.</param>
    /// <param name="error">What to send, of events that end the session.</param>
    /// <param name="close">How a session ends by it, where the event alone does not say.</param>
    /// <param name="condition">Asked under the lock whether the event still holds.</param>
    /// <returns>What is left to do for the caller.</returns>
    internal BgpStep Post(BgpPeering peering, BgpEvent what, BgpError? error = null, BgpClose? close = null, Func<bool>? condition = null)
    {
        BgpStep step;
        lock (_gate)
        {
            if (peering.IsOver || (condition is not null && !condition()))
                return default;
            step = Run(peering.Fsm, peering, what, error, close);
        }

        _context.Raise();
        return step;
    }

    /// <summary>Everything below holds the lock.</summary>
    private BgpStep Run(BgpFsm fsm, BgpPeering? peering, BgpEvent what, BgpError? error = null, BgpClose? close = null)
    {
        BgpState before = fsm.State;
        BgpStep step = fsm.Handle(what, error);
        bool isMain = fsm == _main;
        TimeSpan lasted = peering is not null && peering == _session ? _context.Time.GetElapsedTime(peering.EstablishedAt) : TimeSpan.Zero;
        if (step.Has(BgpActions.Drop))
        {
            if (peering is null)
                AbandonAttempt();
            else
                Drop(peering, step, close ?? CloseOf(step));
        }

        if (step.Has(BgpActions.Connect))
            BeginConnect();
        if (isMain && step.Has(BgpActions.StartConnectRetry) && _options is EvpnNeighborOptions neighbor && !_main.IsPassive)
            _connectRetry.Start(Jitter.Of(neighbor.ConnectRetry));
        if (isMain && step.Has(BgpActions.StopConnectRetry))
            _connectRetry.Stop();
        if (peering is not null)
        {
            if (step.Has(BgpActions.SendOpen))
                SendOpen(peering);
            peering.Apply(step);
            if (step.Has(BgpActions.Opened))
                Established(peering);
        }

        if (step.Has(BgpActions.Damp))
            _idleHold.Start(Jitter.Of(_backOff.Failed(lasted)));
        if (before != fsm.State)
        {
            EvpnLog.StateChanged(_context.Log, Name, what, before, fsm.State);
            Progress();
        }

        return step;
    }

    /// <summary>Sees to it that there is always something that leads on: a session, an attempt at one, or a timer.</summary>
    private void Progress()
    {
        NoteState();
        if (_session is { } session && session.Fsm != _main && _main.State is BgpState.Connect or BgpState.Active)
        {
            // The connection beside the session was lost: it is not opened again.
            _ = Run(_main, null, BgpEvent.CollisionLost);
            return;
        }

        bool isNear = _session is not null || _incoming is { Fsm.State: >= BgpState.OpenConfirm };
        if (_isStarted && !isNear && _main.State == BgpState.Idle && !_idleHold.IsRunning)
            _idleHold.Start(TimeSpan.Zero);
    }

    private void OnIdleHold()
    {
        lock (_gate)
        {
            if (!_idleHold.TakeExpiry() || !_isStarted)
                return;
            if (_session is null && _incoming is not { Fsm.State: >= BgpState.OpenConfirm })
                _ = Run(_main, null, BgpEvent.Start);
            if (_parked is { } socket)
            {
                _parked = null;
                Begin(socket);
            }
        }

        _context.Raise();
    }

    private void OnConnectRetry()
    {
        lock (_gate)
        {
            if (_connectRetry.TakeExpiry() && _isStarted)
                _ = Run(_main, null, BgpEvent.ConnectRetryExpired);
        }
    }

    /// <summary>Serves a connection that the neighbour opened. It has lost one that it opened before.</summary>
    private void Begin(Socket socket)
    {
        if (_incoming is { } earlier)
            _ = Run(earlier.Fsm, earlier, BgpEvent.CollisionLost);
        var fsm = new BgpFsm { IsPassive = true };
        _ = fsm.Handle(BgpEvent.Start);
        if (TryPeer(fsm, isOutgoing: false, socket) is not { } peering)
            return;
        _incoming = peering;
        _ = Run(fsm, peering, BgpEvent.Connected);
        StartLoops(peering);
    }

    private BgpPeering? TryPeer(BgpFsm fsm, bool isOutgoing, Socket socket)
    {
        try
        {
            return new BgpPeering(this, _context, fsm, isOutgoing, socket);
        }
        catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException)
        {
            // Reset between connecting and here.
            socket.Dispose();
            return null;
        }
    }

    private void StartLoops(BgpPeering peering)
    {
        _running.RemoveAll(static task => task.IsCompleted);
        _running.Add(peering.RunAsync());
    }

    private void BeginConnect()
    {
        if (_options is not EvpnNeighborOptions options)
            return;
        var attempt = new Attempt();
        _attempt = attempt;
        bool isInternal = IsInternal;
        _running.RemoveAll(static task => task.IsCompleted);
        _running.Add(Task.Run(() => ConnectAsync(attempt, options, isInternal)));
    }

    private async Task ConnectAsync(Attempt attempt, EvpnNeighborOptions options, bool isInternal)
    {
        string? problem;
        try
        {
            Socket? socket = BgpSockets.ForConnect(options, isInternal, out problem);
            if (socket is null)
            {
                EvpnLog.KeyRefused(_context.Log, Name, problem ?? "no socket");
            }
            else if (TryHold(attempt, socket))
            {
                await socket.ConnectAsync(new IPEndPoint(options.Address.ToIPAddress(), options.Port));
                Connected(attempt, socket);
                return;
            }
        }
        catch (SocketException error)
        {
            problem = BgpSockets.Describe(error);
        }
        catch (ObjectDisposedException)
        {
            problem = "given up";
        }

        lock (_gate)
        {
            attempt.Socket?.Dispose();
            if (_attempt != attempt)
                return;
            _attempt = null;
            Failed($"cannot connect: {problem}");
            _ = Run(_main, null, BgpEvent.TransportFailed);
        }

        _context.Raise();
    }

    private bool TryHold(Attempt attempt, Socket socket)
    {
        lock (_gate)
        {
            if (_attempt == attempt)
            {
                attempt.Socket = socket;
                return true;
            }
        }

        socket.Dispose();
        return false;
    }

    private void Connected(Attempt attempt, Socket socket)
    {
        lock (_gate)
        {
            if (_attempt != attempt)
            {
                socket.Dispose();
                return;
            }

            _attempt = null;
            if (TryPeer(_main, isOutgoing: true, socket) is { } peering)
            {
                _outgoing = peering;
                _ = Run(_main, peering, BgpEvent.Connected);
                StartLoops(peering);
            }
            else
            {
                _ = Run(_main, null, BgpEvent.TransportFailed);
            }
        }

        _context.Raise();
    }

    private void AbandonAttempt()
    {
        _attempt?.Socket?.Dispose();
        _attempt = null;
    }

    private void Drop(BgpPeering peering, BgpStep step, BgpClose close)
    {
        bool wasSession = peering == _session;
        peering.Drop(step, close);
        if (_outgoing == peering)
            _outgoing = null;
        if (_incoming == peering)
            _incoming = null;
        if (wasSession)
        {
            _session = null;
            _lastOver = peering.Over;
            WentDown(peering, close);
        }
        else if (_session is null && (step.Has(BgpActions.Damp) || close.Kind == BgpCloseKind.TransportLost))
        {
            Failed(CloseText.Describe(close));
        }
    }

    private static BgpClose CloseOf(BgpStep step) => step.Has(BgpActions.Notify)
        ? new BgpClose(BgpCloseKind.NotificationSent, step.Notification, IsHardReset: false, string.Empty)
        : new BgpClose(BgpCloseKind.Replaced, null, IsHardReset: false, string.Empty);

    private void Established(BgpPeering peering)
    {
        if (_session is { } replaced)
            _ = Run(replaced.Fsm, replaced, replaced.Facts.GracefulRestart is { HasFamily: true } ? BgpEvent.Replaced : BgpEvent.CollisionLost);
        peering.Previous = _lastOver;
        peering.EstablishedAt = _context.Time.GetTimestamp();
        BgpPeering? other = peering.IsOutgoing ? _incoming : _outgoing;
        if (_outgoing == peering)
            _outgoing = null;
        if (_incoming == peering)
            _incoming = null;
        _session = peering;
        _idleHold.Stop();
        _parked?.Dispose();
        _parked = null;

        // A connection on which the peer's OPEN is still to come is not closed yet: the peer may have decided for it, before it knew of this one.
        if (other is { Fsm.State: BgpState.OpenSent })
            other.HurryOpen();
        else if (other is not null)
            _ = Run(other.Fsm, other, BgpEvent.CollisionLost);
        else if (peering.Fsm != _main)
            _ = Run(_main, null, BgpEvent.CollisionLost);
        WentUp(peering);
    }
}
