using System.Runtime.InteropServices;
using Overlay.Control.Loop;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;

namespace Overlay.Control.Tables;

/// <content>
/// Moves of MACs: counting, damping, freezing (after RFC 7432 §15.1). A MAC that frames move for the <see cref="VniSpec.MoveLimit"/>th time within
/// <see cref="VniSpec.MoveWindow"/> is <em>frozen</em>: it goes back to where it was before the first of them, and stays; frames with it as source from elsewhere are
/// dropped as <c>mac_frozen</c>. So a second claimant cannot cut off the first, and a loop that brings a host's frames back does not move the host.
/// After <see cref="VniSpec.FreezeTime"/> it may move again; each freeze that follows without a calm window is twice as long, up to sixteen times.
/// </content>
internal sealed partial class ControlCore
{
    private const int MaxDoublings = 4;
    private const int FreezeLogLimit = 10;
    private readonly List<int> _movers = [];
    private int _moveRecords;
    private int _freezesLogged;
    private long _frozen;
    private long _refusedFrozen;

    /// <summary>Lets MACs move again: of one VNI or of all, one MAC or all.</summary>
    /// <returns>How many were frozen.</returns>
    public int Unfreeze(Vni? vni, MacAddress? mac)
    {
        int count = 0;
        foreach (MacVrf vrf in _vrfs.Values)
        {
            if (vrf.Moves.Count == 0 || (vni is not null && vrf.Vni != vni))
            {
                continue;
            }

            foreach (int index in MoversOf(vrf))
            {
                if (vrf.Macs[index].IsFrozen && (mac is null || vrf.Macs[index].Mac == mac.Value.Value))
                {
                    Thaw(vrf, index);
                    ForgetMoves(vrf, index);
                    Publish(vrf, index);
                    count++;
                }
            }
        }

        ClearAlarms();
        return count;
    }

    /// <summary>
    /// Whether frames may move a MAC that is in force elsewhere. Counts the move; the one too many freezes the MAC.
    /// </summary>
    private bool MayMove(MacVrf vrf, int mac, RouteTarget to)
    {
        VniSpec spec = vrf.Spec!;
        ref MacState state = ref vrf.Macs[mac];
        if (spec.MoveLimit == 0 || state.PlaceTarget < 0)
        {
            return true;
        }

        RouteTarget from = vrf.Targets[state.PlaceTarget]!;
        uint now = Now;
        ref MoveRecord record = ref CollectionsMarshal.GetValueRefOrAddDefault(vrf.Moves, mac, out bool isKnown);
        if (!isKnown)
        {
            if (_moveRecords >= _options.MoveRecordLimit)
            {
                _ = vrf.Moves.Remove(mac);
                return true;
            }

            _moveRecords++;
        }

        if (record.Count == 0 || now - record.WindowStart >= Tenths(spec.MoveWindow))
        {
            record.Home = from;
            record.WindowStart = now;
            record.Count = 0;
        }

        record.Count++;
        record.From = from;
        record.To = to;
        record.Last = now;
        if (record.Count < spec.MoveLimit)
        {
            return true;
        }

        Freeze(vrf, mac);
        return false;
    }

    private void Freeze(MacVrf vrf, int mac)
    {
        GoHome(vrf, mac);
        ref MoveRecord record = ref CollectionsMarshal.GetValueRefOrNullRef(vrf.Moves, mac);
        ulong time = (ulong)Tenths(vrf.Spec!.FreezeTime) << Math.Min(record.Freezes, MaxDoublings);
        record.FrozenUntil = Now + (uint)Math.Min(time, int.MaxValue);
        record.Freezes++;
        vrf.Macs[mac].IsFrozen = true;
        vrf.Frozen++;
        _frozen++;
        if (_freezesLogged++ < FreezeLogLimit)
        {
            ControlLog.MacFrozen(_log, new MacAddress(vrf.Macs[mac].Mac), vrf.Vni, PlaceName(record.Home), record.Count, TimeSpan.FromMilliseconds(time * 100.0));
        }

        RaiseAlarm(AlarmKind.MacFrozen, vrf);
        Publish(vrf, mac);
    }

