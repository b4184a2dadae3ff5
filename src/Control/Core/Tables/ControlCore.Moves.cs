using Overlay.Control.Loop;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;

namespace Overlay.Control.Tables;

/// <content>
/// Moves of MACs: where a MAC's home is, counting, and what is remembered. A MAC that frames move for the <see cref="VniSpec.MoveLimit"/>th time within
/// <see cref="VniSpec.MoveWindow"/> is <em>frozen</em> at its home (<c>.Freezes</c>).
/// <para>
/// Its home is where it was before the first move, and stays so until a whole window passes without one: a claimant that has it for a moment, at whatever moment, is
/// not at home. A port is preferred to what was learned from a VTEP, whoever was first, because learned MACs never block a port.
/// </para>
/// </content>
internal sealed partial class ControlCore
{
    /// <summary>A VNI has at least so many records whatever others have, and no more than a sixteenth of all or <see cref="LeastMovesOfVni"/>.</summary>
    private const int ReservedMoves = 64;
    private const int LeastMovesOfVni = 1024;
    private const int VniShare = 16;
    private int _moveRecords;
    private long _undamped;
    private LogBudget _movesLogged;
    private LogBudget _contestsLogged;

    /// <summary>Whether frames may move a MAC that is in force elsewhere. Counts the move; the one too many freezes the MAC.</summary>
    private bool MayMove(MacVrf vrf, int mac, RouteTarget to)
    {
        VniSpec spec = vrf.Spec!;
        ref MacState state = ref vrf.Macs[mac];
        if (spec.MoveLimit == 0 || state.PlaceTarget < 0)
        {
            return true;
        }

        bool isSure = HasWholeHistory(vrf, mac);
        if (!TryRecord(vrf, mac, out int at, out bool isNew))
        {
            _undamped++;
            return true;
        }

        RouteTarget from = vrf.Targets[state.PlaceTarget]!;
        uint now = Now;
        uint window = Tenths(spec.MoveWindow);
        ref MoveRecord record = ref vrf.Moves[at];
        if (isNew || now - record.Last >= window)
        {
            record.ForgetTimes();
            record.Freezes = 0;
            record.IsUnsure = isNew && !isSure;
            SetHome(vrf, ref record, from);
        }
        else if (!IsThere(vrf, mac, record.Home))
        {
            record.ForgetTimes();
            SetHome(vrf, ref record, from);
        }

        RouteTarget? port = from.Port is not null ? from : to.Port is not null ? to : null;
        if (port is not null && vrf.Targets[record.Home] is { Port: null } home && !HasRouteOn(vrf, mac, home))
        {
            SetHome(vrf, ref record, port);
        }

        EndContest(vrf, ref record);
        int count = record.Add(now, window);
        record.From = PlaceOf(from);
        record.To = PlaceOf(to);
        record.Last = now;
        if (count == 1 && record.Freezes == 0)
        {
            vrf.Moves.Queue(at);
        }
        else
        {
            vrf.Moves.Unqueue(at);
        }

        // Where tags are carried inside the VNI, a MAC may be at one port with one tag and at another with another, as often as it likes.
        if (count < spec.MoveLimit || vrf.CarriesTags)
        {
            return true;
        }

        if (record.IsUnsure)
        {
            _undamped++;
            return true;
        }

        Freeze(vrf, mac, at);
        return false;
    }

    /// <summary>
    /// Whether nothing of a MAC's moves can have been forgotten for want of room: none were within the window, or it has been where it is for as long. Without a
    /// record its home is where it is, and that must not be the place of one who made us forget.
    /// </summary>
    private bool HasWholeHistory(MacVrf vrf, int mac)
    {
        uint window = Tenths(vrf.Spec!.MoveWindow);
        if (vrf.MovesLostAt == 0 || Now - vrf.MovesLostAt >= window || vrf.WinnerOf(mac) is not (not -1 and int winner))
        {
            return true;
        }

        // A MAC that vanished has no history at all when it comes back: since when it is there is all that counts.
        uint came = winner == MacVrf.SeenAt ? vrf.Macs[mac].SeenSince : vrf.Candidates[winner].Since;
        return Now - came >= window;
    }

