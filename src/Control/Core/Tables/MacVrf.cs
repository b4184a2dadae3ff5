using System.Diagnostics.CodeAnalysis;
using Overlay.Control.Vteps;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;

namespace Overlay.Control.Tables;

/// <summary>
/// The candidates of one VNI: MACs, flood routes, neighbours, and the targets they lead to. Holds and links; the rules are in
/// <see cref="ControlCore"/>. It exists as soon as a plane names the VNI, configured or not. Control thread only.
/// </summary>
internal sealed partial class MacVrf
{
    /// <summary>In the place of a candidate's index: the local or learned one, which is in the MAC's own item.</summary>
    public const int SeenAt = -2;

    private readonly MacIndex _index;
    private readonly Dictionary<TargetKey, RouteTarget> _targetByKey = [];
    private readonly Dictionary<int, RouteTarget> _targetByPort = [];
    private readonly List<RouteTarget?> _targets = [];
    private readonly Stack<int> _freeTargets = [];

    public MacVrf(Vni vni)
    {
        Vni = vni;
        _index = new MacIndex(Macs);
    }

    public Vni Vni { get; }

    /// <summary>Its configuration; null while it has none, and then nothing of it stands in the forwarding tables.</summary>
    public VniSpec? Spec { get; set; }

    public StructPool<MacState> Macs { get; } = new();

    /// <summary>What planes say of them.</summary>
    public StructPool<Candidate> Candidates { get; } = new();

    /// <summary>Mobility sequences above 0 of local MACs, by index.</summary>
    public Dictionary<int, uint> Sequences { get; } = [];

    /// <summary>By their ids; null where one is free. Read only.</summary>
    public List<RouteTarget?> Targets => _targets;

    /// <summary>Flood routes by source and VTEP name.</summary>
    public Dictionary<(ushort Source, string Vtep), FloodEntry> Floods { get; } = [];

    /// <summary>Neighbours by address and source.</summary>
    public Dictionary<(UnderlayAddress Address, ushort Source), NeighborEntry> Neighbors { get; } = [];

    /// <summary>Neighbours learned from traffic.</summary>
    public SeenNeighbors SeenNeighbors { get; } = new();

    /// <summary>Tenths of a second: until then an address at least is claimed twice.</summary>
    public uint NeighborsHeldUntil { get; set; }

    public Dictionary<VtepIdentity, VrfPeer> Peers { get; } = [];

    /// <summary>Which target a worker means by the next hop in a hint.</summary>
    public Dictionary<int, RouteTarget> TargetByNextHop { get; } = [];

    /// <summary>What stands in the forwarding tables; null means nothing was written yet.</summary>
    public NextHopId[]? FloodList { get; set; }

    /// <inheritdoc cref="FloodList"/>
    public SourceAdmission[]? AllowList { get; set; }

    /// <inheritdoc cref="FloodList"/>
    public UnderlayPrefix[]? AllowPrefixes { get; set; }

    /// <inheritdoc cref="FloodList"/>
    public bool? RemoteLearning { get; set; }

    /// <summary>Local and learned MACs that count against limits.</summary>
    public int Seen { get; set; }

    /// <summary>Learned MACs among them.</summary>
    public int Learned { get; set; }

    /// <summary>VTEPs that a prefix alone admits.</summary>
    public int Implicit { get; set; }

    /// <summary>Candidates that expire.</summary>
    public int Expiring { get; set; }

    /// <summary>Routes (MAC and flood) of planes other than the configuration file.</summary>
    public int PlaneRoutes { get; set; }

    /// <summary>Times the place of a MAC changed.</summary>
    public long MoveCount { get; set; }

    /// <summary>MACs that moved not long ago.</summary>
    public MoveRecords Moves { get; } = new();

    /// <summary>Frozen ones among them.</summary>
    public int Frozen { get; set; }

    /// <summary>Those among them that a port has and a VTEP claims, again and again.</summary>
    public int Contested { get; set; }

    /// <summary>Tenths of a second: when a move was last not remembered, or forgotten, for want of room; 0 for never.</summary>
    public uint MovesLostAt { get; set; }

    /// <summary>Frames in it may have tags, which the table does not tell apart.</summary>
    public bool CarriesTags { get; set; }

    /// <summary>Frames of MACs that were not learned because a limit is reached, as far as workers told of them.</summary>
    public long Refused { get; set; }

