using Overlay.Control.Evpn.Bgp.Session;
using Overlay.Control.Evpn.Bgp.Wire;

namespace Overlay.Control.Evpn.Rib;

/// <content>
/// Sessions: what is stale, and what goes when. A generation marks what was given when; the control loop is told of beginnings and ends, sweeps its own, and guards that.
/// </content>
internal sealed partial class EvpnRib
{
    /// <summary>Between two times that a neighbour is asked for what was refused.</summary>
    private static readonly TimeSpan AskPeriod = TimeSpan.FromMinutes(1);
    private readonly Dictionary<IBgpSession, RibPeer> _sessions = [];
    private long _announced;
    private long _withdrawn;
    private long _swept;
    private long _refused;

    /// <summary>Routes were refused for their attributes, and there was no room since.</summary>
    private bool _isOutOfAttributes;

    /// <summary>A session is established: the peer gives everything again, and End-of-RIB says where that ends.</summary>
    public void Opened(IBgpSession session)
    {
        RibPeer? peer;
        bool isReplacing = false;
        bool isUnsure;
        lock (_gate)
        {
            if (!TryGetPeer(session.Name, out peer))
            {
                session.End(new BgpError(BgpErrorCode.Cease, 8));
                return;
            }

            if (peer.Session is { } replaced)
            {
                // RFC 4724 §4.2: a new connection takes the place of the old one, whose end we may hear of later.
                _ = _sessions.Remove(replaced);
                MarkStale(peer);
                isReplacing = true;
            }

            peer.Session = session;
            peer.Facts = session.Facts;
            peer.HasEndOfRib = peer.IsInStep = peer.HasWarned = peer.HasRefused = peer.IsOverLimit = peer.IsLeaving = false;
            peer.RefreshBelow = 0;
            peer.Since = _time.GetTimestamp();
            peer.MaxPrefixes = LimitOf(_policy.Options, session.Facts.Peer);
            _sessions.Add(session, peer);

            // In this order: routes stay stale until they are given.
            Begin(peer);
            _sink.ReportConnected(true, peer.Name);

            // Without End-of-RIB the frame of a refresh (RFC 7313) says as well when everything was given.
            isUnsure = peer.StaleRoutes > 0 && !peer.SendsEndOfRib && session.Facts.HasEnhancedRefresh;
        }

        if (isReplacing)
        {
            Resettle(peer);
        }

        if (isUnsure)
        {
            _ = session.RequestRefresh();
        }
    }

    /// <summary>What an UPDATE said.</summary>
    public void Received(IBgpSession session, in UpdateResult update)
    {
        bool isEnd;
        lock (_gate)
        {
            if (!_sessions.TryGetValue(session, out RibPeer? peer) || peer.IsOverLimit)
            {
                return;
            }

            Take(peer, update);

            // In the midst of a framed refresh it says nothing of what is still to come again.
            isEnd = update.IsEndOfRib && !peer.HasEndOfRib && peer.RefreshBelow == 0;
            peer.HasEndOfRib |= update.IsEndOfRib;
        }

        SettleSegments();
        if (isEnd)
        {
            ComeIntoStep(session);
        }
    }

    /// <summary>The peer frames its answer to a refresh (RFC 7313).</summary>
    public void Refresh(IBgpSession session, RouteRefreshKind kind)
    {
        RibPeer? peer;
        lock (_gate)
        {
            // RFC 7313 §4: ignored before an End-of-RIB that is to come.
            if (!_sessions.TryGetValue(session, out peer) || (!peer.HasEndOfRib && peer.SendsEndOfRib))
            {
                return;
            }

            if (kind == RouteRefreshKind.Begin)
            {
                peer.RefreshBelow = ++peer.Generation;
                peer.RefreshSince = _time.GetTimestamp();
                Begin(peer);
                return;
            }

            if (kind != RouteRefreshKind.End || peer.RefreshBelow == 0)
            {
                return;
            }

            peer.IsInStep = true;
        }

        Sweep(peer, session);
    }

    /// <summary>A session ended.</summary>
    public void Closed(IBgpSession session, BgpClose close)
    {
        RibPeer? peer;
        bool isGone;
        lock (_gate)
        {
            // One that was replaced ended before.
            if (!_sessions.Remove(session, out peer))
            {
                return;
            }

            peer.Session = null;
            peer.RefreshBelow = 0;
            peer.HasEndOfRib = peer.IsInStep = false;
            peer.Since = _time.GetTimestamp();
            peer.IsLeaving = close.RemovesRoutes;
            MarkStale(peer);
            isGone = close.RemovesRoutes;
        }

        if (isGone)
        {
            RemoveAll(peer);
        }
        else
        {
            Resettle(peer);
        }
    }

    /// <summary>What the clock asks for; about once a second.</summary>
    public void Tick()
    {
        List<(RibPeer Peer, IBgpSession? Session)>? due = null;
        List<IBgpSession>? asked = null;
        lock (_gate)
        {
            _isOutOfAttributes &= !_attributes.HasRoom;
            foreach (RibPeer? peer in _peers)
            {
                if (peer is null)
                {
                    continue;
                }

                TimeSpan since = _time.GetElapsedTime(peer.Since);
                if (peer.Session is not null ? IsLate(peer, since) : IsOver(peer, since))
                {
                    (due ??= []).Add((peer, peer.Session));
                }

                if (peer is { HasRefused: true, Session: { } session } && HasRoom && (peer.AskedAt is not { } at || _time.GetElapsedTime(at) >= AskPeriod))
                {
                    peer.HasRefused = false;
                    peer.AskedAt = _time.GetTimestamp();
                    (asked ??= []).Add(session);
                }
            }
        }

        foreach (IBgpSession session in asked ?? [])
        {
            // RFC 2918; one that cannot is asked by the operator, who clears the session.
            _ = session.RequestRefresh();
        }

        foreach ((RibPeer peer, IBgpSession? session) in due ?? [])
        {
            if (session is null)
            {
                RemoveAll(peer);
                continue;
            }

            if (peer.RefreshBelow != 0)
            {
                RibLog.NoEndOfRefresh(_log, peer.Name, _policy.Options.StalePathTime);
            }
            else if (peer.StaleRoutes > 0)
            {
                RibLog.NoEndOfRib(_log, peer.Name, _policy.Options.StalePathTime, peer.StaleRoutes);
            }

            ComeIntoStep(session);
        }

        PurgeSegments();
    }

