using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Interop;
using Overlay.Dataplane.Pipeline;
using Overlay.Dataplane.Ports;
using Overlay.Dataplane.Underlay;
using Overlay.Dataplane.Workers;
using Overlay.Encap;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.InMemory;
using Xunit;

namespace Overlay.Dataplane.Tests.Workers;

/// <summary>What an <see cref="EncapWorker"/> does while flows move from queue 0 of a port to queue 1.</summary>
public sealed class QueueMoveTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    private readonly ForwardingState _state = new(1);
    private readonly TwoQueues _device = new();
    private readonly MemoryPort _other = new();
    private readonly EncapWorker _worker;
    private readonly Port _port;

    public QueueMoveTests()
    {
        WorkerCounters counters = _state.AddWorker();
        PortSpec[] specs = [new() { Name = "p", Device = "p" }, new() { Name = "q", Device = "q" }];
        _port = new Port(_state.AllocatePortId(), specs[0], _device, MacAddress.Parse("02:00:00:00:00:01")) { IsUp = true };
        var other = new Port(_state.AllocatePortId(), specs[1], _other, MacAddress.Parse("02:00:00:00:00:02")) { IsUp = true };
        var topology = new TopologySpec
        {
            Ports = specs.ToImmutableSortedDictionary(static spec => spec.Name, static spec => spec),
            Vnis = [new VniSpec { Vni = new Vni(100), Ports = ["p", "q"] }],
        };
        _state.ApplyTopology(topology, new Dictionary<string, Port>(StringComparer.Ordinal) { ["p"] = _port, ["q"] = other }, []);
        var pipeline = new EncapPipeline(_state, new MemoryUnderlay(), counters, _state.AddLearnRing(), new PipelineOptions());
        var context = new WorkerContext(_state.Quiescence.RegisterWorker(), new WorkerFaults(NullLogger.Instance), NullLogger.Instance, TimeProvider.System, null, 64);
        _worker = new EncapWorker(0, context, counters, pipeline, static _ => { });
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
    public async Task What_waits_in_the_queue_that_flows_leave_goes_before_what_came_to_the_one_they_come_to()
    {
        await _worker.Attach(_port, 0);
        await _worker.Attach(_port, 1);
        await _worker.BeginMove(_device, [0], [1]);
        for (byte number = 1; number <= 20; number++)
            _device.Put(0, number);
        _device.Put(1, 21);

        // What came to the newer queue was read before the older one was looked at, so that also counts which gets there at the last moment.
        _device.WhileReading = () => _device.Put(0, 20);
        _device.Wake(1);
        await _worker.Post(static () => { }).WaitAsync(Limit);
        Assert.Equal([.. Enumerable.Range(1, 20), 20, 21], Delivered());
    }

    [Fact]
    public async Task The_end_of_a_move_leaves_nothing_in_the_older_queues()
    {
        await _worker.Attach(_port, 0);
        await _worker.Attach(_port, 1);
        await _worker.BeginMove(_device, [0], [1]);
        _device.Put(0, 1);
        await _worker.EndMove(_device).WaitAsync(Limit);
        Assert.Equal([1], Delivered());

        _device.Put(0, 2);
        _device.Put(1, 3);
        _device.Wake(1);
        await _worker.Post(static () => { }).WaitAsync(Limit);
        Assert.Equal([3], Delivered());
    }

    private int[] Delivered() => [.. _other.Take().Select(static frame => (int)frame.Frame[14])];

    private sealed class TwoQueues : IPort
    {
        private readonly ConcurrentQueue<byte>[] _queues = [new(), new()];
        private readonly EventFd[] _ready = [new(), new()];

        internal Action? WhileReading { get; set; }

        public int QueueCount => 2;

        public int PollDescriptor(int queue) => _ready[queue].Descriptor;

        public PortReceiveStatus Receive(int queue, PacketBatch batch)
        {
            batch.Clear();
            _ready[queue].Clear();
            while (batch.HasRoom && _queues[queue].TryDequeue(out byte number))
                batch.Add(Frame(number));
            if (queue == 1)
                WhileReading?.Invoke();
            WhileReading = null;
            return PortReceiveStatus.Drained;
        }

        public int Send(int queue, PortTxBatch batch, FrameOutcomes outcomes) => 0;

        public void Dispose() => Array.ForEach(_ready, static ready => ready.Dispose());

        internal void Put(int queue, byte number) => _queues[queue].Enqueue(number);

        internal void Wake(int queue) => _ready[queue].Set();

        private static byte[] Frame(byte number)
        {
            byte[] frame = new byte[60];
            MacAddress.Broadcast.WriteTo(frame);
            MacAddress.Parse("02:00:00:00:00:99").WriteTo(frame.AsSpan(6));
            frame[12] = 0x88;
            frame[13] = 0xB5;
            frame[14] = number;
            return frame;
        }
    }
}
