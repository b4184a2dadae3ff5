using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Neighbors;
using Overlay.Dataplane.Storm;
using Overlay.Encap;

namespace Overlay.Dataplane.Forwarding;

/// <summary>
/// What a VNI keeps over changes of topology: its FDB, what planes published for it, its counters. Written by the control thread, read by workers.
/// </summary>
public sealed class DomainState
{
    private FloodList _flood = FloodList.Empty;
    private AllowList _allow = AllowList.Empty;
    private bool _remoteLearning;
    private LoopGuard? _loops;
    private Fdb? _negative;
    private readonly Dictionary<string, StormMeter> _meters = new(StringComparer.Ordinal);
    private long _droppedByGone;
    private readonly Func<StormMeter> _newMeter;
    private readonly long _frequency;

    /// <summary>Makes the state of a new VNI.</summary>
    /// <param name="index">Its dense index.</param>
    /// <param name="budget">What its FDB takes room from.</param>
    /// <param name="workers">Workers that may count.</param>
    /// <param name="frequency">Ticks of a second in the time that limits go by.</param>
    public DomainState(int index, FdbBudget budget, int workers, long frequency = TimeSpan.TicksPerSecond)
    {
        _newMeter = () => new StormMeter(workers, frequency);
        _frequency = frequency;
        Storm = _newMeter();
        Index = index;
        Fdb = new Fdb(budget);
        Traffic = new TrafficCounters(workers);
        Questions = new TrafficCounters(workers);
        Copies = new TrafficCounters(workers);
    }

    /// <summary>Dense index; reused only after every worker has passed a batch boundary.</summary>
    public int Index { get; }

    /// <summary>The MAC table.</summary>
    public Fdb Fdb { get; }

    /// <summary>Frames and octets of inner frames, by <see cref="ColumnOf"/>. What went from port to port is in none of them.</summary>
    public TrafficCounters Traffic { get; }

    /// <summary>What limits how much of what comes from the underlay is flooded.</summary>
    public StormMeter Storm { get; }

    /// <summary>Which MAC answers for which tenant's address.</summary>
    public NeighborTable Neighbors { get; } = new();

    /// <summary>Questions for an address that suppression looked at, by <see cref="QuestionColumnOf"/>.</summary>
    public TrafficCounters Questions { get; }

    /// <summary>Copies that flooding made: column by <see cref="Direction"/>, octets not counted.</summary>
    public TrafficCounters Copies { get; }

    /// <summary>Where BUM frames go. A release store publishes it.</summary>
    public FloodList Flood
    {
        get => Volatile.Read(ref _flood);
        internal set => Volatile.Write(ref _flood, value);
    }

    /// <summary>Who may send into the VNI. A release store publishes it.</summary>
    public AllowList Allow
    {
        get => Volatile.Read(ref _allow);
        internal set => Volatile.Write(ref _allow, value);
    }

    /// <summary>Whether inner sources of remote VTEPs become learn hints.</summary>
    public bool RemoteLearning
    {
        get => Volatile.Read(ref _remoteLearning);
        internal set => Volatile.Write(ref _remoteLearning, value);
    }

    /// <summary>True if it was asked who has a MAC, and the answer is nobody. Any thread.</summary>
    public bool HasNobody(MacAddress mac) => Volatile.Read(ref _negative) is { } negative && negative.Find(mac).IsPresent;

    /// <summary>MACs that nobody has: a table like the FDB's, made when the first is written. Written by the control thread.</summary>
    internal Fdb? Negative
    {
        get => Volatile.Read(ref _negative);
        set => Volatile.Write(ref _negative, value);
    }

    /// <summary>What keeps floods from going in a circle; null where the VNI is no gateway.</summary>
    internal LoopGuard? Loops => Volatile.Read(ref _loops);

    /// <summary>Makes the VNI a gateway, or no gateway any more. Control thread.</summary>
    internal void SetGateway(bool isGateway) => Volatile.Write(ref _loops, isGateway ? _loops ?? new LoopGuard(_frequency) : null);

    /// <summary>The meter of a port in this VNI: the one it had, or a new one. Control thread.</summary>
    internal StormMeter MeterOf(string port)
    {
        if (!_meters.TryGetValue(port, out StormMeter? meter))
            _meters.Add(port, meter = _newMeter());

        return meter;
    }

    /// <summary>Frames over the limits of ports that are in the VNI no more: a total does not fall when a port goes. Any thread.</summary>
    public long StormDropsOfGonePorts => Interlocked.Read(ref _droppedByGone);

    /// <summary>Forgets the meters of ports that are not in the VNI any more. Control thread.</summary>
    internal void KeepMeters(IEnumerable<string> ports)
    {
        HashSet<string> kept = new(ports, StringComparer.Ordinal);
        foreach (string gone in _meters.Keys.Where(name => !kept.Contains(name)).ToArray())
        {
            _ = _meters.Remove(gone, out StormMeter? meter);
            foreach (StormClass kind in Enum.GetValues<StormClass>())
                _ = Interlocked.Add(ref _droppedByGone, meter!.Dropped(kind));
        }
    }

    /// <summary>The column of <see cref="Questions"/> for a family, and for whether the question was answered here or went its way.</summary>
    public static int QuestionColumnOf(bool isIPv6, bool answered) => (answered ? 0 : 2) + (isIPv6 ? 1 : 0);

    /// <summary>The column of <see cref="Traffic"/> for a direction and an encapsulation.</summary>
    public static int ColumnOf(Direction direction, EncapKind encap) => ((int)direction * 2) + (encap == EncapKind.Geneve ? 1 : 0);
}
