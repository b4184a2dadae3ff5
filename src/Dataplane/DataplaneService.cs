using System.Collections.Immutable;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.HandOver;
using Overlay.Dataplane.Interop;
using Overlay.Dataplane.Pipeline;
using Overlay.Dataplane.Ports;
using Overlay.Dataplane.Probes;
using Overlay.Dataplane.Steering;
using Overlay.Dataplane.Underlay;
using Overlay.Dataplane.Underlay.Groups;
using Overlay.Dataplane.Workers;
using Overlay.Encap;
using Overlay.Forwarding.Topology;

namespace Overlay.Dataplane;

/// <summary>
/// The dataplane as one thing: underlay sockets, worker threads, ports and forwarding state, put together and taken apart. A change of topology goes in three
/// steps, so that what may fail or wait happens outside the control thread: <see cref="Prepare"/> opens, <see cref="Commit"/> publishes, <see cref="RetireAsync"/> closes.
/// </summary>
/// <remarks>
/// <b>Threading:</b> <see cref="Commit"/> runs on the control thread, everything else on any; one change of topology at a time. Sockets and devices without a
/// namespace of their own belong to the network namespace of the thread that calls <see cref="Start"/> and <see cref="Prepare"/>.
/// <b>Ownership:</b> owns all descriptors and threads; <see cref="StopAsync"/> ends them in order, <see cref="Dispose"/> without waiting for what is queued.
/// </remarks>
public sealed class DataplaneService : IDisposable
{
    private const int ChangeQueueSize = 16;

    // Of frames of 1,500 octets some 14,000, of short ones 40,000.
    private const int HandOverBuffer = 32 << 20;

    // Looks at a queue, a millisecond apart, until it is seen empty once: where frames pass all the time, it is so between two batches only.
    private const int LooksForEmpty = 20;

    // Calls of FollowDevices, a second apart, to a sample of the frames that were too long.
    private const int RoundsPerSample = 5;

    // Calls of FollowDevices between two computations of automatic MTUs, at least.
    private const int RoundsPerFollow = 5;
    private static readonly TimeSpan JoinLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan GracePoll = TimeSpan.FromMilliseconds(1);

    private readonly UnderlaySpec _spec;
    private readonly WorkerOptions _options;
    private readonly FlowHashSeed _seed;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly WorkerFaults _faults;
    private readonly PortTable _ports;
    private readonly GroupTable _groups;
    private readonly UnderlayMonitor _monitor;
    private readonly Channel<UnderlayChange> _changes;
    private readonly List<EncapWorker> _encapWorkers = [];
    private readonly List<DecapWorker> _decapWorkers = [];
    private UdpUnderlay? _underlay;
    private readonly PathMtuTable? _paths;
    private int _rounds;
    private int _roundsOfPorts = RoundsPerFollow;
    private int _peersVersion = -1;
    private int _stopped;
    private bool _runs;
    private readonly KeepOptions _keep;

