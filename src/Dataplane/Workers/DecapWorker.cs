using System.Collections.Immutable;
using System.Diagnostics;
using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Interop;
using Overlay.Dataplane.Pipeline;
using Overlay.Dataplane.Steering;
using Overlay.Dataplane.Underlay;

namespace Overlay.Dataplane.Workers;

/// <summary>Underlay → access: reads its receiving sockets and runs <see cref="DecapPipeline"/> over each batch.</summary>
internal sealed class DecapWorker : WorkerLoop
{
    /// <summary>Datagrams of a batch: sixteen messages of as many as the kernel joins (64), or many messages of a few: of many flows a message has two to eight.</summary>
    internal const int BatchSize = 1024;

    private const int SlotCount = 128;
    private const int MaxLeftBatches = 64;
    private readonly IUnderlay _underlay;
    private readonly DecapPipeline _pipeline;
    private readonly DatagramBatch _batch;
    private int _socketCount;
    private readonly ImmutableArray<LaneTable?> _lanes;

    /// <summary>Makes a worker that reads the sockets the underlay has for its index.</summary>
    /// <param name="index">Its index among the workers of its direction.</param>
    /// <param name="context">What it is given.</param>
    /// <param name="counters">Its counters.</param>
    /// <param name="underlay">The sockets.</param>
    /// <param name="pipeline">Its pipeline.</param>
    /// <param name="lanes">What is to be told of the datagrams of each socket, if these are the sockets of the lane.</param>
    internal DecapWorker(
        int index, WorkerContext context, WorkerCounters counters, IUnderlay underlay, DecapPipeline pipeline, ImmutableArray<LaneTable?> lanes = default)
        : base(lanes.IsDefaultOrEmpty ? $"overlay-rx-{index}" : "overlay-rx-lane", index, context, counters)
    {
        _lanes = lanes;
        _underlay = underlay;
        _pipeline = pipeline;
        _batch = new DatagramBatch(BatchSize, SlotCount);
        _socketCount = underlay.PollDescriptors(index).Length;
        Watch();
    }

    /// <summary>Sockets were replaced under their descriptors: the kernel forgot that we wait for them.</summary>
    internal Task WatchAgain() => Post(Watch);

    /// <summary>Begins to read a socket that was not there at the start.</summary>
    internal Task Attach(UdpReceiver receiver, ReceiveSocket socket) => Post(() =>
    {
        int index = receiver.Add(Index, in socket);
        _socketCount = Math.Max(_socketCount, index + 1);
        _ = Epoll.Add(socket.Socket.Descriptor, LinuxConstants.EpollIn, (ulong)index);
    });

    /// <summary>Ends reading such a socket. When the task is complete the worker never touches it again.</summary>
    internal Task Detach(UdpReceiver receiver, UdpSocket socket) => Post(() =>
    {
        _ = Epoll.Remove(socket.Descriptor);
        receiver.Remove(Index, socket);
    });

    /// <inheritdoc/>
    protected override int Tags => _socketCount;

    /// <inheritdoc/>
    protected override void Serve(ulong tag)
    {
        bool more = true;
        int datagrams = 0;
        for (int round = 0; (more && round < MaxRounds && datagrams < MaxFrames) || _batch.HasPending; round++, datagrams += _batch.Count)
            more = ServeBatch((int)tag);
    }

    /// <inheritdoc/>
    protected override void Drain()
    {
        for (int socket = 0; socket < _socketCount; socket++)
        {
            bool more = true;
            while (more && MayFlush)
                more = ServeBatch(socket);
            for (int i = 0; (more && i < MaxLeftBatches) || _batch.HasPending; i++)
            {
                more = _underlay.Receive(Index, socket, _batch);
                CountDropped(Direction.Rx, _batch.Count, DropReason.ShuttingDown);
            }
        }
    }

    // A socket that we wait for already is refused, and stays as it is.
    private void Watch()
    {
        ReadOnlySpan<int> descriptors = _underlay.PollDescriptors(Index);
        for (int i = 0; i < descriptors.Length; i++)
            _ = Epoll.Add(descriptors[i], LinuxConstants.EpollIn, (ulong)i);
    }

    private bool ServeBatch(int socket)
    {
        if (_lanes.IsDefaultOrEmpty || _lanes[socket] is not LaneTable lane)
            return ForwardBatch(socket);
        long began = Stopwatch.GetTimestamp();
        bool isNew = !_batch.HasPending;
        bool more = ForwardBatch(socket);
        if (_batch.HasPending)
            return more;
        for (int i = 0; i < _batch.MessageCount; i++)
        {
            ref DatagramMessage message = ref _batch.Message(i);
            lane.CountOut(SocketSteering.HashOf(in message.Info.Source, message.Info.SourcePort));
        }

        if (isNew && !more)
            lane.NoteEmpty(began);
        return more;
    }

    private bool ForwardBatch(int socket)
    {
        _batch.Count = 0;
        Epoch.Enter();
        try
        {
            bool more = _underlay.Receive(Index, socket, _batch);
            if (_batch.Count != 0)
                _pipeline.Process(_batch, Index);
            return more;
        }
        catch (Exception exception)
        {
            Abandon(Direction.Rx, _batch.Count, exception);
            return false;
        }
        finally
        {
            Epoch.Exit();
        }
    }
}
