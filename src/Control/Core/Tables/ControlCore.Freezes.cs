using Microsoft.Extensions.Logging;
using Overlay.Control.Loop;
using Overlay.Control.Queries;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;

namespace Overlay.Control.Tables;

/// <content>
/// Frozen MACs (after RFC 7432 §15.1): a MAC that moved too often goes to its home, and stays; frames with it as source from elsewhere are dropped as <c>mac_frozen</c>.
/// So a second claimant cannot cut off the first, and a loop that brings a host's frames back does not move the host. After <see cref="VniSpec.FreezeTime"/> it may
/// move again, and its home is still its home; each freeze that follows without a calm window is twice as long, up to sixteen times.
/// </content>
internal sealed partial class ControlCore
{
    private const int MaxDoublings = 4;
    private const int MovesASlice = 4096;
    private readonly Queue<MacVrf> _tended = [];
    private int _tendCursor;
    private long _frozen;
    private long _refusedFrozen;
    private LogBudget _freezesLogged;

    /// <summary>Lets MACs move again, of one VNI or of all, one MAC or all, and forgets how often they moved; where they were first is remembered as long as ever.</summary>
    public FdbUnfreezeResult Unfreeze(Vni? vni, MacAddress? mac)
    {
        if (UnknownIn(new FdbFilter(Vni: vni)) is { } unknown)
        {
            return new FdbUnfreezeResult(0, unknown);
        }

        int count = 0;
        foreach (MacVrf vrf in _vrfs.Values)
        {
            if (vni is null || vrf.Vni == vni)
            {
                count += UnfreezeIn(vrf, mac);
            }
        }

        ClearAlarms();
        return new FdbUnfreezeResult(count, null);
    }

    private int UnfreezeIn(MacVrf vrf, MacAddress? mac)
    {
        int count = 0;
        for (int at = 0; at < vrf.Moves.High && vrf.Frozen > 0; at++)
        {
            int index = vrf.Moves[at].Mac;
            if (vrf.Moves[at].IsUsed && vrf.Macs[index].IsFrozen && (mac is null || vrf.Macs[index].Mac == mac.Value.Value))
            {
                vrf.Moves[at].Freezes = 0;
                Thaw(vrf, index);
                Publish(vrf, index);
                count++;
            }
        }

        return count;
    }

    private void Freeze(MacVrf vrf, int mac, int at)
    {
        ref MoveRecord record = ref vrf.Moves[at];
        vrf.Moves.Unqueue(at);
        GoHome(vrf, mac, ref record);
        ulong time = (ulong)Tenths(vrf.Spec!.FreezeTime) << Math.Min(record.Freezes, MaxDoublings);
        record.FrozenUntil = Now + (uint)Math.Min(time, int.MaxValue);
        record.Freezes++;
        vrf.Macs[mac].IsFrozen = true;
        vrf.Frozen++;
        _frozen++;
        if (_freezesLogged.Take())
        {
            int count = record.CountAt(Now, Tenths(vrf.Spec.MoveWindow));
            ControlLog.MacFrozen(_log, new MacAddress(vrf.Macs[mac].Mac), vrf.Vni, PlaceOf(vrf.Targets[record.Home]!).ToString(), count, TimeSpan.FromMilliseconds(time * 100.0));
        }

        RaiseAlarm(AlarmKind.MacFrozen, vrf);
        Publish(vrf, mac);
    }

    /// <summary>Takes a MAC home, where it can be (<see cref="IsThere"/>). If a plane that has it now took it from there, the plane's place is its home.</summary>
    private void GoHome(MacVrf vrf, int mac, ref MoveRecord record)
    {
        RouteTarget current = vrf.Targets[vrf.Macs[mac].PlaceTarget]!;
        RouteTarget home = vrf.Targets[record.Home]!;
        if (home == current || HasRouteOn(vrf, mac, home))
        {
            return;
        }

        if (!vrf.Macs[mac].HasSeen)
        {
            SetHome(vrf, ref record, current);
            return;
        }

        uint sequence = home.Port is null ? 0 : SequenceAbove(vrf, mac, vrf.SequenceOf(mac));
        bool isOwn = home.Port is { } own && own.Mac.Value == vrf.Macs[mac].Mac;
        PlaceSeen(vrf, mac, home, home.Port is null ? FdbOrigin.Learned : FdbOrigin.Local, isOwn, sequence);
        if (home.Port is { } port)
        {
            Tell(new LocalEvent { Kind = LocalEventKind.MacMoved, Vni = vrf.Vni, Mac = new MacAddress(vrf.Macs[mac].Mac), Port = port.Name, Sequence = sequence });
        }
    }