    /// <summary>Makes a dataplane; nothing is opened yet.</summary>
    /// <param name="underlay">The provider side.</param>
    /// <param name="workers">Workers.</param>
    /// <param name="seed">Seed of the flow hash; the same over a restart keeps every flow's source port.</param>
    /// <param name="time">Clock.</param>
    /// <param name="loggers">Loggers.</param>
    /// <param name="keep">What is kept over a restart; null keeps nothing.</param>
    public DataplaneService(UnderlaySpec underlay, WorkerOptions workers, FlowHashSeed seed, TimeProvider time, ILoggerFactory loggers, KeepOptions? keep = null)
    {
        _keep = keep ?? new KeepOptions();
        ArgumentNullException.ThrowIfNull(underlay);
        ArgumentNullException.ThrowIfNull(workers);
        _spec = underlay;
        _options = workers;
        _seed = seed;
        _time = time;
        _logger = loggers.CreateLogger<DataplaneService>();
        _faults = new WorkerFaults(_logger);

        // Each worker is two threads that count apart, the lane's too.
        Forwarding = new ForwardingState((workers.ResolveCount() + (workers.Lane ? 1 : 0)) * 2, time: time);
        _paths = underlay.DontFragment ? new PathMtuTable(Forwarding.ListNextHops, time, underlay.PathMtuMin, OnRefusedPath) : null;
        Probes = new ProbeExchange(Forwarding, time);
        _ports = new PortTable(Forwarding, time, _logger) { Paths = _paths is null ? null : address => _paths.SteadyOf(in address), PathsVersion = _paths is null ? null : () => _paths.Version, Keep = _keep };
        _groups = new GroupTable(underlay, warning => DataplaneLog.SetupWarning(_logger, warning));
        _changes = Channel.CreateBounded<UnderlayChange>(
            new BoundedChannelOptions(ChangeQueueSize) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        _monitor = new UnderlayMonitor(underlay.Local, PeerAddresses, OnUnderlayChange, fault => _faults.Report("overlay-rtnl", fault));
    }

    /// <summary>Forwarding state; its write side belongs to the control thread.</summary>
    public ForwardingState Forwarding { get; }

    /// <summary>Probes of other VTEPs.</summary>
    public ProbeExchange Probes { get; }

    /// <summary>
    /// The local side of the underlay whenever it changes, the state at start first. A slow reader misses the oldest: each item is a whole snapshot. One reader.
    /// </summary>
    public ChannelReader<UnderlayChange> Changes => _changes.Reader;

    /// <summary>The local side of the underlay now.</summary>
    public UnderlayChange Underlay => _monitor.Current;

    /// <summary>
    /// Opens the sockets and starts the threads. Until a topology is committed everything that arrives is <c>vni_unknown</c>. After errors the service is of no more use.
    /// </summary>
    /// <param name="run">
    /// False opens everything and reads nothing: what waits in sockets and devices that were handed over waits until <see cref="RunAsync"/>, when there is a topology to forward it by.
    /// </param>
    public StartResult Start(bool run = true)
    {
        string? problem = _monitor.Start();
        if (problem is not null)
            return new StartResult([problem], []);
        int workers = _options.ResolveCount();
        int laneError = _options.Lane ? TryLane() : 0;
        bool withLane = _options.Lane && laneError >= 0;
        ulong portSeed = Math.BigMul(_seed.First, _seed.Second | 1, out ulong low) ^ low;
        UdpUnderlayResult opened = UdpUnderlay.Open(_spec, workers, fault => _faults.Report("overlay-icmp", fault), withLane, _paths, portSeed, _keep.Inherited);
        if (opened.Underlay is not UdpUnderlay underlay)
            return new StartResult(opened.Errors, opened.Warnings);
        PipelineOptions pipeline = PipelineOptions.From(_spec, _seed, _options.BatchSize) with { Time = _time, Control = Probes.Inbox };
        for (int i = 0; i < (underlay.HasLane ? workers + 1 : workers); i++)
        {
            bool isLane = i == workers;
            WorkerCounters counters = Forwarding.AddWorker();
            var encap = new EncapPipeline(Forwarding, underlay, counters, Forwarding.AddLearnRing(), pipeline);
            _encapWorkers.Add(new EncapWorker(i, Context(2 * i), counters, encap, OnPortClosed, isLane ? "overlay-tx-lane" : null));
            counters = Forwarding.AddWorker();
            var decap = new DecapPipeline(Forwarding, underlay, counters, Forwarding.AddLearnRing(), pipeline with { BatchSize = DecapWorker.BatchSize });
            _decapWorkers.Add(new DecapWorker(i, Context((2 * i) + 1), counters, underlay, decap, isLane ? underlay.Lanes(i) : default));
        }

        // The monitor runs: from here on it may replace sockets, and tells the workers.
        _underlay = underlay;
        Probes.Start(underlay);
        _ports.Workers = [.. _encapWorkers.Take(workers)];
        _groups.Readers = ([.. _decapWorkers.Take(workers)], underlay.Receiver);
        _ports.LaneWorker = underlay.HasLane ? _encapWorkers[workers] : null;
        Publish(_monitor.Current);
        if (run)
            StartWorkers(_encapWorkers.Concat<WorkerLoop>(_decapWorkers));
        foreach (string warning in opened.Warnings)
            DataplaneLog.SetupWarning(_logger, warning);
        if (_options.Lane && !underlay.HasLane)
            DataplaneLog.NoLane(_logger, Bpf.Describe(laneError < 0 ? laneError : -Errno.Invalid));
        if (TapWriteRing.Probe() is int refusal and < 0)
            DataplaneLog.NoRing(_logger, SubmissionRing.Describe(refusal));
        DataplaneLog.Started(_logger, workers, underlay.Sockets().Length, SourcePorts().Length, underlay.HasLane ? "with" : "without");
        return new StartResult([], opened.Warnings);
    }

    /// <summary>
    /// Begins to read, after <see cref="Start"/> was told not to. Where frames wait already, the lanes are read first, so that no flow that changed from lane to bulk meanwhile is re-ordered.
    /// </summary>
    public async Task RunAsync()
    {
        if (_runs)
            return;
        WorkerLoop[] lanes = _ports.LaneWorker is EncapWorker lane ? [lane, _decapWorkers[^1]] : [];
        StartWorkers(lanes);
        if (_ports.Taps().Any(static tap => tap.Existed) || _keep.Inherited is not null)
            await Task.WhenAll(lanes.Select(static worker => worker.CatchUp()));
        StartWorkers(_encapWorkers.Concat<WorkerLoop>(_decapWorkers).Except(lanes));
        _runs = true;
    }

    /// <summary>TAPs that stay when this process ends and are its own to remove later.</summary>
    public ImmutableArray<KeptTap> KeptTaps() => _ports.Kept();

    /// <summary>Descriptors that are worth keeping over a restart. Good until the next change of the topology; one caller at a time, and never beside such a change.</summary>
    public ImmutableArray<HeldDescriptor> Held() => [.. _underlay?.Receiver.Held(_underlay.HasLane) ?? [], .. _ports.Held()];

    /// <summary>
    /// Makes room for what comes while nobody reads: the queues of TAPs and the buffers of receiving sockets grow. Gives how long the queues were, for <see cref="Shrink"/> in the process that takes over.
    /// </summary>
    public ImmutableArray<QueueLength> Grow()
    {
        var before = ImmutableArray.CreateBuilder<QueueLength>();
        foreach (TapPort tap in _ports.Taps())
        {
            int length = tap.ReadQueueLength();
            if (length is > 0 and < QueueLength.HandOver && tap.SetQueueLength(QueueLength.HandOver))
                before.Add(new QueueLength(tap.Name, tap.Index, length));
        }

        _underlay?.Receiver.SetBuffers(HandOverBuffer);
        return before.ToImmutable();
    }

    /// <summary>
    /// Puts queues and buffers back to what they were before <see cref="Grow"/>, each when what waited in it has been read: what a queue holds beyond a smaller length is lost. Not beside a change
    /// of the topology; takes some milliseconds where frames wait.
    /// </summary>
    /// <param name="before">How long the queues were. One that is not named and is as long as <see cref="Grow"/> makes it gets the kernel's default.</param>
    /// <param name="force">Whatever waits: a queue that is never empty is as long as that because it is too slow.</param>
    /// <returns>Whether all are back; if not, it is to be called again.</returns>
    public bool Shrink(IReadOnlyCollection<QueueLength> before, bool force)
    {
        ArgumentNullException.ThrowIfNull(before);
        bool isDone = true;
        foreach (TapPort tap in _ports.Taps())
        {
            if (tap.ReadQueueLength() != QueueLength.HandOver)
                continue;
            if (!force && !IsSeenEmpty(tap))
            {
                isDone = false;
                continue;
            }

            QueueLength? known = before.FirstOrDefault(queue => queue.Device == tap.Name && queue.Index == tap.Index);
            _ = tap.SetQueueLength(known?.Frames ?? QueueLength.Default);
        }

        return (_underlay?.Receiver.ShrinkBuffers(UdpUnderlayOpener.ReceiveBuffer, force) ?? true) && isDone;
    }

    private static bool IsSeenEmpty(TapPort tap)
    {
        for (int look = 0; look < LooksForEmpty; look++)
        {
            if (tap.IsEmpty)
                return true;
            Thread.Sleep(1);
        }

        return false;
    }

    /// <summary>
    /// Opens what a topology needs and does not have yet; what runs is not touched. Never on the control thread: it may wait for the kernel.
    /// </summary>
    /// <param name="topology">The topology, validated.</param>
    public TopologyPlan Prepare(TopologySpec topology)
    {
        ArgumentNullException.ThrowIfNull(topology);
        TopologyPlan plan = _ports.Prepare(topology, _monitor.Current);
        plan.Groups = _groups.Prepare(topology, _monitor.Current);
        return plan;
    }

    /// <summary>Brings a plan into force. On the control thread; does not wait. An unchanged port is not touched.</summary>
    public void Commit(TopologyPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        GroupPlan groups = plan.Groups ?? new GroupPlan();
        _groups.Commit(groups, () => _monitor.Current);
        _ports.Commit(plan, _spec.Local, _monitor.Current, groups.Paths);
        _monitor.Watch(_groups.Devices());
    }

    /// <summary>
    /// Changes the number of queues where a committed plan says so, and closes what it left behind, once no worker uses it any more. Not on the control thread.
    /// </summary>
    public async Task RetireAsync(TopologyPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        await Task.WhenAll(plan.Detached);

        // A worker may still be writing to a port that it found in the tables before: its descriptor's number must not be given out again yet.
        while (!Forwarding.Quiescence.HasPassed(plan.Token))
            await Task.Delay(GracePoll, _time);
        foreach (IPortDevice device in plan.Retired)
        {
            (device as TapPort)?.LetGo();
            device.Dispose();
        }

        foreach (QueueChange change in plan.QueueChanges)
        {
            foreach (string problem in await change.RunAsync())
                DataplaneLog.SetupWarning(_logger, problem);
        }

        _monitor.Refresh();
    }

    /// <summary>
    /// Takes over what somebody else changed on the devices: MAC and MTU; where that is <c>auto</c>, ours is set again. On the control thread, every second or so; a few
    /// system calls a port.
    /// </summary>
    public void FollowDevices()
    {
        bool isTurn = _rounds++ % RoundsPerSample == 0;
        bool hasOtherPeers = _peersVersion != Forwarding.PeersVersion;
        _peersVersion = Forwarding.PeersVersion;
        if (hasOtherPeers)
            _monitor.Refresh();
        _paths?.Follow(_monitor.RouteMtus);

        // However often peers and paths change, ports are computed anew not more often than that.
        _roundsOfPorts = _ports.FollowDevices(_monitor.Current, ++_roundsOfPorts >= RoundsPerFollow) ? 0 : Math.Min(_roundsOfPorts, RoundsPerFollow);
        _groups.Retry();
        if (isTurn)
            SampleTooBig();
    }

    /// <summary>Ports alone, by name: what is watched once a second, so it allocates little.</summary>
    public ImmutableArray<DataplaneSnapshot.PortStatus> Ports() => _ports.Snapshot();

    /// <summary>Reads counters and states. Any thread; allocates.</summary>
    /// <param name="withKernel">Read the kernel's counters too, which costs most.</param>
    public DataplaneSnapshot Snapshot(bool withKernel = true)
    {
        ImmutableArray<UnderlaySocket> sockets = _underlay?.Sockets() ?? [];
        ImmutableArray<DataplaneSnapshot.PortStatus> ports = _ports.Snapshot();
        return new DataplaneSnapshot
        {
            Counters = Forwarding.SnapshotCounters(),
            Ports = ports,
            Sockets = sockets,
            SourcePorts = SourcePorts(),
            Kernel = !withKernel ? [] : KernelCounters.Read(sockets.Sum(socket => socket.KernelDrops) + _groups.KernelDrops(), _ports.QueueDrops(), _paths is null ? 0 : _paths.RefusedCount + _paths.StrangeCount),
            Underlay = _monitor.Current,
            Groups = _groups.Snapshot(),
            PathMtus = _paths?.List() ?? [],
            NetworkErrors = _underlay?.Errors() ?? ImmutableSortedDictionary<int, long>.Empty,
            WorkerFaults = _faults.Count,
        };
    }

    /// <summary>
    /// Stops in order: ports are read to their end or the deadline, then the sockets, each frame that is left counted as <c>shutting_down</c>; then everything is closed.
    /// </summary>
    /// <param name="drain">How long each direction may go on forwarding what already waits.</param>
    /// <param name="mode">What becomes of devices, and of what waits in them. With <see cref="StopMode.HandOver"/> what waits is left where it is.</param>
    public Task StopAsync(TimeSpan drain, StopMode mode = StopMode.Keep) => Task.Run(() => Stop(drain, mode));

    /// <inheritdoc/>
    public void Dispose() => Stop(TimeSpan.Zero, StopMode.Keep);

    private void Stop(TimeSpan drain, StopMode mode)
    {
        if (Interlocked.Exchange(ref _stopped, 1) != 0)
            return;
        Probes.Stop();
        bool handOver = mode == StopMode.HandOver;
        bool ended = End(_encapWorkers, drain, handOver) & End(_decapWorkers, drain, handOver);
        _monitor.Dispose();
        _ = _changes.Writer.TryComplete();
        if (!ended)
        {
            // Closing a descriptor under a thread that may still write to it would write to whatever gets its number next.
            DataplaneLog.WorkerStuck(_logger, (drain + JoinLimit).TotalSeconds);
            return;
        }

        _groups.Dispose();
        _underlay?.Dispose();
        _ports.Close(mode);
    }

    private static void StartWorkers(IEnumerable<WorkerLoop> workers)
    {
        foreach (WorkerLoop worker in workers)
            worker.Start();
    }

    private static bool End(IReadOnlyList<WorkerLoop> workers, TimeSpan drain, bool handOver)
    {
        foreach (WorkerLoop worker in workers)
            worker.RequestStop(drain, handOver);
        bool ended = true;
        foreach (WorkerLoop worker in workers)
        {
            if (worker.Join(drain + JoinLimit))
                worker.Dispose();
            else
                ended = false;
        }

        return ended;
    }

    // Programs that are loaded and let go again: there is a lane on both sides or on none.
    private static int TryLane()
    {
        int result = TapSteering.TryAttach(-1, withLane: true, out TapSteering? steering);
        steering?.Dispose();
        return result;
    }

    private WorkerContext Context(int thread)
    {
        int? processor = _options.Cpus.IsDefaultOrEmpty ? null : _options.Cpus[thread % _options.Cpus.Length];
        return new WorkerContext(Forwarding.Quiescence.RegisterWorker(), _faults, _logger, _time, processor, _options.BatchSize, _options.Spin);
    }

    private void OnUnderlayChange(UnderlayChange change)
    {
        Publish(change);
        _groups.Follow(change);
        bool isReplaced = false;
        string? problem = _underlay?.RebindDevice(out isReplaced);
        if (problem is not null)
            DataplaneLog.SetupWarning(_logger, problem);
        if (isReplaced)
        {
            DataplaneLog.DeviceChanged(_logger, _spec.Device!);
            foreach (DecapWorker worker in _decapWorkers)
                _ = worker.WatchAgain();
        }

        _paths?.Forget();
        _ports.FollowUnderlay(change);
    }

    private void OnRefusedPath(UnderlayAddress destination, int mtu) => DataplaneLog.PathMtuRefused(_logger, destination.ToString(), mtu, _spec.PathMtuMin);

    private void SampleTooBig()
    {
        NextHop?[] hops = Forwarding.Current.NextHops;
        for (int i = 0; i < hops.Length; i++)
        {
            if (Volatile.Read(ref hops[i]) is { IsReleased: false } hop)
                hop.SampleTooBig();
        }
    }

    private void Publish(UnderlayChange change)
    {
        foreach (LocalAddressState local in change.Addresses)
        {
            if (local.Present)
                DataplaneLog.AddressPresent(_logger, local.Address.ToString(), local.Device ?? "", local.Mtu, local.LinkUp);
            else
                DataplaneLog.AddressAbsent(_logger, local.Address.ToString());
        }

        _ = _changes.Writer.TryWrite(change);
    }

    private void OnPortClosed(Port port)
    {
        // Every worker that reads a queue of it says so.
        if (!port.IsUp)
            return;
        port.IsUp = false;
        DataplaneLog.PortClosed(_logger, port.Spec.Name);
    }

    private HashSet<UnderlayAddress> PeerAddresses() => [.. Forwarding.ListNextHops().Where(hop => !hop.IsGroup && hop.Path is null).Select(hop => hop.Spec.Address)];

    private ImmutableArray<ushort> SourcePorts() =>
        _underlay is UdpUnderlay underlay ? [.. underlay.SourcePorts(AddressFamilyKind.IPv4), .. underlay.SourcePorts(AddressFamilyKind.IPv6)] : [];
}
