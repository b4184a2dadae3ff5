using Overlay.Control.Evpn.Bgp.Wire;

namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>
/// The state machine of one connection with a neighbour (RFC 4271 §8.2), without sockets, clock or routes: an event goes in, what to do comes out.
/// A neighbour has one for the connection that we open and, while there is one, one for the connection that it opened (§8.2.1); which of two is
/// kept (§6.8) is decided outside.
/// </summary>
/// <remarks>
/// Departures from the RFC, each on the side of keeping a session: a connection that cannot be opened leads to Active instead of Idle, because the
/// next attempt is the business of ConnectRetry anyway; a timer that cannot run in a state is ignored there instead of ending the session by an FSM error;
/// a NOTIFICATION is never answered by a NOTIFICATION (§6.4). <b>Threading:</b> none of its own; the owner serialises.
/// </remarks>
internal sealed class BgpFsm
{
    private const BgpActions End = BgpActions.StopTimers | BgpActions.Drop;

    /// <summary>Start leads to Active, where the peer's connection is awaited (PassiveTcpEstablishment, §8.1.1).</summary>
    public bool IsPassive { get; set; }

    /// <summary>Where it stands.</summary>
    public BgpState State { get; private set; }

    /// <summary>Takes an event.</summary>
    /// <param name="what">The event.</param>
    /// <param name="error">What goes into the NOTIFICATION: of the error events what was found, of <see cref="BgpEvent.Stop"/> the Cease, or null to stop without a word.</param>
    public BgpStep Handle(BgpEvent what, BgpError? error = null) => State switch
    {
        BgpState.Idle => InIdle(what),
        BgpState.Connect or BgpState.Active => BeforeOpen(what),
        BgpState.OpenSent => InOpenSent(what, error),
        BgpState.OpenConfirm => InOpenConfirm(what, error),
        _ => InEstablished(what, error),
    };

    private BgpStep InIdle(BgpEvent what)
    {
        if (what != BgpEvent.Start)
            return default;
        return IsPassive
            ? Go(BgpState.Active, BgpActions.None)
            : Go(BgpState.Connect, BgpActions.Connect | BgpActions.StartConnectRetry);
    }

    private BgpStep BeforeOpen(BgpEvent what)
    {
        switch (what)
        {
            case BgpEvent.Start:
            case BgpEvent.HoldExpired:
            case BgpEvent.KeepaliveDue:
            case BgpEvent.SendHoldExpired:
                return default;
            case BgpEvent.ConnectRetryExpired when IsPassive:
                return default;
            case BgpEvent.ConnectRetryExpired:
                // In Connect the attempt under way is given up for a new one.
                BgpActions giveUp = State == BgpState.Connect ? BgpActions.Drop : BgpActions.None;
                return Go(BgpState.Connect, giveUp | BgpActions.Connect | BgpActions.StartConnectRetry);
            case BgpEvent.Connected:
                return Go(BgpState.OpenSent, BgpActions.StopConnectRetry | BgpActions.SendOpen | BgpActions.StartLargeHold);
            case BgpEvent.TransportFailed when State == BgpState.Connect:
                return Go(BgpState.Active, BgpActions.Drop | BgpActions.StartConnectRetry);
            case BgpEvent.TransportFailed:
                // Nothing was under way in Active: a late word about an attempt that was given up.
                return default;
            case BgpEvent.Stop:
            case BgpEvent.CollisionLost:
            case BgpEvent.Replaced:
                return Go(BgpState.Idle, End | BgpActions.StopConnectRetry);
            default:
                return Go(BgpState.Idle, End | BgpActions.StopConnectRetry | BgpActions.Damp);
        }
    }

    private BgpStep InOpenSent(BgpEvent what, BgpError? error)
    {
        switch (what)
        {
            case BgpEvent.OpenReceived:
                return Go(BgpState.OpenConfirm, BgpActions.SendKeepalive | BgpActions.StartHold | BgpActions.StartKeepalive);
            case BgpEvent.TransportFailed:
                return Go(BgpState.Active, End | BgpActions.StartConnectRetry);
            case BgpEvent.KeepaliveDue:
                return default;
            default:
                return Opening(what, error, unexpected: 1);
        }
    }

