using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Interop;
using Overlay.Dataplane.Pipeline;
using Overlay.Dataplane.Ports;
using Overlay.Dataplane.Workers;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.InMemory;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Dataplane.Tests.Workers;

/// <summary>Frames that wait at a worker's own thread: it is woken for the answer, and leaves nothing behind when it ends.</summary>
public sealed class EncapWorkerMissTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    private static readonly Vni V = new(100);
    private static readonly MacAddress Tenant = MacAddress.Parse("02:00:00:00:00:0a");
    private static readonly MacAddress Remote = MacAddress.Parse("02:00:00:00:00:0c");
    private readonly ForwardingState _state = new(1);
    private readonly QueuePort _device = new();
    private readonly MemoryUnderlay _underlay = new(UnderlayAddress.Parse("192.0.2.1"));
    private readonly WorkerCounters _counters;
    private readonly EncapWorker _worker;
    private readonly Port _port;
    private readonly NextHopId _hop;

    public EncapWorkerMissTests()
    {
        _counters = _state.AddWorker();
        PortSpec spec = new() { Name = "p", Device = "tap" };
        _port = new Port(_state.AllocatePortId(), spec, _device, MacAddress.Parse("02:00:00:00:00:01")) { IsUp = true, Mtu = 1500 };
        TopologySpec topology = new()
        {
            Ports = ImmutableSortedDictionary<string, PortSpec>.Empty.Add("p", spec),
            Vnis = [new VniSpec { Vni = V, Ports = ["p"], AsksOnMiss = true }],
        };
        _state.ApplyTopology(topology, new Dictionary<string, Port> { ["p"] = _port }, []);
        _hop = _state.AcquireNextHop(new NextHopSpec(_state.DefineVtep("b"), UnderlayAddress.Parse("192.0.2.2"), EncapKind.Vxlan, 4789, PolicyOptionMode.Advisory));
        _state.SetFloodList(V, [_hop]);
        var pipeline = new EncapPipeline(_state, _underlay, _counters, _state.AddLearnRing(), new PipelineOptions { BatchSize = 8 });
        var faults = new WorkerFaults(NullLogger.Instance);
        var context = new WorkerContext(_state.Quiescence.RegisterWorker(), faults, NullLogger.Instance, TimeProvider.System, null, 8);
        _worker = new EncapWorker(0, context, _counters, pipeline, static _ => { });
        _worker.Start();
    }

    public void Dispose()
    {
        _worker.RequestStop(TimeSpan.Zero);
        Assert.True(_worker.Join(Limit));
        _worker.Dispose();
        _device.Dispose();
    }

    [Fact]
    public async Task A_worker_that_holds_a_frame_is_woken_by_the_answer()
    {
        await HoldAsync(3);
        Assert.Equal(0, _counters.Received(Direction.Tx));
        Assert.True(_state.TryWriteMac(V, Remote, FdbTarget.ToNextHop(_hop), FdbOrigin.Etcd, FdbFlags.None));
        _state.ReleaseHeld(V, Remote);
        Wait.Until(() => _counters.Delivered(Direction.Tx) == 3, Limit, "the frames");
        Assert.Equal((3, 0), (_counters.Received(Direction.Tx), _state.HeldFrames));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_waits_at_the_end_is_forwarded_as_unknown_unicast(bool handOver)
    {
        await HoldAsync(3);
        _worker.RequestStop(Limit, handOver);
        Assert.True(_worker.Join(Limit));
        Assert.Equal((3, 3, 0), (_counters.Received(Direction.Tx), _counters.Delivered(Direction.Tx), _state.HeldFrames));

        // Nobody is there to be woken any more, and nothing is lost by it.
        _state.ReleaseHeld(V, Remote);
        _state.AgeHeld(1);
    }

    [Fact]
    public async Task What_waits_past_the_end_of_the_time_is_counted()
    {
        await HoldAsync(3);
        _worker.RequestStop(TimeSpan.Zero);
        Assert.True(_worker.Join(Limit));
        Assert.Equal((3, 3, 0), (_counters.Received(Direction.Tx), _counters.Dropped(Direction.Tx, DropReason.ShuttingDown), _state.HeldFrames));
        Assert.Equal(0, _underlay.SentCount);
    }

    private async Task HoldAsync(int count)
    {
        await _worker.Attach(_port, 0);
        for (int i = 0; i < count; i++)
            _device.Frames.Enqueue(Frames.UdpV4(Remote, Tenant));

        _device.Wake();
        Wait.Until(() => _state.HeldFrames == count, Limit, "frames that wait");
    }

    /// <summary>A port that gives the frames it was given.</summary>
    private sealed class QueuePort : IPort
    {
        private readonly EventFd _ready = new();

        internal ConcurrentQueue<byte[]> Frames { get; } = new();

        public int QueueCount => 1;

        public int PollDescriptor(int queue) => _ready.Descriptor;

        public PortReceiveStatus Receive(int queue, PacketBatch batch)
        {
            _ready.Clear();
            batch.Clear();
            while (batch.HasRoom && Frames.TryDequeue(out byte[]? frame))
                batch.Add(frame);

            return PortReceiveStatus.Drained;
        }

        public int Send(int queue, PortTxBatch batch, FrameOutcomes outcomes) => 0;

        public void Dispose() => _ready.Dispose();

        internal void Wake() => _ready.Set();
    }
}
