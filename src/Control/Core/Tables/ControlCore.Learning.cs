using Overlay.Control.Loop;
using Overlay.Control.Vteps;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Control.Tables;

/// <content>What workers saw: local and remote learning, moves and limits.</content>
internal sealed partial class ControlCore
{
    /// <summary>Tenths of a second that a local host has to be silent for, before it may be taken for migrated.</summary>
    private const uint MigrationSilence = 20;

    private readonly List<(MacVrf Vrf, MacAddress Mac, RouteTarget Target)> _strangers = [];
    private int _seen;
    private long _learned;
    private long _moved;
    private long _aged;
    private long _flushed;
    private long _refusedStatic;
    private long _refusedSticky;
    private long _refusedInvalid;
    private long _yielded;
    private long _refusedByVni;
    private long _refusedByPort;
    private long _refusedByVtep;
    private long _refusedByTotal;

    /// <summary>What hints came to since the start: MACs learned and moved, destinations asked for.</summary>
    public long Learned => _learned + _moved + _missesAsked;

    private Dictionary<int, PortState> PortById { get; } = [];

    /// <summary>Takes hints of one moment: the clock is read once for all of them.</summary>
    public void Hint(ReadOnlySpan<LearnHint> hints)
    {
        _heldNow = Clock();
        try
        {
            foreach (ref readonly LearnHint hint in hints)
            {
                Hint(hint);
            }
        }
        finally
        {
            _heldNow = 0;
        }
    }

    public void Hint(in LearnHint hint)
    {
        if (hint.IsMiss)
        {
            MissHint(hint);
            return;
        }

        if (hint.Mac.IsMulticast || hint.Mac.IsZero)
        {
            _refusedInvalid++;
            return;
        }

        if (hint.IsNeighbor)
        {
            NeighborHint(hint);
            return;
        }

        // Between seeing and telling, VNI, port or VTEP may have gone.
        if (!_vrfs.TryGetValue(hint.Vni.Value, out MacVrf? vrf) || vrf.Spec is null)
        {
            return;
        }

        if (hint.SourceHasNoNextHop)
        {
            if (vrf.RemoteLearning == true)
            {
                LearnFromStranger(vrf, hint);
            }
        }
        else if (hint.Seen.IsPort)
        {
            if (PortById.TryGetValue(hint.Seen.Index, out PortState? port) && port.IsUp && port.Vnis.Contains(vrf.Vni.Value))
            {
                LearnLocal(vrf, hint.Mac, port, isOwn: false);
            }
        }
        else if (vrf.RemoteLearning == true && vrf.TargetByNextHop.TryGetValue(hint.Seen.Index, out RouteTarget? target))
        {
            LearnRemote(vrf, hint.Mac, target);
        }
    }

    private void LearnLocal(MacVrf vrf, MacAddress mac, PortState port, bool isOwn)
    {
        RouteTarget target = PortTarget(vrf, port);
        if (!vrf.TryFind(mac, out int index))
        {
            if (LearnNew(vrf, mac, target, FdbOrigin.Local, isOwn))
            {
                Tell(new LocalEvent { Kind = LocalEventKind.MacLearned, Vni = vrf.Vni, Mac = mac, Port = port.Name });
            }

            return;
        }

        if (IsHeldElsewhere(vrf, index, target, isOwn))
        {
            return;
        }

        ref MacState state = ref vrf.Macs[index];
        bool wasLocal = state.SeenOrigin == FdbOrigin.Local;
        if (wasLocal && state.SeenTarget == target.Id)
        {
            state.SeenTime = Now;
            if (isOwn && !state.IsPermanent)
            {
                // The device spoke before its address was announced.
                Uncount(vrf, target, index);
                state.IsPermanent = true;
            }

            return;
        }

        bool isElsewhere = state.HasSeen;
        bool isBack = IsBack(vrf, index, target);
        uint sequence = wasLocal ? vrf.SequenceOf(index) : 0;
        for (int at = vrf.Macs[index].Head; at >= 0; at = vrf.Candidates[at].NextOfMac)
        {
            ref Candidate other = ref vrf.Candidates[at];
            bool isUsable = vrf.Targets[other.Target]!.Current is not null;
            if (isUsable && (other.Origin == FdbOrigin.Static || other.Sticky))
            {
                _refusedStatic += other.Origin == FdbOrigin.Static ? 1 : 0;
                _refusedSticky += other.Origin == FdbOrigin.Static ? 0 : 1;
                return;
            }

            // A MAC move (RFC 7432 §15): announced with one more than the highest sequence heard; at the top there is nothing higher.
            isElsewhere = true;
            sequence = Math.Max(sequence, other.Sequence == uint.MaxValue ? uint.MaxValue : other.Sequence + 1);
        }

        if (!isOwn && !HasRoom(vrf, target, index, isBack))
        {
            return;
        }

        if (state.IsFrozen)
        {
            Thaw(vrf, index);
        }

        if (!isOwn && isElsewhere && !MayMove(vrf, index, target))
        {
            return;
        }

        // From port to port the candidate goes along, so that planes hear of a move and not of a withdrawal.
        PlaceSeen(vrf, index, target, FdbOrigin.Local, isOwn, sequence);
        _learned += isElsewhere ? 0 : 1;
        _moved += isElsewhere ? 1 : 0;
        Publish(vrf, index);
        if (isElsewhere && _movesLogged.Take())
        {
            ControlLog.MacMoved(_log, mac, vrf.Vni, port.Name, sequence);
        }

        Tell(new LocalEvent
        {
            Kind = isElsewhere ? LocalEventKind.MacMoved : LocalEventKind.MacLearned,
            Vni = vrf.Vni,
            Mac = mac,
            Port = port.Name,
            Sequence = sequence,
        });
    }

