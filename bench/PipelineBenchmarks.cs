using System.Collections.Immutable;
using BenchmarkDotNet.Attributes;
using Overlay.Dataplane.Buffers;
using Overlay.Encap;
using Overlay.Encap.Geneve;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.InMemory;

namespace Overlay.Bench;

/// <summary>
/// The whole pipelines a frame, on devices that cost nothing: judgement, tag, two FDB lookups, learning, decision, flow hash, header, counters. What is left of a
/// frame's cost in the daemon is system calls and copies of the kernel.
/// </summary>
[MemoryDiagnoser]
public class PipelineBenchmarks
{
    private const int Batch = 64;
    private static readonly Vni Hundred = new(100);
    private static readonly MacAddress Tenant = new(0x02_00_00_00_00_0A);
    private static readonly MacAddress Remote = new(0x02_00_00_00_00_0C);
    private static readonly UnderlayAddress Peer = UnderlayAddress.Parse("192.0.2.2");
    private MemoryNode _node = null!;

    [Params(EncapKind.Vxlan, EncapKind.Geneve)]
    public EncapKind Encap { get; set; }

    [Params(0, 3)]
    public int Options { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _node = new MemoryNode([UnderlayAddress.Parse("192.0.2.1")]);
        bool options = Options != 0;
        _node.Apply(new TopologySpec
        {
            Ports = ImmutableSortedDictionary<string, PortSpec>.Empty.Add("p", new PortSpec { Name = "p", Device = "p", Identity = options ? 7 : null }),
            Vnis = [new VniSpec { Vni = Hundred, Ports = ["p"], RemoteLearning = true, PolicyId = options ? 17 : null, OnVxlanPeer = VxlanPolicyAction.Strip }],
        });
        NextHopId hop = _node.AddPeer("b", Peer, Encap, PolicyOptionMode.Advisory, Hundred);
        _node.Learn(Hundred, Remote, FdbTarget.ToNextHop(hop));
        _node.Learn(Hundred, Tenant, FdbTarget.ToPort(_node.Port("p").Id), FdbOrigin.Local);
        _node.Underlay.Keeps = false;
        _node.Device("p").Keeps = false;
        GeneveOptionRegistry registry = GeneveOptionRegistry.Default;
        byte[] frame = Frames.UdpV4(Remote, Tenant, payloadLength: 22);
        byte[] inner = Frames.UdpV4(Tenant, Remote, payloadLength: 22);
        byte[] datagram = options
            ? Frames.Datagram(Encap, Hundred, inner, GeneveOption.Policy(registry, 17, true), GeneveOption.Telemetry(registry, 1, 2), GeneveOption.Identity(registry, 7, false))
            : Frames.Datagram(Encap, Hundred, inner);
        for (int i = 0; i < Batch; i++)
        {
            _node.FrameBatch.Add(frame);
            _node.DatagramBatch.Add(datagram, new DatagramInfo { Source = Peer, Encap = Encap });
        }
    }

    [Benchmark(OperationsPerInvoke = Batch)]
    public void AccessToUnderlay() => _node.Encap.Process(_node.Port("p"), 0, _node.FrameBatch);

    [Benchmark(OperationsPerInvoke = Batch)]
    public void UnderlayToAccess() => _node.Decap.Process(_node.DatagramBatch);
}