    /// <summary>The record of a MAC, or a new one. If there is no room, the MAC that moved once and then stayed the longest makes some.</summary>
    private bool TryRecord(MacVrf vrf, int mac, out int at, out bool isNew)
    {
        isNew = !vrf.Moves.TryFind(mac, out at);
        if (!isNew)
        {
            return true;
        }

        if (AreMovesFull(vrf))
        {
            vrf.MovesLostAt = Now;
            RaiseAlarm(AlarmKind.MoveRecordLimit, vrf);
            if (vrf.Moves.Oldest is not (>= 0 and int oldest))
            {
                return false;
            }

            ForgetMover(vrf, vrf.Moves[oldest].Mac);
        }

        at = vrf.Moves.Add(mac);
        _moveRecords++;
        return true;
    }

    private bool AreMovesFull(MacVrf vrf) =>
        vrf.Moves.Count >= Math.Max(LeastMovesOfVni, _options.MoveRecordLimit / VniShare) || (vrf.Moves.Count >= ReservedMoves && _moveRecords >= _options.MoveRecordLimit);

    /// <summary>
    /// Whether a MAC comes back to its home, or to where it was last. It needs no room there: else whoever takes it away and its room too has it for ever. As many
    /// MACs as are remembered may so be there above the limit.
    /// </summary>
    private static bool IsBack(MacVrf vrf, int mac, RouteTarget target)
    {
        if (vrf.Moves.Count == 0 || !vrf.Moves.TryFind(mac, out int at))
        {
            return false;
        }

        ref MoveRecord record = ref vrf.Moves[at];
        return record.Home == target.Id || record.From == PlaceOf(target);
    }

    /// <summary>Whether a home can be one: a port that is up, a VTEP that a plane has the MAC at, or that MACs may be learned from.</summary>
    private static bool IsThere(MacVrf vrf, int mac, int home)
    {
        if (home < 0)
        {
            return false;
        }

        RouteTarget target = vrf.Targets[home]!;
        if (target.Port is { } port)
        {
            return port.IsUp;
        }

        return target.Current is not null && (HasRouteOn(vrf, mac, target) || (vrf.RemoteLearning == true && target.Peer is { IsAdmitted: true }));
    }

    /// <summary>Whether a plane has the MAC at a target.</summary>
    private static bool HasRouteOn(MacVrf vrf, int mac, RouteTarget target)
    {
        for (int at = vrf.Macs[mac].Head; at >= 0; at = vrf.Candidates[at].NextOfMac)
        {
            if (vrf.Candidates[at].Target == target.Id)
            {
                return true;
            }
        }

        return false;
    }

    private void SetHome(MacVrf vrf, ref MoveRecord record, RouteTarget? home)
    {
        if (record.Home >= 0)
        {
            RouteTarget old = vrf.Targets[record.Home]!;
            old.Homes--;
            if (old.Port is null && (old.IsUnused || old.IsImplicit))
            {
                MarkDirty(vrf);
            }
        }

        record.Home = home?.Id ?? -1;
        if (home is not null)
        {
            home.Homes++;
        }
    }

    /// <summary>A port leaves a VNI, and its target goes: nobody is at home there any more.</summary>
    private void RemovePortTarget(MacVrf vrf, RouteTarget target)
    {
        for (int at = 0; at < vrf.Moves.High && target.Homes > 0; at++)
        {
            ref MoveRecord record = ref vrf.Moves[at];
            if (record.IsUsed && record.Home == target.Id)
            {
                SetHome(vrf, ref record, null);
            }
        }

        vrf.RemoveTarget(target);
    }

