using System.Collections.Immutable;
using BenchmarkDotNet.Attributes;
using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Pipeline;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.InMemory;

namespace Overlay.Bench;

/// <summary>
/// Underlay to access for messages of many datagrams, a datagram: taken apart, judged, verified, joined, counted. <c>tcp</c> and <c>udp</c> are one flow that joins,
/// <c>apart</c> 64 flows whose neighbouring datagrams never belong together and find nothing to join.
/// </summary>
[MemoryDiagnoser]
public class TrainBenchmarks
{
    private const int Datagrams = 256;
    private const int HeaderLength = 128;
    private static readonly Vni Hundred = new(100);
    private static readonly MacAddress Tenant = new(0x02_00_00_00_00_0A);
    private static readonly MacAddress Remote = new(0x02_00_00_00_00_0C);
    private static readonly UnderlayAddress Peer = UnderlayAddress.Parse("192.0.2.2");
    private MemoryNode _node = null!;
    private DatagramBatch _batch = null!;
    private byte[] _slab = [];

    [Params("tcp", "udp", "apart")]
    public string Train { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        _node = new MemoryNode([UnderlayAddress.Parse("192.0.2.1")], new PipelineOptions { HashSeed = new FlowHashSeed(1, 2), BatchSize = Datagrams });
        _node.Apply(new TopologySpec
        {
            Ports = ImmutableSortedDictionary<string, PortSpec>.Empty.Add("p", new PortSpec { Name = "p", Device = "p" }),
            Vnis = [new VniSpec { Vni = Hundred, Ports = ["p"], RemoteLearning = true }],
        });
        NextHopId hop = _node.AddPeer("b", Peer, EncapKind.Vxlan, PolicyOptionMode.Advisory, Hundred);
        _node.Learn(Hundred, Remote, FdbTarget.ToNextHop(hop));
        _node.Learn(Hundred, Tenant, FdbTarget.ToPort(_node.Port("p").Id), FdbOrigin.Local);
        _node.Device("p").Keeps = false;
        bool tcp = Train == "tcp";
        int perMessage = tcp ? 32 : 64;
        SegmentTrain[] flows = [.. Enumerable.Range(0, Train == "apart" ? 64 : 1).Select(i => new SegmentTrain(Tenant, Remote, tcp, port: (ushort)(1000 + i)))];
        _batch = new DatagramBatch(Datagrams, Datagrams / perMessage);
        for (int slot = 0; slot < Datagrams / perMessage; slot++)
        {
            int position = 0;
            for (int i = 0; i < perMessage; i++)
            {
                SegmentTrain flow = flows[i % flows.Length];
                if (Train == "apart")
                    flow.Identification += 7;

                byte[] datagram = Frames.Datagram(EncapKind.Vxlan, Hundred, flow.Next(tcp ? 1398 : 64));
                datagram.CopyTo(_batch.Slab, _batch.Slots.FrameOffset(slot) + position);
                position += datagram.Length;
                _batch.Message(slot) = new DatagramMessage
                {
                    Length = position,
                    SegmentLength = datagram.Length,
                    Info = new DatagramInfo { Source = Peer, Encap = EncapKind.Vxlan },
                };
            }
        }

        _slab = [.. _batch.Slab];
    }

    [Benchmark(OperationsPerInvoke = Datagrams)]
    public void UnderlayToAccess()
    {
        // What was joined has its first header overwritten.
        for (int slot = 0; slot < _batch.Slots.Count; slot++)
            _slab.AsSpan(_batch.Slots.FrameOffset(slot), HeaderLength).CopyTo(_batch.Slab.AsSpan(_batch.Slots.FrameOffset(slot)));

        _batch.Accept(_batch.Slots.Count);
        _node.Decap.Process(_batch);
    }
}
