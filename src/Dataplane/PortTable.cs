using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.HandOver;
using Overlay.Dataplane.Interop;
using Overlay.Dataplane.Ports;
using Overlay.Dataplane.Underlay;
using Overlay.Dataplane.Workers;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using PlannedPort = Overlay.Dataplane.TopologyPlan.PlannedPort;

namespace Overlay.Dataplane;

/// <summary>
/// The ports in being, and how one topology becomes the next: devices are matched by kind, name and namespace, so that a port which changes its mode, its
/// VNI or even its name keeps its device and what waits in it. <b>Threading:</b> a lock, slow path only; workers never come here.
/// </summary>
internal sealed class PortTable(ForwardingState forwarding, TimeProvider time, ILogger logger) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _ports = new(StringComparer.Ordinal);
    private readonly QueueDropTotal _queueDrops = new();
    private OverlayMtuRound? _round;
    private (int Peers, int Paths, UnderlayChange? Underlay) _computedFor;

    /// <summary>The workers that read ports. Set once, before the first plan.</summary>
    internal ImmutableArray<EncapWorker> Workers { get; set; } = [];

    /// <summary>The worker that reads the lanes of ports; null if they have none. Set once, before the first plan.</summary>
    internal EncapWorker? LaneWorker { get; set; }

    /// <summary>What paths take that ports are to follow; null if they follow none. Set once, before the first plan.</summary>
    internal Func<UnderlayAddress, int?>? Paths { get; set; }

    /// <summary>Changes whenever <see cref="Paths"/> may say something else; null if it never does. Set once, before the first plan.</summary>
    internal Func<int>? PathsVersion { get; set; }

    /// <summary>What is kept over a restart. Set once, before the first plan.</summary>
    internal KeepOptions Keep { get; set; } = new();

    /// <summary>Opens what is missing.</summary>
    internal TopologyPlan Prepare(TopologySpec topology, UnderlayChange underlay)
    {
        var errors = ImmutableArray.CreateBuilder<string>();
        var warnings = ImmutableArray.CreateBuilder<string>();
        var planned = ImmutableArray.CreateBuilder<PlannedPort>();
        Dictionary<(PortDeviceKind Kind, string Device, string? Netns), Entry> devices;
        lock (_lock)
            devices = _ports.Values.Where(entry => !entry.Device.IsClosed).ToDictionary(entry => KeyOf(entry.Port.Spec));
        OverlayMtuRound round = NewRound(new PortVnis(topology), underlay, before: null);
        foreach (PortSpec spec in topology.Ports.Values)
        {
            if (devices.TryGetValue(KeyOf(spec), out Entry? entry))
            {
                warnings.AddRange(Reserve(entry.Device, spec).Select(warning => $"port '{spec.Name}': {warning}"));
                planned.Add(new PlannedPort(spec, entry.Device, IsNew: false));
                continue;
            }

            DeviceOptions options = DeviceOptions.From(spec, round.Compute(spec).Links) with { Lane = LaneWorker is not null };
            DeviceOpenResult opened = PortDevices.Open(options, touchExisting: false, Keep);
            warnings.AddRange(opened.Warnings.Select(warning => $"port '{spec.Name}': {warning}"));
            if (opened.Port is IPortDevice device)
                planned.Add(new PlannedPort(spec, device, IsNew: true));
            else
                errors.Add($"port '{spec.Name}': {opened.Error}");
        }

        return new TopologyPlan(topology, errors.ToImmutable(), warnings.ToImmutable(), planned.ToImmutable());
    }

    /// <summary>Publishes. Control thread.</summary>
    internal void Commit(TopologyPlan plan, IEnumerable<UnderlayAddress> self, UnderlayChange underlay, IReadOnlyDictionary<FloodGroup, GroupPath> groups)
    {
        lock (_lock)
        {
            if (plan.IsCommitted)
                throw new InvalidOperationException("The plan is in force already.");
            var next = new Dictionary<string, Entry>(StringComparer.Ordinal);
            OverlayMtuRound round = NewRound(new PortVnis(plan.Spec), underlay, before: null);
            foreach (PlannedPort planned in plan.Ports)
                next[planned.Spec.Name] = Place(planned, round);
            forwarding.ApplyTopology(plan.Spec, next.ToDictionary(pair => pair.Key, pair => pair.Value.Port, StringComparer.Ordinal), self, groups);
            plan.IsCommitted = true;
            plan.Token = forwarding.Quiescence.Mark();
            foreach (Entry entry in next.Values)
                Attach(plan, entry);
            var kept = next.Values.Select(entry => entry.Device).ToHashSet();
            foreach ((string name, Entry entry) in _ports)
            {
                if (!next.ContainsKey(name))
                    forwarding.ReleasePortId(entry.Port.Id);
                if (!kept.Contains(entry.Device))
                    Detach(plan, entry);
            }

            _ports.Clear();
            foreach ((string name, Entry entry) in next)
                _ports[name] = entry;
            plan.PortIds = next.ToImmutableDictionary(pair => pair.Key, pair => pair.Value.Port.Id, StringComparer.Ordinal);
            Compute(round.Vnis, underlay, before: null);
        }
    }

    /// <summary>Gives every port that says <c>mtu: auto</c> what the underlay allows now.</summary>
    internal void FollowUnderlay(UnderlayChange underlay)
    {
        lock (_lock)
        {
            if (_round is not null)
                Compute(_round.Vnis, underlay, _round);
        }
    }

    /// <summary>Takes over MACs and MTUs that somebody else gave the devices; an automatic MTU is set again. Control thread.</summary>
    /// <param name="underlay">The local side of the underlay.</param>
    /// <param name="isDue">Automatic MTUs are computed anew if peers, paths or the underlay are others.</param>
    /// <returns>Whether they were.</returns>
    internal bool FollowDevices(UnderlayChange underlay, bool isDue)
    {
        lock (_lock)
        {
            bool isOther = isDue && _round is not null && _computedFor != NowFor(underlay);
            if (isOther)
                Compute(_round!.Vnis, underlay, _round);
            foreach (Entry entry in _ports.Values)
            {
                if (entry.Device.IsClosed && entry.Port.IsUp)
                    Poll(entry);
                if (entry.Device.ReadMac() is MacAddress mac && mac != entry.Port.Mac)
                    forwarding.SetPortMac(entry.Port, mac);

                // A device that a path lowers may have been put into a bridge meanwhile, or taken out.
                if (entry.Device.ReadMtu() != entry.DeviceMtu || (entry.Port.Spec.Mtu is null && entry.Wanted != WantedOf(entry)))
                    Follow(entry);
            }

            return isOther;
        }
    }

    internal ImmutableArray<DataplaneSnapshot.PortStatus> Snapshot()
    {
        lock (_lock)
            return [.. _ports.Values.OrderBy(entry => entry.Port.Spec.Name, StringComparer.Ordinal).Select(Status)];
    }

    /// <summary>Frames dropped at the queues of all ports, of those too that are no more; as of the last <see cref="Snapshot"/>. Never less than before.</summary>
    internal long QueueDrops()
    {
        lock (_lock)
            return _queueDrops.Value;
    }

    /// <summary>TAPs that stay over a restart and are ours to remove.</summary>
    internal ImmutableArray<KeptTap> Kept()
    {
        lock (_lock)
            return [.. _ports.Values.Select(static entry => (entry.Device as TapPort)?.Kept).OfType<KeptTap>()];
    }

    /// <summary>What is open and worth keeping over a restart.</summary>
    internal ImmutableArray<HeldDescriptor> Held()
    {
        lock (_lock)
            return [.. _ports.Values.SelectMany(static entry => (entry.Device as TapPort)?.Held ?? [])];
    }

    /// <summary>The TAPs that are open.</summary>
    internal ImmutableArray<TapPort> Taps()
    {
        lock (_lock)
            return [.. _ports.Values.Select(static entry => entry.Device).OfType<TapPort>().Where(static tap => !tap.IsClosed)];
    }

    /// <summary>Closes all devices.</summary>
    /// <param name="mode">What becomes of those that may stay.</param>
    internal void Close(StopMode mode)
    {
        foreach (TapPort tap in Taps())
        {
            tap.Queues.IsHandedOver = mode == StopMode.HandOver;
            if (mode == StopMode.Remove)
                tap.LetGo();
        }

        Dispose();
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (Entry entry in _ports.Values)
                entry.Device.Dispose();
            _ports.Clear();
        }
    }

    private static (PortDeviceKind Kind, string Device, string? Netns) KeyOf(PortSpec spec) => (spec.Kind, spec.Device, NetworkNamespace.Canonical(spec.Netns));

    private DataplaneSnapshot.PortStatus Status(Entry entry)
    {
        Port port = entry.Port;
        long? queueDrops = entry.Device.ReadQueueDrops();
        _queueDrops.Note(entry.Device, queueDrops);
        return new DataplaneSnapshot.PortStatus(
            port.Spec.Name,
            port.Spec.Device,
            port.Mac,
            entry.DeviceMtu > 0 ? Math.Min(port.Mtu, entry.DeviceMtu) : port.Mtu,
            entry.Device.QueueCount,
            entry.Device.ReadIsUp(),
            port.Traffic.Frames((int)Direction.Tx),
            port.Traffic.Octets((int)Direction.Tx),
            port.Traffic.Frames((int)Direction.Rx),
            port.Traffic.Octets((int)Direction.Rx),
            queueDrops)
        {
            DeviceMtu = entry.DeviceMtu,
            LinkLimit = entry.Limits.Links,
            IsMtuRefused = entry.Wanted != 0 && entry.DeviceMtu > entry.Limits.Links,
        };
    }

    private Entry Place(in PlannedPort planned, OverlayMtuRound round)
    {
        Entry? old = _ports.GetValueOrDefault(planned.Spec.Name);
        if (old is not null && old.Device == planned.Device && old.Port.Spec.Equals(planned.Spec))
            return old;
        PortId id = old?.Port.Id ?? forwarding.AllocatePortId();
        if (!planned.IsNew)
        {
            IPortDevice device = planned.Device;
            string? bridge = _ports.Values.First(entry => entry.Device == device).Port.Spec.Bridge;
            DeviceOptions wanted = DeviceOptions.From(planned.Spec, mtu: null);
            Reconfigure(device, wanted.Bridge == bridge ? wanted with { Bridge = null } : wanted);
        }
        else if (planned.Device.Existed)
        {
            // Somebody made it before us. Until now the plan could be given up, and then nothing of it may have changed.
            Reconfigure(planned.Device, DeviceOptions.From(planned.Spec, round.Compute(planned.Spec).Links));
        }

        if (planned.IsNew && planned.Device is TapPort made && made.Keep(Keep.Tag) is string loose)
            DataplaneLog.SetupWarning(logger, loose);
        var port = new Port(id, planned.Spec, planned.Device, planned.Device.Mac) { IsUp = true, Mtu = planned.Device.ReadMtu() };
        if (planned.IsNew)
        {
            _queueDrops.Begin(planned.Device);
            DataplaneLog.PortOpened(logger, planned.Spec.Name, planned.Spec.Device, port.Mtu, planned.Device.QueueCount);
        }

        return new Entry(port, planned.Device);
    }

    private void Reconfigure(IPortDevice device, DeviceOptions wanted)
    {
        foreach (string warning in device.Reconfigure(wanted))
            DataplaneLog.SetupWarning(logger, warning);
    }

    /// <summary>Opens the queues that a port is to have and its device has not. What cannot be had leaves it with those it has.</summary>
    private static ImmutableArray<string> Reserve(IPortDevice device, PortSpec spec) =>
        device is TapPort tap && spec.Queues != tap.QueueCount ? tap.ReserveQueues(spec.Queues) : [];

    /// <summary>Gives every queue of a port to one worker; ports with one queue each spread over the workers. A change of their number is for afterwards.</summary>
    private void Attach(TopologyPlan plan, Entry entry)
    {
        if (Workers.IsEmpty)
            return;
        if (_ports.GetValueOrDefault(entry.Port.Spec.Name) != entry)
        {
            for (int queue = 0; queue < entry.Device.QueueCount; queue++)
                _ = WorkerOf(entry.Device, queue).Attach(entry.Port, queue);
            if (HasLane(entry.Device))
                _ = LaneWorker!.Attach(entry.Port, TapQueues.LaneQueue);
        }

        if (entry.Device is not TapPort tap)
            return;
        int wanted = Math.Min(entry.Port.Spec.Queues, tap.Queues.Opened);
        if (wanted != tap.QueueCount)
            plan.QueueChanges.Add(new QueueChange(entry.Port, tap, wanted, Workers, forwarding.Quiescence, time));
    }

    /// <summary>Lets the worker find out what the control side has found out: that the device is gone.</summary>
    private void Poll(Entry entry)
    {
        for (int queue = 0; queue < entry.Device.QueueCount && !Workers.IsEmpty; queue++)
            _ = WorkerOf(entry.Device, queue).Poll(entry.Device, queue);
    }

    private void Detach(TopologyPlan plan, Entry entry)
    {
        _queueDrops.Note(entry.Device, entry.Device.ReadQueueDrops());
        _queueDrops.Retire(entry.Device);
        plan.Retired.Add(entry.Device);
        DataplaneLog.PortRemoved(logger, entry.Port.Spec.Name);
        for (int queue = 0; queue < entry.Device.QueueCount && !Workers.IsEmpty; queue++)
            plan.Detached.Add(WorkerOf(entry.Device, queue).Detach(entry.Device, queue));
        if (HasLane(entry.Device))
            plan.Detached.Add(LaneWorker!.Detach(entry.Device, TapQueues.LaneQueue));
    }

    private bool HasLane(IPortDevice device) => LaneWorker is not null && device is TapPort { Queues.Lane: not null };

    private EncapWorker WorkerOf(IPortDevice device, int queue) => QueueChange.WorkerOf(Workers, device, queue);

    private OverlayMtuRound NewRound(PortVnis vnis, UnderlayChange underlay, OverlayMtuRound? before) =>
        new(vnis, underlay, forwarding.NextHopsOf, Paths, before);

    private (int Peers, int Paths, UnderlayChange? Underlay) NowFor(UnderlayChange underlay) => (forwarding.PeersVersion, PathsVersion?.Invoke() ?? 0, underlay);

    private void Compute(PortVnis vnis, UnderlayChange underlay, OverlayMtuRound? before)
    {
        // What changes meanwhile is for the next round.
        _computedFor = NowFor(underlay);
        _round = NewRound(vnis, underlay, before);
        foreach (Entry entry in _ports.Values)
        {
            entry.Limits = _round.Compute(entry.Port.Spec);
            Follow(entry);
        }
    }

    // A path lowers a TAP that is the tenant's own device, whose kernel then knows. A bridge drops without a word what is longer than the port it would leave by, and the tenant's
    // end of a veth pair has an MTU of its own: their hosts hear from us, for each path apart.
    private static int WantedOf(Entry entry) =>
        entry.Limits.Paths < entry.Limits.Links && entry.Port.Spec is { Kind: PortDeviceKind.Tap, Bridge: null } && !entry.Device.ReadHasMaster()
            ? entry.Limits.Paths
            : entry.Limits.Links;

    // What was set once and did not come to be is not set again before it changes, so that a device that is not ours to set is left alone, and the log too.
    private void Follow(Entry entry)
    {
        Port port = entry.Port;
        if (entry.Device.IsClosed || entry.Device.ReadMtu() is not (> 0 and var device))
            return;
        if (port.Spec.Mtu is not null)
        {
            entry.DeviceMtu = device;
            if (port.Mtu != device)
                port.Mtu = device;
            return;
        }

        int wanted = WantedOf(entry);
        if (device != wanted && (wanted != entry.Wanted || device != entry.DeviceMtu))
        {
            if (entry.Device.SetMtu(wanted) is { } problem)
                DataplaneLog.SetupWarning(logger, problem);
            if (entry.Device.ReadMtu() is > 0 and var now)
                device = now;
        }

        // What comes from the device is judged by the links alone, as what goes to it: one peer's path is no reason to lose what is for others, and is judged where that peer is sent to.
        int links = entry.Limits.Links;
        int deliver = device == wanted ? links : device;
        int mtu = Math.Min(deliver, links);
        if ((wanted, device) != (entry.Wanted, entry.DeviceMtu) || mtu != port.Mtu)
            DataplaneLog.PortMtu(logger, port.Spec.Name, Math.Min(device, mtu));
        (entry.Wanted, entry.DeviceMtu) = (wanted, device);
        if ((mtu, deliver) != (port.Mtu, port.DeliverMtu))
            port.SetLimits(mtu, deliver);
    }

    // MTUs in octets; 0 for what was not looked at yet.
    private sealed class Entry(Port port, IPortDevice device)
    {
        internal Port Port { get; } = port;

        internal IPortDevice Device { get; } = device;

        /// <summary>The device's, when we looked last.</summary>
        internal int DeviceMtu { get; set; }

        /// <summary>What we gave or wanted to give the device last.</summary>
        internal int Wanted { get; set; }

        /// <summary>What links and paths to the port's peers take, as of the last round.</summary>
        internal OverlayMtuLimits Limits { get; set; }
    }
}
