using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
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
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Dataplane.Tests.Workers;

public sealed class EncapWorkerTests : IDisposable
{
    private const int Batch = 8;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    private readonly ForwardingState _state = new(1);
    private readonly ScriptedPort _device = new();
    private readonly LogSink _log = new();
    private readonly WorkerFaults _faults;
    private readonly WorkerCounters _counters;
    private readonly ConcurrentQueue<Port> _closed = new();
    private readonly EncapWorker _worker;
    private readonly Port _port;

    public EncapWorkerTests()
    {
        _faults = new WorkerFaults(_log);
        _counters = _state.AddWorker();
        _port = new Port(_state.AllocatePortId(), new PortSpec { Name = "p", Device = "tap" }, _device, MacAddress.Parse("02:00:00:00:00:01"));
        var pipeline = new EncapPipeline(_state, new NoUnderlay(), _counters, _state.AddLearnRing(), new PipelineOptions { BatchSize = Batch });
        var context = new WorkerContext(_state.Quiescence.RegisterWorker(), _faults, _log, TimeProvider.System, null, Batch);
        _worker = new EncapWorker(0, context, _counters, pipeline, _closed.Enqueue);
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
    public async Task A_worker_survives_what_a_batch_throws_and_counts_its_frames()
    {
        for (int i = 0; i < 5; i++)
            _device.Script.Enqueue((3, PortReceiveStatus.Drained, true));
        await _worker.Attach(_port, 0);
        _device.Wake();
        Wait.Until(() => _device.Script.IsEmpty, Limit, "all batches");
        await _worker.Post(() => { });
        Assert.Equal(5, _faults.Count);
        Assert.Equal(1, _log.Count);
        Assert.Equal(15, _counters.Received(Direction.Tx));
        Assert.Equal(15, _counters.Dropped(Direction.Tx, DropReason.InternalError));
        Assert.True(_state.Quiescence.HasPassed(_state.Quiescence.Mark()));
    }

    [Fact]
    public async Task Work_that_throws_does_not_end_the_worker_nor_leave_its_poster_waiting()
    {
        await _worker.Post(() => throw new InvalidOperationException("posted"));
        await _worker.Post(() => { });
        Assert.Equal(1, _faults.Count);
    }

    [Fact]
    public async Task A_device_that_is_gone_is_reported_once_and_not_polled_again()
    {
        _device.Script.Enqueue((0, PortReceiveStatus.Closed, false));
        await _worker.Attach(_port, 0);
        _device.Wake();
        Wait.Until(() => !_closed.IsEmpty, Limit, "the report");
        _device.Wake();
        await _worker.Post(() => { });
        Assert.Same(_port, Assert.Single(_closed));
        Assert.Equal(1, _device.ReceiveCount);
    }

    [Fact]
    public async Task A_detached_queue_is_not_read_any_more()
    {
        await _worker.Attach(_port, 0);
        await _worker.Detach(_device, 0);
        _device.Wake();
        await _worker.Post(() => { });
        Assert.Equal(0, _device.ReceiveCount);
    }

    [Fact]
    public async Task A_busy_port_does_not_keep_the_mailbox_waiting()
    {
        _device.IsEndless = true;
        await _worker.Attach(_port, 0);
        _device.Wake();
        Wait.Until(() => _device.ReceiveCount > 100, Limit, "a busy port");
        await _worker.Post(() => { }).WaitAsync(Limit);
        _device.IsEndless = false;
    }

    [Fact]
    public async Task What_is_left_at_the_end_is_counted_as_shutting_down()
    {
        await _worker.Attach(_port, 0);
        _device.Script.Enqueue((5, PortReceiveStatus.More, false));
        _device.Script.Enqueue((2, PortReceiveStatus.Drained, false));
        _worker.RequestStop(TimeSpan.Zero);
        Assert.True(_worker.Join(Limit));
        Assert.Equal(7, _counters.Dropped(Direction.Tx, DropReason.ShuttingDown));
        Assert.Equal(7, _counters.Received(Direction.Tx));
        bool ran = false;
        await _worker.Post(() => ran = true);
        Assert.True(ran);
    }

    /// <summary>A port that gives the batches it is told to.</summary>
    private sealed class ScriptedPort : IPort
    {
        private readonly EventFd _ready = new();
        private int _receiveCount;

        internal ConcurrentQueue<(int Count, PortReceiveStatus Status, bool Throws)> Script { get; } = new();

        internal volatile bool IsEndless;

        internal int ReceiveCount => Volatile.Read(ref _receiveCount);

        public int QueueCount => 1;

        public int PollDescriptor(int queue) => _ready.Descriptor;

        public PortReceiveStatus Receive(int queue, PacketBatch batch)
        {
            _ = Interlocked.Increment(ref _receiveCount);
            if (!Script.TryDequeue(out (int Count, PortReceiveStatus Status, bool Throws) step))
            {
                if (!IsEndless)
                    _ready.Clear();
                return IsEndless ? PortReceiveStatus.More : PortReceiveStatus.Drained;
            }

            batch.Clear();
            for (int i = 0; i < step.Count; i++)
                batch.Append(60, default);
            return step.Throws ? throw new InvalidOperationException("scripted") : step.Status;
        }

        public int Send(int queue, PortTxBatch batch, FrameOutcomes outcomes) => 0;

        public void Dispose() => _ready.Dispose();

        internal void Wake() => _ready.Set();
    }

    private sealed class NoUnderlay : IUnderlay
    {
        public ReadOnlySpan<int> PollDescriptors(int worker) => [];

        public bool Receive(int worker, int socket, DatagramBatch batch) => false;

        public int Send(TxBatch batch, FrameOutcomes outcomes) => 0;

        public void Dispose()
        {
        }
    }

    private sealed class LogSink : ILogger
    {
        private int _count;

        internal int Count => Volatile.Read(ref _count);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Interlocked.Increment(ref _count);
    }
}
