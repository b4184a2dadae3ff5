using Overlay.Dataplane.Storm;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Dataplane.Forwarding;

/// <content>VTEPs and next hops.</content>
public sealed partial class ForwardingState
{
    /// <summary>Changes whenever a VNI gets other peers. Control thread.</summary>
    internal int PeersVersion { get; private set; }

    /// <summary>The next hops that frames of a VNI may go to: whom it floods to and who may send into it. Any thread; allocates.</summary>
    public IReadOnlyList<NextHop> NextHopsOf(Vni vni)
    {
        ForwardingTables tables = Current;
        if (tables.Vnis.Find(vni) is not { } domain)
            return [];

        HashSet<int> indexes = [.. domain.State.Allow.NextHops()];
        foreach (NextHopId id in domain.FloodTargets)
            indexes.Add(id.Index);

        List<NextHop> hops = [];
        foreach (int index in indexes)
        {
            if (tables.FindNextHop(index) is { IsReleased: false } hop)
                hops.Add(hop);
        }

        return hops;
    }

    /// <inheritdoc/>
    public VtepId DefineVtep(string name)
    {
        VtepId id = new(_vtepIds.Allocate());
        _vteps[id.Index] = new Vtep(id, name);
        _nextHopsOfVtep[id.Index] = 0;
        return id;
    }

    /// <inheritdoc/>
    public void RemoveVtep(VtepId vtep)
    {
        if (!_vteps.ContainsKey(vtep.Index))
            ThrowUnknown(nameof(vtep), vtep.Index);

        if (_nextHopsOfVtep[vtep.Index] != 0)
            throw new InvalidOperationException("The VTEP has next hops that were not released.");

        _vteps.Remove(vtep.Index);
        _nextHopsOfVtep.Remove(vtep.Index);
        _vtepIds.Return(vtep.Index);
    }

    /// <inheritdoc/>
    public void SetVtepState(VtepId vtep, VtepState state)
    {
        if (!_vteps.TryGetValue(vtep.Index, out Vtep? found))
            ThrowUnknown(nameof(vtep), vtep.Index);
        else
            found.State = state;
    }

    /// <inheritdoc/>
    public NextHopId AcquireNextHop(in NextHopSpec spec)
    {
        if (_nextHopOf.TryGetValue(spec, out NextHopId known))
        {
            _references[known.Index]++;
            return known;
        }

        if (!_vteps.TryGetValue(spec.Vtep.Index, out Vtep? vtep))
        {
            ThrowUnknown(nameof(spec), spec.Vtep.Index);
            return default;
        }

        ArgumentOutOfRangeException.ThrowIfZero((int)spec.Port, nameof(spec));
        if (spec.Encap is not (EncapKind.Vxlan or EncapKind.Geneve))
            throw new ArgumentOutOfRangeException(nameof(spec), spec.Encap, "Not an encapsulation.");

        return AddNextHop(in spec, vtep, path: null);
    }

    /// <inheritdoc/>
    public NextHopId CreateGroup(ReadOnlySpan<NextHopId> members)
    {
        ArgumentOutOfRangeException.ThrowIfZero(members.Length, nameof(members));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(members.Length, MaxGroupSize, nameof(members));
        NextHop[] hops = new NextHop[members.Length];
        for (int i = 0; i < hops.Length; i++)
        {
            hops[i] = Required(members[i], nameof(members));
            if (hops[i].IsGroup)
                throw new ArgumentException("A group has no groups in it.", nameof(members));
        }

        NextHopId id = new(_nextHopIds.Allocate());
        PublishNextHop(new NextHop(id, hops[0].Vtep, hops[0].Spec, hops, _maxWorkers));
        _references[id.Index] = 1;
        return id;
    }

    /// <inheritdoc/>
    public void ReleaseNextHop(NextHopId nextHop)
    {
        NextHop found = Required(nextHop, nameof(nextHop));
        if (--_references[nextHop.Index] != 0)
            return;

        // The element stays until its index is given out again: a worker may be about to send by it.
        _references.Remove(nextHop.Index);
        found.IsReleased = true;
        if (!found.IsGroup)
        {
            _nextHopOf.Remove(found.Spec);
            _nextHopsOfVtep[found.Vtep.Id.Index]--;
        }

        _nextHopIds.Return(nextHop.Index);
    }

    private NextHopId AddNextHop(in NextHopSpec spec, Vtep vtep, GroupPath? path)
    {
        NextHopId id = new(_nextHopIds.Allocate());
        if (_nextHopsOfVtep[spec.Vtep.Index] == 0)
            vtep.FloodSource = LoopGuard.SourceOf(spec.Address);

        PublishNextHop(new NextHop(id, vtep, spec, [], _maxWorkers) { Path = path });
        _nextHopOf[spec] = id;
        _references[id.Index] = 1;
        _nextHopsOfVtep[spec.Vtep.Index]++;
        return id;
    }

    private NextHop Required(NextHopId id, string argument)
    {
        if (!_references.ContainsKey(id.Index) || Current.FindNextHop(id.Index) is not { } found)
        {
            ThrowUnknown(argument, id.Index);
            return null!;
        }

        return found;
    }

    private void PublishNextHop(NextHop nextHop)
    {
        NextHop?[] nextHops = _current.NextHops;
        int index = nextHop.Id.Index;
        if (index < nextHops.Length)
        {
            Volatile.Write(ref nextHops[index], nextHop);
            return;
        }

        NextHop?[] grown = new NextHop?[nextHops.Length * 2];
        nextHops.CopyTo(grown, 0);
        grown[index] = nextHop;
        Publish(_current.With(grown));
    }
}
