using Overlay.Control.Evpn.Bgp.Session;
using Overlay.Control.Evpn.Bgp.Wire;
using static Overlay.Control.Evpn.Bgp.Session.BgpActions;
using static Overlay.Control.Evpn.Bgp.Session.BgpEvent;
using static Overlay.Control.Evpn.Bgp.Session.BgpState;

namespace Overlay.Control.Evpn.Tests.Session;

/// <summary>RFC 4271 §8.2.2 as a table: every event in every state.</summary>
public sealed class FsmTests
{
    private const BgpActions TryConnect = BgpActions.Connect;
    private const BgpActions End = StopTimers | Drop;
    private const BgpActions Fail = End | Damp;
    private const BgpActions Quit = End | StopConnectRetry;
    private const BgpActions Over = End | Closed;
    private static readonly BgpError Given = new(BgpErrorCode.Cease, 77);

    // State, event, next state, actions, code and subcode of the NOTIFICATION; (6, 77) is the error given with the event.
    private static readonly (BgpState, BgpEvent, BgpState, BgpActions, int Code, int Subcode)[] Table =
    [
        (Idle, Start, BgpState.Connect, TryConnect | StartConnectRetry, 0, 0),
        .. All(Idle, Idle, None, Stop, ConnectRetryExpired, HoldExpired, KeepaliveDue, Connected, TransportFailed, OpenReceived, HeaderError, OpenError, CollisionLost, Replaced, VersionRefused, NotificationReceived, KeepaliveReceived, UpdateReceived, UpdateError, SendHoldExpired),

        (BgpState.Connect, ConnectRetryExpired, BgpState.Connect, Drop | TryConnect | StartConnectRetry, 0, 0),
        (BgpState.Connect, Connected, OpenSent, StopConnectRetry | SendOpen | StartLargeHold, 0, 0),
        (BgpState.Connect, TransportFailed, Active, Drop | StartConnectRetry, 0, 0),
        .. All(BgpState.Connect, BgpState.Connect, None, Start, HoldExpired, KeepaliveDue, SendHoldExpired),
        .. All(BgpState.Connect, Idle, Quit, Stop, CollisionLost, Replaced),
        .. All(BgpState.Connect, Idle, Quit | Damp, OpenReceived, HeaderError, OpenError, VersionRefused, NotificationReceived, KeepaliveReceived, UpdateReceived, UpdateError),

        (Active, ConnectRetryExpired, BgpState.Connect, TryConnect | StartConnectRetry, 0, 0),
        (Active, Connected, OpenSent, StopConnectRetry | SendOpen | StartLargeHold, 0, 0),
        .. All(Active, Active, None, Start, HoldExpired, KeepaliveDue, SendHoldExpired, TransportFailed),
        .. All(Active, Idle, Quit, Stop, CollisionLost, Replaced),
        .. All(Active, Idle, Quit | Damp, OpenReceived, HeaderError, OpenError, VersionRefused, NotificationReceived, KeepaliveReceived, UpdateReceived, UpdateError),

        (OpenSent, OpenReceived, OpenConfirm, SendKeepalive | StartHold | StartKeepalive, 0, 0),
        (OpenSent, TransportFailed, Active, End | StartConnectRetry, 0, 0),
        (OpenSent, Stop, Idle, End, 6, 77),
        (OpenSent, CollisionLost, Idle, End, 6, 7),
        (OpenSent, HoldExpired, Idle, Fail, 4, 0),
        .. All(OpenSent, OpenSent, None, Start, ConnectRetryExpired, KeepaliveDue, Connected, SendHoldExpired),
        .. All(OpenSent, Idle, End, Replaced, VersionRefused),
        .. All(OpenSent, Idle, Fail, NotificationReceived),
        .. Sent(OpenSent, Fail, 6, 77, HeaderError, OpenError, UpdateError),
        .. Sent(OpenSent, Fail, 5, 1, KeepaliveReceived, UpdateReceived),

        (OpenConfirm, KeepaliveReceived, Established, StartHold | Opened, 0, 0),
        (OpenConfirm, KeepaliveDue, OpenConfirm, SendKeepalive | StartKeepalive, 0, 0),
        (OpenConfirm, Stop, Idle, End, 6, 77),
        (OpenConfirm, CollisionLost, Idle, End, 6, 7),
        (OpenConfirm, HoldExpired, Idle, Fail, 4, 0),
        .. All(OpenConfirm, OpenConfirm, None, Start, ConnectRetryExpired, Connected, SendHoldExpired),
        .. All(OpenConfirm, Idle, End, Replaced, VersionRefused),
        .. All(OpenConfirm, Idle, Fail, TransportFailed, NotificationReceived),
        .. Sent(OpenConfirm, Fail, 6, 77, HeaderError, OpenError, UpdateError),
        .. Sent(OpenConfirm, Fail, 5, 2, OpenReceived, UpdateReceived),

        (Established, UpdateReceived, Established, StartHold | Deliver, 0, 0),
        (Established, KeepaliveReceived, Established, StartHold, 0, 0),
        (Established, KeepaliveDue, Established, SendKeepalive | StartKeepalive, 0, 0),
        (Established, Stop, Idle, Over, 6, 77),
        (Established, CollisionLost, Idle, Over, 6, 7),
        (Established, Replaced, Idle, Over, 0, 0),
        (Established, HoldExpired, Idle, Over | Damp, 4, 0),
        (Established, SendHoldExpired, Idle, Over | Damp, 8, 0),
        .. All(Established, Established, None, Start, ConnectRetryExpired, Connected),
        .. All(Established, Idle, Over | Damp, TransportFailed, VersionRefused, NotificationReceived),
        .. Sent(Established, Over | Damp, 6, 77, HeaderError, OpenError, UpdateError),
        .. Sent(Established, Over | Damp, 5, 3, OpenReceived),
    ];

