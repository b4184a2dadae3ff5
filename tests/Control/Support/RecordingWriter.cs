using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Control.Tests.Support;

/// <summary>Forwarding tables as dictionaries, with every contract of the seam asserted and every write counted.</summary>
internal sealed class RecordingWriter : IForwardingWriter
{
    private readonly Dictionary<int, (string Name, VtepState State)> _vteps = [];
    private readonly Dictionary<int, NextHop> _hops = [];
    private readonly Dictionary<uint, Table> _tables = [];
    private readonly Queue<LearnHint> _hints = [];
    private readonly Lock _gate = new();
    private Action? _wake;
    private int _nextVtep;
    private int _releasedCount;
    private int _nextHop;

    public ushort Epoch { get; set; }

    /// <summary>Writing a MAC throws.</summary>
    public bool IsBroken { get; set; }

    public int Capacity { get; set; } = int.MaxValue;

    /// <summary>Writes that readers would notice: MACs, lists, learning, VTEPs.</summary>
    public int Writes { get; private set; }

    public int MacWrites { get; private set; }

    public IEnumerable<string> VtepNames => _vteps.Values.Select(static v => v.Name);

    public int NextHopCount => _hops.Count;

    public void AddVni(uint vni) => _tables.Add(vni, new Table());

    public void RemoveVni(uint vni) => _tables.Remove(vni);

    /// <summary>How often a hint woke the control loop.</summary>
    public int Wakes { get; private set; }

    /// <summary>Hints nobody has read.</summary>
    public int HintCount
    {
        get
        {
            lock (_gate)
            {
                return _hints.Count;
            }
        }
    }

    public void Tell(LearnHint hint)
    {
        lock (_gate)
        {
            _hints.Enqueue(hint);
            if (_wake is { } wake)
            {
                _wake = null;
                Wakes++;
                wake();
            }
        }
    }

    /// <summary>A worker sees a MAC: its entry, if there is one, carries the epoch.</summary>
    public void Touch(uint vni, MacAddress mac)
    {
        if (_tables[vni].Macs.TryGetValue(mac.Value, out FdbRow row))
        {
            _tables[vni].Macs[mac.Value] = row with { LastUseEpoch = Epoch };
        }
    }

    public NextHopSpec SpecOf(NextHopId id) => _hops[id.Index].Spec;

    public string VtepOf(NextHopId id) => _vteps[_hops[id.Index].Spec.Vtep.Index].Name;

    public NextHopId[] MembersOf(NextHopId id) => _hops[id.Index].Members;

    public VtepState StateOf(string name) => _vteps.Values.Single(v => v.Name == name).State;

    public NextHopId[] FloodList(uint vni) => _tables[vni].Flood;

    public SourceAdmission[] AllowList(uint vni) => _tables[vni].Allow;

    public UnderlayPrefix[] AllowPrefixes(uint vni) => _tables[vni].Prefixes;

    public bool IsLearning(uint vni) => _tables[vni].Learning;

    public int MacCount(uint vni) => _tables[vni].Macs.Count;

    public FdbRow? Row(uint vni, MacAddress mac) => _tables[vni].Macs.TryGetValue(mac.Value, out FdbRow row) ? row : null;

    public VtepId DefineVtep(string name)
    {
        Assert.DoesNotContain(name, VtepNames);
        Writes++;
        _vteps.Add(_nextVtep, (name, VtepState.Up));
        return new VtepId(_nextVtep++);
    }

    public void RemoveVtep(VtepId vtep)
    {
        Writes++;
        Assert.DoesNotContain(_hops.Values, h => h.Members.Length == 0 && h.Spec.Vtep == vtep);
        Assert.True(_vteps.Remove(vtep.Index));
    }

    public void SetVtepState(VtepId vtep, VtepState state)
    {
        Writes++;
        _vteps[vtep.Index] = (_vteps[vtep.Index].Name, state);
    }

    public NextHopId AcquireNextHop(in NextHopSpec spec)
    {
        Assert.True(_vteps.ContainsKey(spec.Vtep.Index));
        Assert.NotEqual(0, spec.Port);
        Assert.True(spec.Address.IsUnicast);
        NextHopSpec wanted = spec;
        foreach ((int id, NextHop hop) in _hops)
        {
            if (hop.Members.Length == 0 && hop.Spec == wanted)
            {
                hop.References++;
                return new NextHopId(id);
            }
        }

        Writes++;
        _hops.Add(_nextHop, new NextHop(spec, []));
        return new NextHopId(_nextHop++);
    }

