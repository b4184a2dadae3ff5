using System.Collections.Immutable;
using System.Globalization;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Pipeline;
using Overlay.Dataplane.Ports;
using Overlay.Encap;
using Overlay.Encap.Geneve;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;

namespace Overlay.Dataplane.Forwarding;

/// <summary>
/// All forwarding state of the daemon and its only writer's view of it. <b>Threading:</b> the members of <see cref="IForwardingWriter"/> and those that say so
/// belong to the control thread; <see cref="Current"/> is for everybody, and workers read it once per batch. What is published: a MAC by a slot of its
/// <see cref="Fdb"/>, a flood or allow list by a reference in its <see cref="DomainState"/>, a next hop by an element of the array, the topology by
/// a new <see cref="ForwardingTables"/>.
/// </summary>
public sealed partial class ForwardingState : IForwardingWriter
{
    private const int MaxGroupSize = 64;
    private readonly FdbBudget _budget;
    private readonly int _maxWorkers;
    private readonly TimeProvider _time;
    private readonly IndexGrace _grace;
    private readonly IndexAllocator _portIds;
    private readonly IndexAllocator _domainIndexes;
    private readonly IndexAllocator _vtepIds;
    private readonly IndexAllocator _nextHopIds;
    private readonly Dictionary<Vni, DomainState> _domains = [];
    private readonly Dictionary<int, Vtep> _vteps = [];
    private readonly Dictionary<int, int> _nextHopsOfVtep = [];
    private readonly Dictionary<NextHopSpec, NextHopId> _nextHopOf = [];
    private readonly Dictionary<int, int> _references = [];
    private ForwardingTables _current;
    private WorkerCounters[] _workers = [];
    private readonly LearnBell _bell = new();
    private LearnRing[] _rings = [];
    private int _nextRing;
    private int _epoch;

    /// <summary>Makes empty state.</summary>
    /// <param name="maxWorkers">Workers there may be, 1–256.</param>
    /// <param name="fdbLimit">FDB entries in all VNIs together.</param>
    /// <param name="time">The clock that storm limits go by; null for the system's. Workers' pipelines have the same (<see cref="PipelineOptions.Time"/>).</param>
    public ForwardingState(int maxWorkers = 16, int fdbLimit = FdbBudget.DefaultLimit, TimeProvider? time = null)
    {
        _time = time ?? TimeProvider.System;
        ArgumentOutOfRangeException.ThrowIfLessThan(maxWorkers, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxWorkers, 256);
        _maxWorkers = maxWorkers;
        _budget = new FdbBudget(fdbLimit);
        Quiescence = new Quiescence();
        _grace = new IndexGrace(Quiescence);
        _portIds = new IndexAllocator(_grace);
        _domainIndexes = new IndexAllocator(_grace);
        _vtepIds = new IndexAllocator(_grace);
        _nextHopIds = new IndexAllocator(_grace);
        _current = new ForwardingTables(new VniMap([]), [], [], new NextHop?[64], [], GeneveOptionRegistry.Default);
    }

    /// <summary>The tables in force. A worker reads this once per batch, after <see cref="WorkerEpoch.Enter"/>.</summary>
    public ForwardingTables Current => Volatile.Read(ref _current);

    /// <summary>Knows when every worker has passed a batch boundary.</summary>
    public Quiescence Quiescence { get; }

    /// <summary>FDB entries in all VNIs together. Exact on the control thread.</summary>
    public int FdbCount => _budget.Count;

    /// <summary>FDB entries allowed in all VNIs together.</summary>
    public int FdbLimit => _budget.Limit;

    /// <inheritdoc/>
    public ushort Epoch => (ushort)Volatile.Read(ref _epoch);

    /// <summary>The counters of all workers. Any thread.</summary>
    public IReadOnlyList<WorkerCounters> Workers => Volatile.Read(ref _workers);

    /// <summary>Adds a worker: its counters, with an index of their own. Before workers start; one thread at a time.</summary>
    /// <exception cref="InvalidOperationException">There are as many as were announced.</exception>
    public WorkerCounters AddWorker()
    {
        if (_workers.Length >= _maxWorkers)
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"The forwarding state was made for {_maxWorkers} workers."));

        WorkerCounters counters = new(_workers.Length);
        Volatile.Write(ref _workers, [.. _workers, counters]);
        return counters;
    }

    /// <summary>Adds the ring of a worker to those that <see cref="ReadHints"/> reads. Before workers start; one thread at a time.</summary>
    public LearnRing AddLearnRing(int size = 4096)
    {
        LearnRing ring = new(size, _bell);
        _grace.Add(ring);
        Volatile.Write(ref _rings, [.. _rings, ring]);
        return ring;
    }

    /// <summary>Sums the counters of all workers. Any thread.</summary>
    public CounterSnapshot SnapshotCounters() => CounterSnapshot.Sum(Volatile.Read(ref _workers));

    /// <summary>The next hops in being, groups included. Any thread. For display.</summary>
    public IReadOnlyList<NextHop> ListNextHops()
    {
        List<NextHop> list = [];
        NextHop?[] nextHops = Current.NextHops;
        for (int i = 0; i < nextHops.Length; i++)
        {
            if (Volatile.Read(ref nextHops[i]) is { IsReleased: false } nextHop)
                list.Add(nextHop);
        }

        return list;
    }

    /// <inheritdoc/>
    public void AdvanceEpoch() => Volatile.Write(ref _epoch, (_epoch + 1) & 0xFFFF);

    /// <inheritdoc/>
    public int ReadHints(Span<LearnHint> hints)
    {
        LearnRing[] rings = Volatile.Read(ref _rings);
        int count = 0;
        foreach (LearnRing ring in rings)
            ring.Settle();

        for (int i = 0; i < rings.Length && count < hints.Length; i++)
        {
            // Another ring is first each time, so that one busy worker does not starve the others.
            _nextRing = (_nextRing + 1) % rings.Length;
            count += rings[_nextRing].Take(hints[count..]);
        }

        return count;
    }

    /// <inheritdoc/>
    public bool AwaitHint(Action wake)
    {
        _bell.Arm(wake);
        foreach (LearnRing ring in Volatile.Read(ref _rings))
        {
            if (ring.Count > 0)
                return false;
        }

        return true;
    }

    private static void ThrowUnknown(string what, int index) =>
        throw new ArgumentOutOfRangeException(what, index, "The index was never given out, or was given back.");

    private void Publish(ForwardingTables tables) => Volatile.Write(ref _current, tables);
}