    /// <summary>Takes a MAC back to where it was before it began to move, if that is still a place it can be; otherwise it stays, and that is its home now.</summary>
    private void GoHome(MacVrf vrf, int mac)
    {
        ref MoveRecord record = ref CollectionsMarshal.GetValueRefOrNullRef(vrf.Moves, mac);
        RouteTarget current = vrf.Targets[vrf.Macs[mac].PlaceTarget]!;
        RouteTarget home = record.Home;
        if (home == current)
        {
            return;
        }

        bool isThere = vrf.Targets[home.Id] == home && home.Current is not null && (home.Port?.IsUp ?? true);
        int seen = vrf.FindSeen(mac);
        if (isThere && HasCandidateOn(vrf, mac, home))
        {
            return;
        }

        if (isThere && seen >= 0 && home.Group is null && HasRoom(vrf, home, seen))
        {
            bool isOwn = home.Port is { } port && port.Mac.Value == vrf.Macs[mac].Mac;
            _ = PlaceSeen(vrf, mac, seen, home, home.Port is null ? FdbOrigin.Learned : FdbOrigin.Local, isOwn, vrf.Candidates[seen].Sequence);
            return;
        }

        record.Home = current;
    }

    /// <summary>The candidate that a frozen MAC is held at, or -1 if there is none any more, or the configuration or a sticky route says otherwise.</summary>
    private static int FrozenAt(MacVrf vrf, int mac)
    {
        RouteTarget home = vrf.Moves[mac].Home;
        int held = -1;
        for (int at = vrf.Macs[mac].Head; at >= 0; at = vrf.Candidates[at].NextOfMac)
        {
            ref Candidate candidate = ref vrf.Candidates[at];
            if (vrf.Targets[candidate.Target]!.Current is null)
            {
                continue;
            }

            if (candidate.Target == home.Id && vrf.Targets[home.Id] == home)
            {
                held = at;
            }
            else if (!candidate.IsSeen && (candidate.Origin == FdbOrigin.Static || candidate.Sticky))
            {
                return -1;
            }
        }

        return held;
    }

    private static bool HasCandidateOn(MacVrf vrf, int mac, RouteTarget target)
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

    /// <summary>Lets a MAC move again; the caller publishes it.</summary>
    private void Thaw(MacVrf vrf, int mac)
    {
        vrf.Macs[mac].IsFrozen = false;
        vrf.Frozen--;
        ref MoveRecord record = ref CollectionsMarshal.GetValueRefOrNullRef(vrf.Moves, mac);
        record.Count = 0;
        record.Last = Now;
    }

    private void ForgetMoves(MacVrf vrf, int mac)
    {
        if (vrf.Moves.Count > 0 && vrf.Moves.Remove(mac))
        {
            _moveRecords--;
            if (vrf.Macs[mac].IsFrozen)
            {
                vrf.Macs[mac].IsFrozen = false;
                vrf.Frozen--;
            }
        }
    }

    /// <summary>Once a second: who is frozen long enough tries again, who was calm for a window is forgotten.</summary>
    private void TendMoves(uint now)
    {
        _freezesLogged = 0;
        foreach (MacVrf vrf in _vrfs.Values)
        {
            if (vrf.Moves.Count == 0)
            {
                continue;
            }

            uint window = Tenths(vrf.Spec?.MoveWindow ?? TimeSpan.Zero);
            foreach (int mac in MoversOf(vrf))
            {
                ref MoveRecord record = ref CollectionsMarshal.GetValueRefOrNullRef(vrf.Moves, mac);
                if (vrf.Macs[mac].IsFrozen)
                {
                    if (now >= record.FrozenUntil)
                    {
                        Thaw(vrf, mac);
                        Publish(vrf, mac);
                    }
                }
                else if (now - record.Last >= window)
                {
                    ForgetMoves(vrf, mac);
                }
            }
        }
    }

    private List<int> MoversOf(MacVrf vrf)
    {
        _movers.Clear();
        _movers.AddRange(vrf.Moves.Keys);
        return _movers;
    }

    private static string PlaceName(RouteTarget target) => target.Port is { } port ? $"port {port.Name}" : $"peer {PeerNameOf(target)}";
}