    [Fact]
    public void Every_event_in_every_state_does_what_the_table_says()
    {
        foreach ((BgpState state, BgpEvent what, BgpState next, BgpActions actions, int code, int subcode) in Table)
        {
            BgpFsm fsm = At(state);
            BgpStep step = fsm.Handle(what, Given);
            string row = $"{state} {what}";
            Assert.Equal((row, next), (row, fsm.State));
            Assert.Equal((row, code == 0 ? actions : actions | Notify), (row, step.Actions));
            Assert.Equal((row, code, subcode), (row, (int)step.Notification.Code, (int)step.Notification.Subcode));
        }
    }

    [Fact]
    public void The_table_has_every_pair_once()
    {
        int expected = Enum.GetValues<BgpState>().Length * Enum.GetValues<BgpEvent>().Length;
        Assert.Equal(expected, Table.Select(static r => (r.Item1, r.Item2)).Distinct().Count());
        Assert.Equal(expected, Table.Length);
    }

    [Fact]
    public void A_passive_one_waits_and_never_connects()
    {
        var fsm = new BgpFsm { IsPassive = true };
        Assert.Equal(default, fsm.Handle(Start));
        Assert.Equal(Active, fsm.State);
        Assert.Equal(default, fsm.Handle(ConnectRetryExpired));
        Assert.Equal(Active, fsm.State);
    }

    [Fact]
    public void Nothing_is_closed_that_was_not_opened()
    {
        foreach (BgpState state in Enum.GetValues<BgpState>().Where(static s => s != Established))
        {
            foreach (BgpEvent what in Enum.GetValues<BgpEvent>())
            {
                Assert.False(At(state).Handle(what, Given).Has(Closed));
            }
        }
    }

    [Fact]
    public void A_stop_without_a_word_sends_none()
    {
        Assert.Equal(Over, At(Established).Handle(Stop).Actions);
        Assert.Equal(End, At(OpenSent).Handle(Stop).Actions);
    }

    [Fact]
    public void Waits_double_up_to_a_minute_and_end_after_a_stable_session()
    {
        var backOff = default(BackOff);
        Assert.Equal([1, 2, 4, 8, 16, 32, 60, 60, 60], Enumerable.Range(0, 9).Select(_ => (int)backOff.Failed(TimeSpan.Zero).TotalSeconds));
        Assert.Equal(TimeSpan.Zero, backOff.Failed(BackOff.Stable));
        Assert.Equal(1, backOff.Failed(BackOff.Stable - TimeSpan.FromTicks(1)).TotalSeconds);
        backOff.Reset();
        Assert.Equal(1, backOff.Failed(TimeSpan.Zero).TotalSeconds);
    }

    [Fact]
    public void Jitter_takes_off_a_quarter_at_most()
    {
        for (int i = 0; i < 1000; i++)
        {
            Assert.InRange(Jitter.Of(TimeSpan.FromSeconds(100)).TotalSeconds, 75, 100);
        }
    }

    private static BgpFsm At(BgpState state)
    {
        var fsm = new BgpFsm();
        BgpEvent[] path = [Start, Connected, OpenReceived, KeepaliveReceived];
        BgpState[] reached = [Idle, BgpState.Connect, OpenSent, OpenConfirm, Established];
        if (state == Active)
        {
            _ = fsm.Handle(Start);
            _ = fsm.Handle(TransportFailed);
        }
        else
        {
            foreach (BgpEvent what in path.Take(Array.IndexOf(reached, state)))
            {
                _ = fsm.Handle(what);
            }
        }

        Assert.Equal(state, fsm.State);
        return fsm;
    }

    private static IEnumerable<(BgpState, BgpEvent, BgpState, BgpActions, int, int)> All(BgpState state, BgpState next, BgpActions actions, params BgpEvent[] events) =>
        events.Select(e => (state, e, next, actions, 0, 0));

    private static IEnumerable<(BgpState, BgpEvent, BgpState, BgpActions, int, int)> Sent(BgpState state, BgpActions actions, int code, int subcode, params BgpEvent[] events) =>
        events.Select(e => (state, e, Idle, actions, code, subcode));
}