    /// <summary>
    /// A VTEP claims a MAC that a port here has. It is not followed, and as a port is never blocked by what is learned, it does not freeze the MAC either. But if the
    /// MAC moved not long ago the port may be the one that is wrong: somebody should look.
    /// </summary>
    /// <param name="vrf">The VNI.</param>
    /// <param name="mac">The MAC.</param>
    /// <param name="rival">The VTEP; null if only its address is known.</param>
    /// <param name="source">Its address.</param>
    private void Contest(MacVrf vrf, int mac, RouteTarget? rival, UnderlayAddress source)
    {
        uint now = Now;
        if (vrf.Macs[mac].PlaceTarget < 0 || vrf.Spec is not { MoveLimit: > 0 } spec || vrf.CarriesTags || vrf.Moves.Count == 0 || !vrf.Moves.TryFind(mac, out int at) || (vrf.Moves[at].Contests > 0 && now - vrf.Moves[at].ContestedAt < TenthsASecond))
        {
            return;
        }

        ref MoveRecord record = ref vrf.Moves[at];
        record.ContestedAt = now;
        record.Rival = rival is null ? new MovePlace(source.ToString(), IsPort: false) : PlaceOf(rival);
        if (record.IsContested || ++record.Contests < spec.MoveLimit)
        {
            return;
        }

        record.IsContested = true;
        vrf.Contested++;
        vrf.Moves.Unqueue(at);
        var address = new MacAddress(vrf.Macs[mac].Mac);
        string place = PlaceOf(vrf.Targets[vrf.Macs[mac].PlaceTarget]!).ToString();
        RaiseAlarm(AlarmKind.MacContested, vrf, detail: $"{address}: {place} has it, {record.Rival} claims it");
        if (_contestsLogged.Take())
        {
            ControlLog.MacContested(_log, address, vrf.Vni, place, record.Rival.ToString());
        }
    }

    private static void EndContest(MacVrf vrf, ref MoveRecord record)
    {
        record.Contests = 0;
        if (record.IsContested)
        {
            record.IsContested = false;
            vrf.Contested--;
        }
    }

    /// <summary>Whether a MAC without candidates is kept, because of its moves: one that vanishes and comes back has not become another.</summary>
    private bool IsRemembered(MacVrf vrf, int mac)
    {
        if (vrf.Moves.Count == 0 || !vrf.Moves.TryFind(mac, out int at))
        {
            return false;
        }

        if (vrf.Spec is not null && Now - vrf.Moves[at].Last < Tenths(vrf.Spec.MoveWindow))
        {
            return true;
        }

        ForgetMoves(vrf, mac);
        return false;
    }

    private void ForgetMoves(MacVrf vrf, int mac)
    {
        if (vrf.Moves.Count == 0 || !vrf.Moves.TryFind(mac, out int at))
        {
            return;
        }

        EndContest(vrf, ref vrf.Moves[at]);
        SetHome(vrf, ref vrf.Moves[at], null);
        vrf.Moves.Remove(at);
        _moveRecords--;
        if (vrf.Macs[mac].IsFrozen)
        {
            vrf.Macs[mac].IsFrozen = false;
            vrf.Frozen--;
        }
    }

    /// <summary>Forgets the moves of a MAC, and the MAC with them if it is nowhere.</summary>
    private void ForgetMover(MacVrf vrf, int mac)
    {
        ForgetMoves(vrf, mac);
        if (vrf.Macs[mac].IsEmpty)
        {
            vrf.RemoveMac(mac);
        }
    }

    private void ForgetAllMoves(MacVrf vrf)
    {
        for (int at = 0; at < vrf.Moves.High; at++)
        {
            if (vrf.Moves[at].IsUsed)
            {
                ForgetMover(vrf, vrf.Moves[at].Mac);
            }
        }
    }

    private static MovePlace PlaceOf(RouteTarget target) => target.Port is { } port ? new MovePlace(port.Name, IsPort: true) : new MovePlace(PeerNameOf(target), IsPort: false);
}