    public NextHopId CreateGroup(ReadOnlySpan<NextHopId> members)
    {
        Assert.InRange(members.Length, 1, 64);
        foreach (NextHopId member in members)
        {
            Assert.Empty(_hops[member.Index].Members);
        }

        Writes++;
        _hops.Add(_nextHop, new NextHop(default, members.ToArray()));
        return new NextHopId(_nextHop++);
    }

    public void ReleaseNextHop(NextHopId nextHop)
    {
        NextHop hop = _hops[nextHop.Index];
        if (--hop.References > 0)
        {
            return;
        }

        Writes++;
        _ = _hops.Remove(nextHop.Index);
        Assert.DoesNotContain(_hops.Values, h => h.Members.Contains(nextHop));
        foreach (Table table in _tables.Values)
        {
            Assert.DoesNotContain(nextHop, table.Flood);
            Assert.DoesNotContain(table.Allow, a => a.NextHop == nextHop);
        }

        if (_tables.Values.Sum(static t => t.Macs.Count) < 2000)
        {
            foreach (Table table in _tables.Values)
            {
                Assert.DoesNotContain(table.Macs.Values, r => !r.Target.IsPort && r.Target.Index == nextHop.Index);
            }
        }
    }

    public bool HasVni(Vni vni) => _tables.ContainsKey(vni.Value);

    public bool TryWriteMac(Vni vni, MacAddress mac, FdbTarget target, FdbOrigin origin, FdbFlags flags)
    {
        if (IsBroken)
        {
            throw new InvalidOperationException("broken");
        }

        Assert.NotEqual(FdbOrigin.None, origin);
        Assert.True(target.IsPort || _hops.ContainsKey(target.Index));
        if (!_tables.TryGetValue(vni.Value, out Table? table) || (table.Macs.Count >= Capacity && !table.Macs.ContainsKey(mac.Value)))
        {
            return false;
        }

        Writes++;
        MacWrites++;
        var row = new FdbRow(vni, mac, target, origin, flags, Epoch);
        Assert.False(table.Macs.TryGetValue(mac.Value, out FdbRow old) && old with { LastUseEpoch = Epoch } == row, "a write that changes nothing");
        table.Macs[mac.Value] = row;
        return true;
    }

    public bool RemoveMac(Vni vni, MacAddress mac)
    {
        Writes++;
        MacWrites++;
        bool removed = _tables.TryGetValue(vni.Value, out Table? table) && table.Macs.Remove(mac.Value);
        Assert.True(removed || table is null, "removes what is not there");
        return removed;
    }

    public bool TryGetMac(Vni vni, MacAddress mac, out FdbRow row)
    {
        row = default;
        return _tables.TryGetValue(vni.Value, out Table? table) && table.Macs.TryGetValue(mac.Value, out row);
    }

    public bool SetFloodList(Vni vni, ReadOnlySpan<NextHopId> nextHops)
    {
        if (!_tables.TryGetValue(vni.Value, out Table? table))
        {
            return false;
        }

        Writes++;
        table.Flood = nextHops.ToArray();
        Assert.Equal(table.Flood.Length, table.Flood.Distinct().Count());
        Assert.All(table.Flood, h => Assert.Empty(_hops[h.Index].Members));
        return true;
    }

    public bool SetAllowList(Vni vni, ReadOnlySpan<SourceAdmission> sources, ReadOnlySpan<UnderlayPrefix> prefixes)
    {
        if (!_tables.TryGetValue(vni.Value, out Table? table))
        {
            return false;
        }

        Writes++;
        table.Allow = sources.ToArray();
        table.Prefixes = prefixes.ToArray();
        Assert.Equal(table.Allow.Length, table.Allow.Select(static a => a.Address).Distinct().Count());
        Assert.All(table.Allow, a => Assert.True(_hops.ContainsKey(a.NextHop.Index)));
        return true;
    }

    public bool SetRemoteLearning(Vni vni, bool enabled)
    {
        if (!_tables.TryGetValue(vni.Value, out Table? table))
        {
            return false;
        }

        Writes++;
        table.Learning = enabled;
        return true;
    }

    public bool WriteNeighbor(Vni vni, UnderlayAddress address, in NeighborBinding binding)
    {
        if (!_tables.TryGetValue(vni.Value, out Table? table))
        {
            return false;
        }

        Writes++;
        table.Neighbors[address] = (binding, Epoch);
        return true;
    }