    private void LearnRemote(MacVrf vrf, MacAddress mac, RouteTarget target)
    {
        if (target.Current is null)
        {
            return;
        }

        if (!vrf.TryFind(mac, out int index))
        {
            _ = LearnNew(vrf, mac, target, FdbOrigin.Learned, isOwn: false);
            return;
        }

        if (!MayBeLearned(vrf, index, target, target.Address))
        {
            return;
        }

        ref MacState state = ref vrf.Macs[index];
        if (state.HasSeen && state.SeenTarget == target.Id)
        {
            state.SeenTime = Now;
            return;
        }

        bool isMove = state.HasSeen;
        bool isBack = IsBack(vrf, index, target);
        if (!HasRoom(vrf, target, index, isBack) || (isMove && !MayMove(vrf, index, target)))
        {
            return;
        }

        PlaceSeen(vrf, index, target, FdbOrigin.Learned, isPermanent: false, sequence: 0);
        _learned += isMove ? 0 : 1;
        _moved += isMove ? 1 : 0;
        Publish(vrf, index);
    }

    /// <summary>A MAC that nobody named so far: nothing to compare, nothing to choose.</summary>
    /// <returns>False if a limit is reached.</returns>
    private bool LearnNew(MacVrf vrf, MacAddress mac, RouteTarget target, FdbOrigin origin, bool isOwn)
    {
        if (!isOwn && !HasRoom(vrf, target, -1, isBack: false))
        {
            return false;
        }

        int index = vrf.AddMac(mac);
        PlaceSeen(vrf, index, target, origin, isOwn, sequence: 0);
        _learned++;

        // There is nothing to choose.
        Write(vrf, index, MacVrf.SeenAt);
        return true;
    }

    /// <summary>Whether a known MAC may be learned from a VTEP: it is not frozen elsewhere, and nothing stronger has it.</summary>
    /// <param name="vrf">The VNI.</param>
    /// <param name="mac">The MAC.</param>
    /// <param name="target">The VTEP; null if there is only an address yet.</param>
    /// <param name="source">Its address.</param>
    private bool MayBeLearned(MacVrf vrf, int mac, RouteTarget? target, UnderlayAddress source)
    {
        if (IsHeldElsewhere(vrf, mac, target, isOwn: false))
        {
            return false;
        }

        if (vrf.Macs[mac].SeenOrigin == FdbOrigin.Learned || vrf.WinnerOf(mac) == -1 || HasLeft(vrf, mac))
        {
            return true;
        }

        _yielded++;
        if (vrf.Macs[mac].SeenOrigin == FdbOrigin.Local)
        {
            Contest(vrf, mac, target, source);
        }

        return false;
    }

    /// <summary>
    /// Whether the host behind a local entry may be taken for gone, so that a VTEP its frames come from now has it: it migrated. A VTEP's word never displaces a host that
    /// speaks here: the entry has to be silent for a while, and with its next frame the host has it back.
    /// </summary>
    private bool HasLeft(MacVrf vrf, int mac)
    {
        ref MacState state = ref vrf.Macs[mac];
        if (state.SeenOrigin != FdbOrigin.Local || state.IsPermanent || state.Head >= 0)
        {
            return false;
        }

        uint silence = MigrationSilence;
        if (vrf.Spec!.Age > TimeSpan.Zero)
        {
            silence = Math.Clamp(Tenths(vrf.Spec.Age) / 4, 1, MigrationSilence);
        }

        uint epochs = _writer.TryGetMac(vrf.Vni, new MacAddress(state.Mac), out FdbRow row) ? (ushort)(_writer.Epoch - row.LastUseEpoch) : 0u;
        return epochs >= 2 && (epochs - 1) * _period >= silence && Now - state.SeenTime >= silence;
    }

