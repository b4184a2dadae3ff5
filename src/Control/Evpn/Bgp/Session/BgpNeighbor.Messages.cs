using Overlay.Control.Evpn.Bgp.Wire;

namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>OPEN, NOTIFICATION and collisions.</summary>
internal sealed partial class BgpNeighbor
{
    private const byte UnsupportedVersion = 1;
    private static readonly TimeSpan Young = TimeSpan.FromSeconds(5);

    /// <summary>An OPEN came.</summary>
    internal void OpenReceived(BgpPeering peering, ReadOnlySpan<byte> body)
    {
        lock (_gate)
        {
            if (peering.IsOver)
                return;
            if (peering.Fsm.State != BgpState.OpenSent || peering.Offered is not { } ours)
            {
                // Out of its turn; what it says does not matter.
                _ = Run(peering.Fsm, peering, BgpEvent.OpenReceived);
                return;
            }

            BgpError? wrong = OpenMessage.TryParse(body, out OpenMessage? open);
            wrong ??= OpenNegotiation.Check(open!, _options, _local);
            if (wrong is { } error)
            {
                var close = new BgpClose(BgpCloseKind.NotificationSent, error, IsHardReset: false, open is null ? string.Empty : Explain(error, open));
                _ = Run(peering.Fsm, peering, BgpEvent.OpenError, error, close);
                return;
            }

            BgpSessionFacts facts = OpenNegotiation.Agree(ours, open!, peering.Connection.Local, Address);
            if (!LosesCollision(peering, facts))
            {
                peering.Agree(facts);
                _ = Run(peering.Fsm, peering, BgpEvent.OpenReceived);
            }
        }

        _context.Raise();
    }

    /// <summary>A NOTIFICATION came.</summary>
    internal void NotificationReceived(BgpPeering peering, ReadOnlySpan<byte> body)
    {
        NotificationMessage message = NotificationMessage.Parse(body);
        var close = new BgpClose(
            BgpCloseKind.NotificationReceived,
            message.Meaning,
            message.IsHardReset,
            message.Communication is { } text ? $"\"{text}\"" : string.Empty);
        lock (_gate)
        {
            if (peering.IsOver)
                return;
            _ = Run(peering.Fsm, peering, EventOf(peering, message), close: close);
        }

        _context.Raise();
    }

    private BgpEvent EventOf(BgpPeering peering, NotificationMessage message)
    {
        if (message.Error is { Code: BgpErrorCode.Open, Subcode: UnsupportedVersion })
            return BgpEvent.VersionRefused;

        // The peer decided a collision, and the other connection lives: not a failure that asks for a wait.
        bool isCollision = message.Error is { Code: BgpErrorCode.Cease, Subcode: NotificationMessage.Collision };
        bool hasOther = (_outgoing is not null && _outgoing != peering) || (_incoming is not null && _incoming != peering) || (_session is not null && _session != peering);
        return isCollision && hasOther && peering != _session ? BgpEvent.Replaced : BgpEvent.NotificationReceived;
    }

    private void SendOpen(BgpPeering peering)
    {
        // What the peer still holds of us from an earlier session of this process is in force as ever.
        bool isForwarding = _context.KeepsForwarding || _establishedCount > 0;
        peering.SendOpen(OpenNegotiation.Offer(_options, _local, _context.IsRestarting, isForwarding));
    }

    /// <summary>Decides between connections when an OPEN is accepted (RFC 4271 §6.8, RFC 4724 §4.2); closes the one that is not kept.</summary>
    /// <returns>True if that is the one that the OPEN came on.</returns>
    private bool LosesCollision(BgpPeering peering, BgpSessionFacts facts)
    {
        if (_session is { } session)
        {
            if (MayReplace(session, peering, facts))
                return false;

            // If its end of the session is gone, the answer to this will end ours, and its next connection is taken.
            session.Connection.SendKeepalive();
            _ = Run(peering.Fsm, peering, BgpEvent.CollisionLost);
            return true;
        }

        BgpPeering? other = peering.IsOutgoing ? _incoming : _outgoing;
        if (other is not { Fsm.State: BgpState.OpenConfirm })
            return false;
        BgpPeering loser = OpenNegotiation.KeepsOutgoing(facts) == peering.IsOutgoing ? other : peering;
        _ = Run(loser.Fsm, loser, BgpEvent.CollisionLost);
        return loser == peering;
    }

    /// <summary>
    /// Whether a connection may go on beside the session, to take its place once the peer has accepted our OPEN on it. Not before: it may have waited to
    /// be accepted while another became the session, and the peer is about to close it. A session that is a moment old may be on the one of two
    /// connections that the peer, which was slower, closes by the rule of router ids; so the rule holds for it as for one in OpenConfirm.
    /// </summary>
    private bool MayReplace(BgpPeering session, BgpPeering peering, BgpSessionFacts facts)
    {
        bool isCrossing = session.IsOutgoing != peering.IsOutgoing && _context.Time.GetElapsedTime(session.EstablishedAt) < Young;
        return isCrossing ? OpenNegotiation.KeepsOutgoing(facts) == peering.IsOutgoing : session.Facts.GracefulRestart is { HasFamily: true };
    }

    private string Explain(BgpError error, OpenMessage open) => error.Subcode switch
    {
        2 => _options.As == 0 ? $"it has AS {open.As}, any but ours is configured" : $"it has AS {open.As}, {_options.As} is configured",
        3 => $"it has our router id {RouterIdText(open.RouterId)}",
        7 => "it does not offer EVPN (AFI 25, SAFI 70)",
        _ => string.Empty,
    };
}