    /// <summary>Winners that the forwarding table refused.</summary>
    public int Unwritten { get; set; }

    /// <summary>Tenths of a second: when its table is read for ageing next, and the cursor of the reading under way.</summary>
    public uint NextScan { get; set; }

    /// <inheritdoc cref="NextScan"/>
    public int ScanCursor { get; set; }

    public bool IsDirty { get; set; }

    public int MacCount => _index.Count;

    /// <summary>True if it holds no route, no MAC, and nothing that one of them led to.</summary>
    public bool IsEmpty => _index.Count == 0 && Floods.Count == 0 && Neighbors.Count == 0 && _targetByKey.Count == 0;

    public bool TryFind(MacAddress mac, out int index) => _index.TryGet(mac.Value, out index);

    public int GetOrAddMac(MacAddress mac) => _index.TryGet(mac.Value, out int index) ? index : AddMac(mac);

    /// <summary>Adds a MAC that is not there.</summary>
    public int AddMac(MacAddress mac)
    {
        int index = Macs.Allocate();
        Macs[index] = new MacState(mac.Value);
        _index.Add(mac.Value, index);
        return index;
    }

    /// <summary>The first candidate of a MAC, <see cref="SeenAt"/> or an index; -1 if there is none.</summary>
    public int First(int mac) => Macs[mac].HasSeen ? SeenAt : Macs[mac].Head;

    /// <summary>The candidate of a MAC behind one; -1 at the end.</summary>
    public int Next(int mac, int at) => at == SeenAt ? Macs[mac].Head : Candidates[at].NextOfMac;

    /// <summary>Where a candidate of a MAC leads.</summary>
    public RouteTarget TargetOf(int mac, int at) => _targets[at == SeenAt ? Macs[mac].SeenTarget : Candidates[at].Target]!;

    /// <summary>The candidate of a MAC in force, <see cref="SeenAt"/> or an index; -1 for none. What was seen is in force as long as it exists.</summary>
    public int WinnerOf(int mac)
    {
        int at = First(mac);
        while (at >= 0 && !Candidates[at].IsInForce)
        {
            at = Candidates[at].NextOfMac;
        }

        return at;
    }

    /// <summary>Says which candidate of a MAC is in force: an index, <see cref="SeenAt"/>, or -1 for none.</summary>
    public void SetWinner(int mac, int winner)
    {
        for (int at = Macs[mac].Head; at >= 0; at = Candidates[at].NextOfMac)
        {
            if (Candidates[at].IsInForce != (at == winner))
            {
                Candidates[at].IsInForce = at == winner;
                _targets[Candidates[at].Target]!.RoutesInForce += at == winner ? 1 : -1;
            }
        }
    }

    /// <summary>Notes where a MAC was seen, for the first time or anew.</summary>
    public void PutSeen(int mac, RouteTarget target, FdbOrigin origin)
    {
        ref MacState state = ref Macs[mac];
        if (state.HasSeen)
        {
            _targets[state.SeenTarget]!.SeenCount--;
        }

        state.SeenTarget = target.Id;
        state.SeenOrigin = origin;
        target.SeenCount++;
    }

    /// <summary>Forgets where a MAC was seen; the MAC stays.</summary>
    public void RemoveSeen(int mac)
    {
        ref MacState state = ref Macs[mac];
        _targets[state.SeenTarget]!.SeenCount--;
        state.SeenOrigin = FdbOrigin.None;
        state.IsPermanent = false;
        SetSequence(mac, 0);
    }

    /// <summary>The mobility sequence of a MAC that was seen.</summary>
    public uint SequenceOf(int mac) => Sequences.Count > 0 ? Sequences.GetValueOrDefault(mac) : 0;

    /// <inheritdoc cref="SequenceOf"/>
    public void SetSequence(int mac, uint sequence)
    {
        if (sequence != 0)
        {
            Sequences[mac] = sequence;
        }
        else if (Sequences.Count > 0)
        {
            _ = Sequences.Remove(mac);
        }
    }

    public void RemoveMac(int index)
    {
        _index.Remove(Macs[index].Mac);
        Macs.Release(index);
    }

    /// <summary>The candidate of a MAC that a source gave, or -1.</summary>
    public int FindCandidate(int mac, ushort source)
    {
        int at = Macs[mac].Head;
        while (at >= 0 && Candidates[at].Source != source)
        {
            at = Candidates[at].NextOfMac;
        }

        return at;
    }