    /// <summary>The mobility sequence that what a port sees is announced with: one more than planes have said, or what it had (RFC 7432 §15).</summary>
    private static uint SequenceAbove(MacVrf vrf, int mac, uint had)
    {
        for (int at = vrf.Macs[mac].Head; at >= 0; at = vrf.Candidates[at].NextOfMac)
        {
            uint other = vrf.Candidates[at].Sequence;
            had = Math.Max(had, other == uint.MaxValue ? uint.MaxValue : other + 1);
        }

        return had;
    }

    /// <summary>The candidate that a frozen MAC is held at, or -1 if there is none any more, or the configuration, a sticky route, or any route against what was learned says otherwise.</summary>
    private static int FrozenAt(MacVrf vrf, int mac)
    {
        int home = vrf.Moves.Of(mac).Home;
        int held = -1;
        bool hasRoute = false;
        for (int at = vrf.First(mac); at != -1; at = vrf.Next(mac, at))
        {
            RouteTarget target = vrf.TargetOf(mac, at);
            if (target.Current is null)
            {
                continue;
            }

            hasRoute |= at != MacVrf.SeenAt;
            if (target.Id == home)
            {
                held = at;
            }
            else if (at != MacVrf.SeenAt && (vrf.Candidates[at].Origin == FdbOrigin.Static || vrf.Candidates[at].Sticky))
            {
                return -1;
            }
        }

        // What was learned blocks no route of a plane.
        return held == MacVrf.SeenAt && hasRoute && vrf.Macs[mac].SeenOrigin == FdbOrigin.Learned ? -1 : held;
    }

    /// <summary>
    /// Whether a MAC is frozen at another place than a frame of it was seen at. A port's own address is none that can be doubted, and a MAC that is frozen where it was
    /// learned blocks no port.
    /// </summary>
    private bool IsHeldElsewhere(MacVrf vrf, int mac, RouteTarget? target, bool isOwn)
    {
        ref MacState state = ref vrf.Macs[mac];
        if (!state.IsFrozen || state.PlaceTarget == target?.Id)
        {
            return false;
        }

        if (isOwn)
        {
            Thaw(vrf, mac);
            Publish(vrf, mac);
            return false;
        }

        // It is let go when the port takes it, which a full one does not.
        if (target?.Port is not null && state.SeenOrigin == FdbOrigin.Learned)
        {
            return false;
        }

        _refusedFrozen++;
        return true;
    }

    /// <summary>Lets a MAC move again; the caller publishes it.</summary>
    private void Thaw(MacVrf vrf, int mac)
    {
        vrf.Macs[mac].IsFrozen = false;
        vrf.Frozen--;
        ref MoveRecord record = ref vrf.Moves.Of(mac);
        record.ForgetTimes();

        // A MAC that vanishes while it is frozen keeps its home for a window, as any other does.
        record.Last = Now;
    }

    /// <summary>Begins the look at all records, which goes on in slices.</summary>
    private void TendMoves()
    {
        if (_tended.Count > 0)
        {
            return;
        }

        foreach (MacVrf vrf in _vrfs.Values)
        {
            if (vrf.Moves.Count > 0)
            {
                _tended.Enqueue(vrf);
            }
        }
    }

    /// <summary>One slice: who is frozen long enough tries again, who was calm for a window is forgotten.</summary>
    private void TendSlice(uint now)
    {
        int budget = MovesASlice;
        while (_tended.TryPeek(out MacVrf? vrf))
        {
            while (_tendCursor < vrf.Moves.High)
            {
                if (budget-- <= 0)
                {
                    return;
                }

                TendOne(vrf, _tendCursor++, now);
            }

            _ = _tended.Dequeue();
            _tendCursor = 0;
        }
    }

    private void TendOne(MacVrf vrf, int at, uint now)
    {
        ref MoveRecord record = ref vrf.Moves[at];
        if (!record.IsUsed || vrf.Spec is not { } spec)
        {
            return;
        }

        uint window = Tenths(spec.MoveWindow);
        int mac = record.Mac;
        if (vrf.Macs[mac].IsFrozen)
        {
            if (now >= record.FrozenUntil)
            {
                Thaw(vrf, mac);
                Publish(vrf, mac);
            }

            return;
        }

        // What came later than this round's look at the clock is not long ago.
        if (record.Contests > 0 && now > record.ContestedAt && now - record.ContestedAt >= window)
        {
            EndContest(vrf, ref record);
        }

        if (record.Contests == 0 && now > record.Last && now - record.Last >= window)
        {
            ForgetMover(vrf, mac);
        }
    }

    /// <summary>Says how many lines the last second left out.</summary>
    private void RenewLogBudgets()
    {
        LeftOut(_freezesLogged.Renew(), LogLevel.Warning, "MACs frozen");
        LeftOut(_contestsLogged.Renew(), LogLevel.Warning, "MACs contested");
        LeftOut(_movesLogged.Renew(), LogLevel.Debug, "MACs moved");
        void LeftOut(int count, LogLevel level, string what)
        {
            if (count > 0)
            {
                ControlLog.LeftOut(_log, level, count, what);
            }
        }
    }
}
