using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Overlay.Control;
using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Forwarding;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.InMemory;

namespace Overlay.Bench;

/// <summary>One VNI with two ports, one worker and a control loop; frames come in at one port with invented sources and go to a MAC behind the other.</summary>
internal sealed class LearningNode
{
    private static readonly Vni Hundred = new(100);
    private static readonly MacAddress Sink = new(0x02_00_00_00_00_01UL);
    private readonly MemoryNode _node = new([UnderlayAddress.Parse("192.0.2.1")]);
    private readonly WorkerEpoch _worker;
    private readonly byte[] _frame = Frames.UdpV4(Sink, new MacAddress(2), payloadLength: 22);
    private readonly TopologySpec _topology;

    public LearningNode(int limit, int macLimit)
    {
        _topology = new TopologySpec
        {
            Ports = ImmutableSortedDictionary<string, PortSpec>.Empty
                .Add("p", new PortSpec { Name = "p", Device = "p", MacLimit = macLimit })
                .Add("q", new PortSpec { Name = "q", Device = "q" }),
            Vnis = [new VniSpec { Vni = Hundred, Ports = ["p", "q"], LearnLimit = limit }],
        };
        _node.Apply(_topology);
        _node.Underlay.Keeps = false;
        _node.Device("p").Keeps = false;
        _node.Device("q").Keeps = false;
        _worker = _node.Forwarding.Quiescence.RegisterWorker();
    }

    /// <summary>Entries in the forwarding table, the one of the sink left out.</summary>
    public int Count => _node.Forwarding.FdbCount - 1;

    public async Task<ControlLoop> StartAsync(int limit)
    {
        var control = new ControlLoop(_node.Forwarding, new ControlOptions { LearnLimit = limit }, TimeProvider.System, NullLoggerFactory.Instance);
        control.Start();
        await control.SetTopology(_topology, new Dictionary<string, PortId> { ["p"] = _node.Port("p").Id, ["q"] = _node.Port("q").Id });
        _node.Learn(Hundred, Sink, FdbTarget.ToPort(_node.Port("q").Id));
        return control;
    }

    /// <summary>The MAC of a number: different for different numbers, in no order, as those of many vendors are.</summary>
    public MacAddress MacOf(int number) => new(0x06_00_00_00_00_00UL | (((ulong)number * 0x9E_3779_B97FUL) & 0xFF_FFFF_FFFFUL));

    public bool Has(int number) => _node.Forwarding.TryGetMac(Hundred, MacOf(number), out _);

    /// <summary>Frames in batches of 64, with the MACs of consecutive numbers as sources.</summary>
    public void Send(int first, int count)
    {
        PacketBatch batch = _node.FrameBatch;
        for (int at = 0; at < count; at += 64)
        {
            batch.Clear();
            for (int i = at; i < Math.Min(at + 64, count); i++)
            {
                MacOf(first + i).WriteTo(_frame.AsSpan(MacAddress.Length));
                batch.Add(_frame);
            }

            _worker.Enter();
            _node.Encap.Process(_node.Port("p"), 0, batch);
            _worker.Exit();
        }
    }
}
