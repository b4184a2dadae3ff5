using System.Collections.Immutable;
using BenchmarkDotNet.Attributes;
using Overlay.Dataplane.Buffers;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.InMemory;

namespace Overlay.Bench;

/// <summary>What a receive call brings.</summary>
public enum Arrival
{
    /// <summary>One message of 44 datagrams that the kernel has joined: TCP segments of one flow.</summary>
    Train,

    /// <summary>The same datagrams as a message each.</summary>
    Singly,

    /// <summary>Two short UDP datagrams of each of 22 flows, first all the first ones, then all the second ones.</summary>
    ManyFlows,
}

/// <summary>
/// Tunnel datagrams from the underlay to the access, a datagram: split, judged, checksums verified, decided, joined to super-frames, on devices that cost nothing.
/// Restoring the headers that joining wrote over is in the figure; it is a copy of 96 octets a message.
/// </summary>
[MemoryDiagnoser]
public class MergeBenchmarks
{
    private const int Segments = 44;
    private const int Flows = Segments / 2;
    private const int HeadLength = 96;
    private static readonly Vni Hundred = new(100);
    private static readonly MacAddress Tenant = new(0x02_00_00_00_00_0A);
    private static readonly MacAddress Remote = new(0x02_00_00_00_00_0C);
    private static readonly UnderlayAddress Peer = UnderlayAddress.Parse("192.0.2.2");
    private readonly List<byte[]> _heads = [];
    private readonly List<DatagramMessage> _messages = [];
    private MemoryNode _node = null!;

    [Params(Arrival.Train, Arrival.Singly, Arrival.ManyFlows)]
    public Arrival Arrival { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _node = new MemoryNode([UnderlayAddress.Parse("192.0.2.1")]);
        _node.Apply(new TopologySpec
        {
            Ports = ImmutableSortedDictionary<string, PortSpec>.Empty.Add("p", new PortSpec { Name = "p", Device = "p" }),
            Vnis = [new VniSpec { Vni = Hundred, Ports = ["p"], RemoteLearning = true }],
        });
        NextHopId hop = _node.AddPeer("b", Peer, EncapKind.Vxlan, PolicyOptionMode.Advisory, Hundred);
        _node.Learn(Hundred, Remote, FdbTarget.ToNextHop(hop));
        _node.Learn(Hundred, Tenant, FdbTarget.ToPort(_node.Port("p").Id), FdbOrigin.Local);
        _node.Device("p").Keeps = false;
        Fill();
        Process();
        long frames = _node.Device("p").DeliveredCount;
        if (frames != (Arrival == Arrival.ManyFlows ? Flows : 1))
            throw new InvalidOperationException($"{Segments} datagrams became {frames} frames.");
    }

    [Benchmark(OperationsPerInvoke = Segments)]
    public void UnderlayToAccess() => Process();

    private void Fill()
    {
        if (Arrival == Arrival.ManyFlows)
        {
            var short64 = new SuperFrameSpec { Udp = true, SegmentSize = 64, PayloadLength = 128 };
            byte[][][] flows = [.. Enumerable.Range(0, Flows).Select(flow => Cut(short64 with { SourcePort = (ushort)(40_000 + flow) }))];
            foreach (int index in new[] { 0, 1 })
            {
                foreach (byte[][] flow in flows)
                    AddMessage([flow[index]]);
            }

            return;
        }

        const int Size = 1398;
        byte[][] train = Cut(new SuperFrameSpec { SegmentSize = Size, PayloadLength = Segments * Size, TcpOptions = new byte[12] });
        if (Arrival == Arrival.Train)
        {
            AddMessage(train);
        }
        else
        {
            foreach (byte[] datagram in train)
                AddMessage([datagram]);
        }
    }

    private static byte[][] Cut(SuperFrameSpec spec) => [.. SuperFrames.Cut(Tenant, Remote, spec).Select(static frame => Frames.Datagram(EncapKind.Vxlan, Hundred, frame))];

    private void AddMessage(byte[][] datagrams)
    {
        DatagramBatch batch = _node.DatagramBatch;
        byte[] message = [.. datagrams.SelectMany(static datagram => datagram)];
        message.CopyTo(batch.Slab.AsSpan(batch.Slots.FrameOffset(_messages.Count), batch.Slots.FrameSize));
        _heads.Add(message[..HeadLength]);
        _messages.Add(new DatagramMessage
        {
            Length = message.Length,
            SegmentLength = datagrams.Length > 1 ? datagrams[0].Length : 0,
            Info = new DatagramInfo { Source = Peer, Encap = EncapKind.Vxlan },
        });
    }

    private void Process()
    {
        DatagramBatch batch = _node.DatagramBatch;
        for (int i = 0; i < _messages.Count; i++)
        {
            batch.Message(i) = _messages[i];
            _heads[i].CopyTo(batch.Slab.AsSpan(batch.Slots.FrameOffset(i)));
        }

        batch.Accept(_messages.Count);
        _node.Decap.Process(batch);
    }
}
