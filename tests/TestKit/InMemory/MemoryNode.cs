using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Pipeline;
using Overlay.Dataplane.Ports;
using Overlay.Encap;
using Overlay.Encap.Ethernet;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;

namespace Overlay.TestKit.InMemory;

/// <summary>
/// A whole dataplane without devices, sockets or threads: forwarding state, both pipelines of one worker, memory ports, a memory underlay. The test is the control loop.
/// Two nodes whose underlays are joined talk to each other.
/// </summary>
public sealed class MemoryNode
{
    private readonly Dictionary<string, Port> _ports = new(StringComparer.Ordinal);
    private readonly Dictionary<string, MemoryPort> _devices = new(StringComparer.Ordinal);
    private readonly PacketBatch _frames;
    private readonly DatagramBatch _datagrams;
    private readonly WorkerEpoch _epoch;
    private readonly EncapPipeline _encap;
    private readonly DecapPipeline _decap;

    public MemoryNode(UnderlayAddress[] addresses, PipelineOptions? options = null, int fdbLimit = FdbBudget.DefaultLimit)
    {
        options ??= new PipelineOptions { HashSeed = new FlowHashSeed(1, 2) };
        Addresses = addresses;
        Forwarding = new ForwardingState(maxWorkers: 2, fdbLimit, options.Time);
        Underlay = new MemoryUnderlay(addresses);
        Counters = Forwarding.AddWorker();
        LearnRing ring = Forwarding.AddLearnRing();
        _epoch = Forwarding.Quiescence.RegisterWorker();
        _frames = new PacketBatch(options.BatchSize, Math.Max(1, options.BatchSize / 16) * (PacketPool.Headroom + PacketPool.MaxFrameLength + 64));
        _datagrams = new DatagramBatch(options.BatchSize, options.BatchSize);
        _encap = new EncapPipeline(Forwarding, Underlay, Counters, ring, options);
        _decap = new DecapPipeline(Forwarding, Underlay, Counters, ring, options);
    }

    public UnderlayAddress[] Addresses { get; }

    public ForwardingState Forwarding { get; }

    public MemoryUnderlay Underlay { get; }

    public WorkerCounters Counters { get; }

    public CounterSnapshot Totals => Forwarding.SnapshotCounters();

    public PacketBatch FrameBatch => _frames;

    public DatagramBatch DatagramBatch => _datagrams;

    public EncapPipeline Encap => _encap;

    public DecapPipeline Decap => _decap;

    public MemoryPort Device(string port) => _devices[port];

    public Port Port(string port) => _ports[port];

    /// <summary>Makes ports that are new, drops those that are gone, and applies the topology.</summary>
    public void Apply(TopologySpec spec)
    {
        foreach (string gone in _ports.Keys.Where(name => !spec.Ports.ContainsKey(name)).ToArray())
        {
            Forwarding.ReleasePortId(_ports[gone].Id);
            _ports.Remove(gone);
            _devices.Remove(gone);
        }

        foreach ((string name, PortSpec port) in spec.Ports)
        {
            if (_ports.TryGetValue(name, out Port? old) && old.Spec.Equals(port))
                continue;

            MemoryPort device = _devices.GetValueOrDefault(name) ?? new MemoryPort();
            PortId id = old?.Id ?? Forwarding.AllocatePortId();
            _devices[name] = device;
            _ports[name] = new Port(id, port, device, port.Mac ?? new MacAddress(0x02_00_5E_00_00_00UL + (ulong)id.Index)) { IsUp = true, Mtu = port.Mtu ?? 1500 };
        }

        Forwarding.ApplyTopology(spec, _ports, Addresses);
    }

    /// <summary>A VTEP with one next hop that is admitted to and flooded in the given VNIs beside those that were added before.</summary>
    public NextHopId AddPeer(string name, UnderlayAddress address, EncapKind encap, PolicyOptionMode policy = PolicyOptionMode.Advisory, params Vni[] vnis)
    {
        VtepId vtep = Forwarding.DefineVtep(name);
        return AddNextHop(vtep, address, encap, policy, vnis);
    }

    public NextHopId AddNextHop(VtepId vtep, UnderlayAddress address, EncapKind encap, PolicyOptionMode policy = PolicyOptionMode.Advisory, params Vni[] vnis)
    {
        ushort port = encap == EncapKind.Vxlan ? (ushort)4789 : (ushort)6081;
        NextHopId hop = Forwarding.AcquireNextHop(new NextHopSpec(vtep, address, encap, port, policy));
        foreach (Vni vni in vnis)
        {
            Peers.Add((vni, address, hop));
            PublishPeers(vni);
        }

        return hop;
    }

    public List<(Vni Vni, UnderlayAddress Address, NextHopId Hop)> Peers { get; } = [];

    public void PublishPeers(Vni vni)
    {
        (Vni Vni, UnderlayAddress Address, NextHopId Hop)[] here = [.. Peers.Where(peer => peer.Vni == vni)];
        Forwarding.SetFloodList(vni, [.. here.Select(static peer => peer.Hop).Distinct()]);
        Forwarding.SetAllowList(vni, [.. here.Select(static peer => new SourceAdmission(peer.Address, peer.Hop))], []);
    }

    public void Learn(Vni vni, MacAddress mac, FdbTarget target, FdbOrigin origin = FdbOrigin.Static, FdbFlags flags = FdbFlags.None) =>
        Forwarding.TryWriteMac(vni, mac, target, origin, flags);

    public LearnHint[] TakeHints()
    {
        LearnHint[] hints = new LearnHint[4096];
        return hints[..Forwarding.ReadHints(hints)];
    }

    /// <summary>A tenant sends a frame through a port, and the dataplane forwards it.</summary>
    public void Send(string port, ReadOnlySpan<byte> frame, VnetHeader vnet = default)
    {
        Device(port).Put(frame, vnet);
        Pump();
    }

    /// <summary>A datagram arrives, and the dataplane forwards it.</summary>
    public void Arrive(ReadOnlySpan<byte> payload, UnderlayAddress source, EncapKind encap, byte tos = 0)
    {
        Underlay.Put(payload, source, encap, tos);
        Pump();
    }

    /// <summary>Forwards until nothing waits at this node.</summary>
    public void Pump()
    {
        bool any;
        do
        {
            any = false;
            foreach (Port port in _ports.Values)
            {
                _epoch.Enter();
                port.Device.Receive(0, _frames);
                any |= _frames.Count != 0;
                _encap.Process(port, 0, _frames);
                _epoch.Exit();
            }

            _epoch.Enter();
            Underlay.Receive(0, 0, _datagrams);
            any |= _datagrams.Count != 0;
            _decap.Process(_datagrams);
            _epoch.Exit();
        }
        while (any);
    }

    public long Dropped(Direction direction, DropReason reason) => Counters.Dropped(direction, reason);

    /// <summary>The identity every frame is held to.</summary>
    public bool IsBalanced()
    {
        CounterSnapshot totals = Totals;
        foreach (Direction direction in (ReadOnlySpan<Direction>)[Direction.Tx, Direction.Rx])
        {
            if (totals.Received(direction) != totals.Delivered(direction) + totals.Consumed(direction) + totals.Dropped(direction)
                || totals.Copies(direction) != totals.CopiesDelivered(direction) + totals.CopyDropped(direction))
            {
                return false;
            }
        }

        return true;
    }
}
