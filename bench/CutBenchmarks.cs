using System.Collections.Immutable;
using BenchmarkDotNet.Attributes;
using Overlay.Dataplane.Buffers;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.InMemory;

namespace Overlay.Bench;

/// <summary>
/// A tenant's super-frames, from the access to the underlay, a segment: the pipeline once, payload summed, headers of every segment written, on devices that
/// cost nothing.
/// </summary>
[MemoryDiagnoser]
public class CutBenchmarks
{
    private const int Frames = 4;
    private const int Segments = 44;
    private const int IPv4Segment = 1398;
    private static readonly Vni Hundred = new(100);
    private static readonly MacAddress Tenant = new(0x02_00_00_00_00_0A);
    private static readonly MacAddress Remote = new(0x02_00_00_00_00_0C);
    private MemoryNode _node = null!;

    [Params(false, true)]
    public bool Udp { get; set; }

    [Params(false, true)]
    public bool IPv6 { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _node = new MemoryNode([UnderlayAddress.Parse("192.0.2.1")]);
        _node.Apply(new TopologySpec
        {
            Ports = ImmutableSortedDictionary<string, PortSpec>.Empty.Add("p", new PortSpec { Name = "p", Device = "p", Mtu = 1450 }),
            Vnis = [new VniSpec { Vni = Hundred, Ports = ["p"] }],
        });
        NextHopId hop = _node.AddPeer("b", UnderlayAddress.Parse("192.0.2.2"), EncapKind.Vxlan, PolicyOptionMode.Advisory, Hundred);
        _node.Learn(Hundred, Remote, FdbTarget.ToNextHop(hop));
        _node.Learn(Hundred, Tenant, FdbTarget.ToPort(_node.Port("p").Id), FdbOrigin.Local);
        _node.Underlay.Keeps = false;
        int size = IPv6 ? IPv4Segment - 20 : IPv4Segment;
        var spec = new SuperFrameSpec { Udp = Udp, IPv6 = IPv6, SegmentSize = size, PayloadLength = Segments * size, TcpOptions = new byte[12] };
        (byte[] frame, VnetHeader vnet) = SuperFrames.Build(Remote, Tenant, spec);
        for (int i = 0; i < Frames; i++)
            _node.FrameBatch.Add(frame, vnet);
        Process();
        if (_node.Underlay.SentCount != Frames * Segments)
            throw new InvalidOperationException($"{_node.Underlay.SentCount} datagrams left instead of {Frames * Segments}.");
    }

    [Benchmark(OperationsPerInvoke = Frames * Segments)]
    public void AccessToUnderlay() => Process();

    private void Process() => _node.Encap.Process(_node.Port("p"), 0, _node.FrameBatch);
}