    private BgpStep InOpenConfirm(BgpEvent what, BgpError? error)
    {
        switch (what)
        {
            case BgpEvent.KeepaliveReceived:
                return Go(BgpState.Established, BgpActions.StartHold | BgpActions.Opened);
            case BgpEvent.KeepaliveDue:
                return new BgpStep(BgpActions.SendKeepalive | BgpActions.StartKeepalive);
            case BgpEvent.TransportFailed:
                return Go(BgpState.Idle, End | BgpActions.Damp);
            default:
                return Opening(what, error, unexpected: 2);
        }
    }

    /// <summary>What OpenSent and OpenConfirm have in common.</summary>
    private BgpStep Opening(BgpEvent what, BgpError? error, byte unexpected)
    {
        switch (what)
        {
            case BgpEvent.Start:
            case BgpEvent.ConnectRetryExpired:
            case BgpEvent.Connected:
            case BgpEvent.SendHoldExpired:
                return default;
            case BgpEvent.Stop:
                return Go(BgpState.Idle, End, error);
            case BgpEvent.CollisionLost:
                return Go(BgpState.Idle, End, SessionErrors.CollisionResolution);
            case BgpEvent.Replaced:
            case BgpEvent.VersionRefused:
                return Go(BgpState.Idle, End);
            case BgpEvent.NotificationReceived:
                return Go(BgpState.Idle, End | BgpActions.Damp);
            case BgpEvent.HoldExpired:
                return Go(BgpState.Idle, End | BgpActions.Damp, SessionErrors.HoldTimerExpired);
            case BgpEvent.HeaderError:
            case BgpEvent.OpenError:
            case BgpEvent.UpdateError:
                return Go(BgpState.Idle, End | BgpActions.Damp, error);
            default:
                // A message out of its turn (RFC 6608 §3).
                return Go(BgpState.Idle, End | BgpActions.Damp, SessionErrors.Unexpected(unexpected));
        }
    }

    private BgpStep InEstablished(BgpEvent what, BgpError? error)
    {
        const BgpActions Over = End | BgpActions.Closed;
        switch (what)
        {
            case BgpEvent.UpdateReceived:
                return new BgpStep(BgpActions.StartHold | BgpActions.Deliver);
            case BgpEvent.KeepaliveReceived:
                return new BgpStep(BgpActions.StartHold);
            case BgpEvent.KeepaliveDue:
                return new BgpStep(BgpActions.SendKeepalive | BgpActions.StartKeepalive);
            case BgpEvent.Start:
            case BgpEvent.ConnectRetryExpired:
            case BgpEvent.Connected:
                return default;
            case BgpEvent.Stop:
                return Go(BgpState.Idle, Over, error);
            case BgpEvent.CollisionLost:
                return Go(BgpState.Idle, Over, SessionErrors.CollisionResolution);
            case BgpEvent.Replaced:
                return Go(BgpState.Idle, Over);
            case BgpEvent.TransportFailed:
            case BgpEvent.VersionRefused:
            case BgpEvent.NotificationReceived:
                return Go(BgpState.Idle, Over | BgpActions.Damp);
            case BgpEvent.HoldExpired:
                return Go(BgpState.Idle, Over | BgpActions.Damp, SessionErrors.HoldTimerExpired);
            case BgpEvent.SendHoldExpired:
                return Go(BgpState.Idle, Over | BgpActions.Damp, SessionErrors.SendHoldTimerExpired);
            case BgpEvent.HeaderError:
            case BgpEvent.OpenError:
            case BgpEvent.UpdateError:
                return Go(BgpState.Idle, Over | BgpActions.Damp, error);
            default:
                return Go(BgpState.Idle, Over | BgpActions.Damp, SessionErrors.Unexpected(3));
        }
    }

    private BgpStep Go(BgpState next, BgpActions actions, BgpError? notification = null)
    {
        State = next;
        return notification is { } error ? new BgpStep(actions | BgpActions.Notify, error) : new BgpStep(actions);
    }
}
