using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Pipeline;
using Overlay.Dataplane.Ports;
using Overlay.Dataplane.Underlay;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.InMemory;

namespace Overlay.Bench;

/// <summary>
/// One broadcast to 100 VTEPs on real sockets, the whole way from a port to the kernel, beside 100 messages of that size in one bare <c>sendmmsg</c> to the same addresses.
/// The kernel's work is the same; what the ratio is over one is ours.
/// </summary>
[MemoryDiagnoser]
public class FloodBenchmarks
{
    private const int Vteps = 100;
    private const int SinkPort = 14_789;
    private const int HeaderLength = 8;
    private static readonly Vni Hundred = new(100);
    private UdpUnderlay _underlay = null!;
    private EncapPipeline _pipeline = null!;
    private Port _port = null!;
    private PacketBatch _batch = null!;
    private Socket _sink = null!;
    private Socket _bare = null!;
    private MmsgHdr[] _messages = [];

    [Params(64, 1400)]
    public int Octets { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _sink = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 2048 };
        _sink.Bind(new IPEndPoint(IPAddress.Any, SinkPort));
        UdpUnderlayResult opened = UdpUnderlay.Open(new UnderlaySpec { Local = [UnderlayAddress.Parse("127.0.0.1")], VxlanPort = 24_789, GenevePort = null }, 1);
        _underlay = opened.Underlay ?? throw new InvalidOperationException(string.Join("; ", opened.Errors));
        var state = new ForwardingState(1);
        _pipeline = new EncapPipeline(state, _underlay, state.AddWorker(), state.AddLearnRing(), new PipelineOptions { HashSeed = new FlowHashSeed(1, 2) });
        var spec = new PortSpec { Name = "p", Device = "p" };
        _port = new Port(state.AllocatePortId(), spec, new MemoryPort { Keeps = false }, new MacAddress(0x02_00_00_00_00_0A)) { IsUp = true, Mtu = 1500 };
        var topology = new TopologySpec
        {
            Ports = ImmutableSortedDictionary<string, PortSpec>.Empty.Add("p", spec),
            Vnis = [new VniSpec { Vni = Hundred, Ports = ["p"] }],
        };
        state.ApplyTopology(topology, new Dictionary<string, Port>(StringComparer.Ordinal) { ["p"] = _port }, []);
        NextHopId[] hops = new NextHopId[Vteps];
        for (int i = 0; i < Vteps; i++)
            hops[i] = state.AcquireNextHop(new NextHopSpec(state.DefineVtep($"v{i}"), Address(i), EncapKind.Vxlan, SinkPort, PolicyOptionMode.Advisory));

        state.SetFloodList(Hundred, hops);
        byte[] frame = Frames.UdpV4(MacAddress.Broadcast, new MacAddress(0x02_00_00_00_00_0B), payloadLength: Octets - 42);
        state.TryWriteMac(Hundred, new MacAddress(0x02_00_00_00_00_0B), FdbTarget.ToPort(_port.Id), FdbOrigin.Local, FdbFlags.None);
        _batch = new PacketBatch(64);
        _batch.Add(frame);
        SetupBare(frame.Length);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _underlay.Dispose();
        _sink.Dispose();
        _bare.Dispose();
    }

    [Benchmark(Baseline = true)]
    public int BareSendmmsg()
    {
        int sent = SendMmsg((int)_bare.Handle, _messages, Vteps, 0);
        return sent == Vteps ? sent : throw new InvalidOperationException($"{sent} of {Vteps} messages");
    }

    [Benchmark]
    public void Flood() => _pipeline.Process(_port, 0, _batch);

    private static UnderlayAddress Address(int i) => UnderlayAddress.FromIPv4(0x7F01_0001u + (uint)i);

    private void SetupBare(int frameLength)
    {
        _bare = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { SendBufferSize = 4 << 20 };
        _bare.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        byte[] payload = GC.AllocateArray<byte>(HeaderLength + frameLength, pinned: true);
        byte[] names = GC.AllocateArray<byte>(Vteps * 16, pinned: true);
        Iovec[] vectors = GC.AllocateArray<Iovec>(Vteps, pinned: true);
        _messages = GC.AllocateArray<MmsgHdr>(Vteps, pinned: true);
        for (int i = 0; i < Vteps; i++)
        {
            Span<byte> name = names.AsSpan(i * 16, 16);
            name[0] = 2;
            BinaryPrimitives.WriteUInt16BigEndian(name[2..], SinkPort);
            BinaryPrimitives.WriteUInt32BigEndian(name[4..], Address(i).IPv4Value);
            vectors[i] = new Iovec { Base = Marshal.UnsafeAddrOfPinnedArrayElement(payload, 0), Length = payload.Length };
            _messages[i].Name = Marshal.UnsafeAddrOfPinnedArrayElement(names, i * 16);
            _messages[i].NameLength = 16;
            _messages[i].Vectors = Marshal.UnsafeAddrOfPinnedArrayElement(vectors, i);
            _messages[i].VectorCount = 1;
        }
    }

    [DllImport("libc", EntryPoint = "sendmmsg", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendMmsg(int descriptor, [In, Out] MmsgHdr[] messages, uint count, int flags);

    [StructLayout(LayoutKind.Sequential)]
    private struct Iovec
    {
        internal nint Base;
        internal nint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct MmsgHdr
    {
        internal nint Name;
        internal uint NameLength;
        internal nint Vectors;
        internal nint VectorCount;
        internal nint Control;
        internal nint ControlLength;
        internal long Flags;
        internal long Length;
    }
}