    /// <summary>
    /// Whether a peer has had its time to say that everything was given: by End-of-RIB, or by the end of a refresh that it began (RFC 7313 §4 asks for a bound of that too).
    /// </summary>
    private bool IsLate(RibPeer peer, TimeSpan since) => peer.RefreshBelow != 0
        ? _time.GetElapsedTime(peer.RefreshSince) >= _policy.Options.StalePathTime
        : !peer.IsInStep && since >= _policy.Options.StalePathTime;

    private void Take(RibPeer peer, in UpdateResult update)
    {
        foreach (UpdateFault fault in update.Faults)
        {
            peer.CountFault(UpdateFaultNames.NameOf(fault));
        }

        var nlris = new EvpnNlriReader(update.Unreach);
        while (nlris.MoveNext(out EvpnNlri nlri))
        {
            Withdraw(peer, nlri);
        }

        if (update.Reach.IsEmpty)
        {
            return;
        }

        string? refusal = update.TreatAsWithdraw || update.Attributes is null ? "treat-as-withdraw" : LoopIn(peer, update.Attributes);
        int attributes = 0;
        bool hasRoom = refusal is not null || _attributes.TryAcquire(update.Attributes!, out attributes);
        nlris = new EvpnNlriReader(update.Reach);
        if (refusal is not null || !hasRoom)
        {
            // RFC 7606 §2; a route that came round, or that there is no room for, takes the place of the one before it, which is no more.
            long count = 0;
            while (nlris.MoveNext(out EvpnNlri nlri))
            {
                count++;
                Withdraw(peer, nlri);
            }

            peer.CountFault(refusal ?? "attribute-limit", count);
            if (!hasRoom)
            {
                Refuse(peer, count);
            }

            return;
        }

        while (nlris.MoveNext(out EvpnNlri nlri))
        {
            Announce(peer, nlri, attributes);
        }

        _attributes.Release(attributes);
    }

    /// <summary>Routes had no room for their attributes. Said when it begins.</summary>
    private void Refuse(RibPeer peer, long count)
    {
        _refused += count;
        peer.HasRefused = true;
        if (!_isOutOfAttributes)
        {
            _isOutOfAttributes = true;
            RibLog.AttributeLimit(_log, peer.Name, _attributes.Count, _attributes.Octets);
        }
    }

    /// <summary>The peer has given everything again, or had its time to.</summary>
    private void ComeIntoStep(IBgpSession session)
    {
        RibPeer? peer;
        lock (_gate)
        {
            if (!_sessions.TryGetValue(session, out peer) || (peer.IsInStep && peer.RefreshBelow == 0))
            {
                return;
            }

            peer.IsInStep = true;
        }

        Sweep(peer, session);
    }

    /// <summary>The mark: what is given from now on stays.</summary>
    private void Begin(RibPeer peer)
    {
        peer.IsResyncing = true;
        peer.Mark++;
        _sink.BeginResync(ResyncScope.OfSession(peer.Name));
    }

    /// <summary>The sweep: what was not given since the mark goes, here and in the control loop. Without the lock.</summary>
    private void Sweep(RibPeer peer, IBgpSession session)
    {
        uint below;
        bool isNeeded;
        lock (_gate)
        {
            below = Math.Max(peer.StaleBelow, peer.RefreshBelow);
            isNeeded = peer.StaleRoutes > 0 || peer.RefreshBelow != 0;
            peer.IsSweeping = true;
        }

        if (isNeeded)
        {
            Walk(at =>
            {
                if (_paths[at].Peer == peer.Id && _paths[at].Generation < below)
                {
                    _swept++;
                    Remove(at);
                }
            });
            SettleSegments();
        }

        lock (_gate)
        {
            peer.IsSweeping = false;
            if (peer.Session != session || peer.RefreshBelow > below)
            {
                // Another one began meanwhile, and ends by itself.
                return;
            }

            peer.IsResyncing = false;
            peer.RefreshBelow = 0;
            _ = _restored.Remove(peer.Name);
            RibLog.InStep(_log, peer.Name, peer.Routes);
            _sink.CompleteResync(ResyncScope.OfSession(peer.Name));
        }
    }

    /// <summary>Everything of a peer becomes stale; the control loop says so of what it has.</summary>
    private void MarkStale(RibPeer peer)
    {
        _losses++;
        peer.StaleBelow = ++peer.Generation;
        peer.StaleRoutes = peer.Routes;
        peer.IsResyncing = false;
        _sink.ReportConnected(false, peer.Name);
    }

    /// <summary>Chooses anew where a peer has a route: another one may be preferred now. Without the lock.</summary>
    private void Resettle(RibPeer peer) => Walk(at =>
    {
        if (_paths[at].Peer == peer.Id)
        {
            Settle(_paths[at].Entry, null);
        }
    });
}