    /// <summary>Adds a candidate at the end of the MAC's list: of two that nothing tells apart, the older one is met first.</summary>
    public int AddCandidate(int mac, int target)
    {
        int added = Candidates.Allocate();
        ref Candidate candidate = ref Candidates[added];
        candidate.Mac = mac;
        candidate.NextOfMac = -1;
        int at = Macs[mac].Head;
        if (at < 0)
        {
            Macs[mac].Head = added;
        }
        else
        {
            while (Candidates[at].NextOfMac >= 0)
            {
                at = Candidates[at].NextOfMac;
            }

            Candidates[at].NextOfMac = added;
        }

        Link(added, target);
        return added;
    }

    /// <summary>Moves a candidate to another target.</summary>
    public void Retarget(int candidate, int target)
    {
        if (Candidates[candidate].IsInForce)
        {
            _targets[Candidates[candidate].Target]!.RoutesInForce--;
            _targets[target]!.RoutesInForce++;
        }

        Unlink(candidate);
        Link(candidate, target);
    }

    /// <summary>Takes a candidate out of both lists and frees it; the MAC stays.</summary>
    public void RemoveCandidate(int index)
    {
        Unlink(index);
        int mac = Candidates[index].Mac;
        int next = Candidates[index].NextOfMac;
        if (Macs[mac].Head == index)
        {
            Macs[mac].Head = next;
        }
        else
        {
            int at = Macs[mac].Head;
            while (Candidates[at].NextOfMac != index)
            {
                at = Candidates[at].NextOfMac;
            }

            Candidates[at].NextOfMac = next;
        }

        if (Candidates[index].IsInForce)
        {
            _targets[Candidates[index].Target]!.RoutesInForce--;
        }

        Candidates.Release(index);
    }

    public bool TryGetTarget(in TargetKey key, [NotNullWhen(true)] out RouteTarget? target) => _targetByKey.TryGetValue(key, out target);

    /// <summary>The target of a port, by its index; without the text of its name, as every hint asks for it.</summary>
    public RouteTarget TargetOf(PortState port)
    {
        int at = port.Id.Index;
        if (!_targetByPort.TryGetValue(at, out RouteTarget? target) || target.Port != port)
        {
            var key = new TargetKey(port.Name, -1, default);
            target = TryGetTarget(key, out RouteTarget? known) ? known : AddTarget(key, null, port, null);
            _targetByPort[at] = target;
        }

        return target;
    }

    public RouteTarget AddTarget(TargetKey key, VtepIdentity? named, PortState? port, GroupState? group)
    {
        int id = _freeTargets.Count > 0 ? _freeTargets.Pop() : _targets.Count;
        var target = new RouteTarget(id, key) { Named = named, Port = port, Group = group };
        if (id == _targets.Count)
        {
            _targets.Add(target);
        }
        else
        {
            _targets[id] = target;
        }

        _targetByKey.Add(key, target);
        if (named is not null)
        {
            named.References++;
        }

        return target;
    }

    public void RemoveTarget(RouteTarget target)
    {
        _ = _targetByKey.Remove(target.Key);
        if (target.Port is not null)
        {
            // Under the index it has now, or had before.
            _targetByPort.Clear();
        }

        _targets[target.Id] = null;
        _freeTargets.Push(target.Id);
        if (target.Named is not null)
        {
            target.Named.References--;
        }
    }

    private void Link(int index, int targetId)
    {
        RouteTarget target = _targets[targetId]!;
        ref Candidate candidate = ref Candidates[index];
        candidate.Target = targetId;
        candidate.PreviousOfTarget = -1;
        candidate.NextOfTarget = target.Head;
        if (target.Head >= 0)
        {
            Candidates[target.Head].PreviousOfTarget = index;
        }

        target.Head = index;
    }

    private void Unlink(int index)
    {
        ref Candidate candidate = ref Candidates[index];
        if (candidate.PreviousOfTarget >= 0)
        {
            Candidates[candidate.PreviousOfTarget].NextOfTarget = candidate.NextOfTarget;
        }
        else
        {
            _targets[candidate.Target]!.Head = candidate.NextOfTarget;
        }

        if (candidate.NextOfTarget >= 0)
        {
            Candidates[candidate.NextOfTarget].PreviousOfTarget = candidate.PreviousOfTarget;
        }
    }
}