    /// <summary>A source that only a prefix admitted: it becomes a VTEP named by its address, as long as something is learned from it.</summary>
    private void LearnFromStranger(MacVrf vrf, in LearnHint hint)
    {
        if (!IsAllowedByPrefix(vrf, hint.Source) || !_vteps.IsUsable(hint.Source) || hint.Encap == default)
        {
            return;
        }

        var reference = new NextHopRef(new VtepEndpoint(hint.Source.ToString()), hint.Source, hint.Encap, 0, 0);
        var key = new TargetKey(null, -1, reference);
        if (!vrf.TryGetTarget(key, out RouteTarget? target))
        {
            // Asked before a VTEP is made, and written to the tables, for nothing.
            bool isKnown = vrf.TryFind(hint.Mac, out int index);
            if (isKnown && !MayBeLearned(vrf, index, null, hint.Source))
            {
                return;
            }

            if (vrf.Implicit >= _options.ImplicitVtepLimit)
            {
                _refusedByVtep++;
                vrf.Refused++;
                RaiseAlarm(AlarmKind.ImplicitVtepLimit, vrf);
                return;
            }

            if (!HasRoom(vrf, null, isKnown ? index : -1, isBack: false))
            {
                return;
            }

            // It has to lead somewhere before anything can be learned on it: when the VNI has settled. The reference keeps it until then.
            target = vrf.AddTarget(key, _vteps.GetOrAdd(reference.Vtep), null, null);
            target.IsAwaited = target.IsImplicit = true;
            vrf.Implicit++;
            AddReference(vrf, target, +1);
        }

        if (target.IsAwaited)
        {
            _strangers.Add((vrf, hint.Mac, target));
            return;
        }

        LearnRemote(vrf, hint.Mac, target);
        if (!target.IsImplicit && target.RouteReferences == 0 && target.HasMacs)
        {
            target.IsImplicit = true;
            vrf.Implicit++;
            MarkDirty(vrf);
        }
    }

    /// <summary>Learns what waited for its VTEP to settle: a thousand new ones cost a VNI as much as one.</summary>
    private void LearnFromStrangers()
    {
        foreach ((MacVrf vrf, MacAddress mac, RouteTarget target) in _strangers)
        {
            if (vrf.RemoteLearning == true)
            {
                LearnRemote(vrf, mac, target);
            }
        }

        foreach ((MacVrf vrf, _, RouteTarget target) in _strangers)
        {
            if (target.IsAwaited)
            {
                target.IsAwaited = false;
                AddReference(vrf, target, -1);
            }
        }

        _strangers.Clear();
    }

    /// <summary>
    /// Whether the limits allow one more MAC at a target. What is there already is never evicted; a MAC that moves takes its place along, and one that comes back
    /// (<see cref="IsBack"/>) is not asked how full the target is.
    /// </summary>
    private bool HasRoom(MacVrf vrf, RouteTarget? target, int mac, bool isBack)
    {
        bool isMove = mac >= 0 && vrf.Macs[mac].HasSeen;
        bool isNew = !isMove || vrf.Macs[mac].IsPermanent;
        if (isNew && _seen >= _options.LearnLimit)
        {
            _refusedByTotal++;
            vrf.Refused++;
            RaiseFull(_options.LearnLimit, AlarmKind.TotalLearnLimit, this);
            return false;
        }

        if (isNew && vrf.Seen >= vrf.Spec!.LearnLimit)
        {
            _refusedByVni++;
            vrf.Refused++;
            RaiseFull(vrf.Spec.LearnLimit, AlarmKind.VniLearnLimit, vrf);
            return false;
        }

        if (isBack)
        {
            return true;
        }

        if (target?.Port is { } port)
        {
            if (port.Seen >= port.MacLimit)
            {
                _refusedByPort++;
                vrf.Refused++;
                RaiseFull(port.MacLimit, AlarmKind.PortMacLimit, port);
                return false;
            }
        }
        else if (target?.Peer is { } peer && peer.Seen >= vrf.Spec!.VtepLearnLimit
            && !(isMove && vrf.Targets[vrf.Macs[mac].SeenTarget]!.Peer == peer))
        {
            _refusedByVtep++;
            vrf.Refused++;
            RaiseFull(vrf.Spec.VtepLearnLimit, AlarmKind.VtepLearnLimit, vrf, peer.Vtep);
            return false;
        }

        return true;
    }

    /// <summary>A limit of zero says that nothing is to be learned: nothing is full then.</summary>
    private void RaiseFull(int limit, AlarmKind kind, object on, VtepIdentity? vtep = null)
    {
        if (limit > 0)
        {
            RaiseAlarm(kind, on, vtep);
        }
    }

    private static RouteTarget PortTarget(MacVrf vrf, PortState port)
    {
        RouteTarget target = vrf.TargetOf(port);
        target.Current = FdbTarget.ToPort(port.Id);
        return target;
    }
}