    public bool RemoveNeighbor(Vni vni, UnderlayAddress address)
    {
        Writes++;
        return _tables.TryGetValue(vni.Value, out Table? table) && table.Neighbors.Remove(address);
    }

    public bool TryGetNeighborUse(Vni vni, UnderlayAddress address, out ushort lastUse)
    {
        (NeighborBinding Binding, ushort Use) row = default;
        bool found = _tables.TryGetValue(vni.Value, out Table? table) && table.Neighbors.TryGetValue(address, out row);
        lastUse = row.Use;
        return found;
    }

    /// <summary>The binding of an address in force.</summary>
    public NeighborBinding? Neighbor(uint vni, UnderlayAddress address) =>
        _tables[vni].Neighbors.TryGetValue(address, out (NeighborBinding Binding, ushort Use) row) ? row.Binding : null;

    /// <summary>A worker sees a neighbour speak.</summary>
    public void TouchNeighbor(uint vni, UnderlayAddress address)
    {
        if (Neighbor(vni, address) is { } binding)
        {
            _tables[vni].Neighbors[address] = (binding, Epoch);
        }
    }

    /// <summary>MACs that nobody has, as workers see them.</summary>
    public HashSet<(uint Vni, ulong Mac)> Negative { get; } = [];

    /// <summary>Destinations whose frames were let go, in order.</summary>
    public List<(uint Vni, MacAddress Mac)> Released { get; } = [];

    /// <summary>How many of them; any thread.</summary>
    public int ReleasedCount => Volatile.Read(ref _releasedCount);

    /// <summary>How often held frames grew older.</summary>
    public int HeldTurns { get; private set; }

    public bool WriteNegative(Vni vni, MacAddress mac)
    {
        if (!_tables.ContainsKey(vni.Value))
        {
            return false;
        }

        Assert.True(Negative.Add((vni.Value, mac.Value)), "a write that changes nothing");
        return true;
    }

    public bool RemoveNegative(Vni vni, MacAddress mac)
    {
        bool removed = Negative.Remove((vni.Value, mac.Value));
        Assert.True(removed || !_tables.ContainsKey(vni.Value), "removes what is not there");
        return removed;
    }

    public void ReleaseHeld(Vni vni, MacAddress mac)
    {
        Released.Add((vni.Value, mac));
        _ = Interlocked.Increment(ref _releasedCount);
    }

    public void AgeHeld(int turns) => HeldTurns++;

    public void AdvanceEpoch() => Epoch++;

    public int ReadHints(Span<LearnHint> hints)
    {
        lock (_gate)
        {
            int count = 0;
            while (count < hints.Length && _hints.TryDequeue(out LearnHint hint))
            {
                hints[count++] = hint;
            }

            return count;
        }
    }

    public bool AwaitHint(Action wake)
    {
        lock (_gate)
        {
            _wake = wake;
            return _hints.Count == 0;
        }
    }

    public int ReadMacs(Vni vni, ref int cursor, Span<FdbRow> rows)
    {
        if (!_tables.TryGetValue(vni.Value, out Table? table))
        {
            cursor = 0;
            return 0;
        }

        // Rows are listed from a copy made when a reading begins, as a table that deletes without moving slots would.
        if (cursor == 0)
        {
            table.Listing = [.. table.Macs.Keys];
        }

        int count = 0;
        while (count < rows.Length && cursor < table.Listing.Length)
        {
            if (table.Macs.TryGetValue(table.Listing[cursor++], out FdbRow row))
            {
                rows[count++] = row;
            }
        }

        cursor = cursor >= table.Listing.Length ? 0 : cursor;
        return count;
    }

    private sealed class NextHop(NextHopSpec spec, NextHopId[] members)
    {
        public NextHopSpec Spec { get; } = spec;

        public NextHopId[] Members { get; } = members;

        public int References { get; set; } = 1;
    }

    private sealed class Table
    {
        public Dictionary<ulong, FdbRow> Macs { get; } = [];

        public Dictionary<UnderlayAddress, (NeighborBinding Binding, ushort Use)> Neighbors { get; } = [];

        public ulong[] Listing { get; set; } = [];

        public NextHopId[] Flood { get; set; } = [];

        public SourceAdmission[] Allow { get; set; } = [];

        public UnderlayPrefix[] Prefixes { get; set; } = [];

        public bool Learning { get; set; }
    }
}
