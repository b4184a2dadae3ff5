using System.Collections.Immutable;
using System.Diagnostics;
using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Interop;
using Overlay.Dataplane.Pipeline;
using Overlay.Dataplane.Ports;
using Overlay.Dataplane.Steering;

namespace Overlay.Dataplane.Workers;

/// <summary>Access → underlay: reads the port queues it was given and runs <see cref="EncapPipeline"/> over each batch.</summary>
internal sealed class EncapWorker : WorkerLoop
{
    private const int MaxLeftBatches = 64;

    // Frames that a queue of the kernel holds at most: a TAP's has room for its txqueuelen, 1000 if nobody changed it.
    private const int MaxQueueLength = 4096;

    // Room for as many of the shortest frames as a queue of the kernel holds: of many flows only a long batch has several frames of each, which can travel together.
    private const int SlabSize = 640 << 10;

    private readonly EncapPipeline _pipeline;
    private readonly PacketBatch _batch;
    private readonly Action<Port> _closed;
    private readonly Dictionary<(IPort Device, int Queue), int> _places = [];
    private Slot?[] _slots = new Slot?[16];
    private PacketBatch? _aside;
    private readonly uint[] _hashes;

    /// <summary>Makes a worker.</summary>
    /// <param name="index">Its index among the workers of its direction.</param>
    /// <param name="context">What it is given.</param>
    /// <param name="counters">Its counters.</param>
    /// <param name="pipeline">Its pipeline.</param>
    /// <param name="closed">Told on this thread when a device is gone.</param>
    /// <param name="name">The thread's name; null makes one of the index.</param>
    internal EncapWorker(int index, WorkerContext context, WorkerCounters counters, EncapPipeline pipeline, Action<Port> closed, string? name = null)
        : base(name ?? $"overlay-tx-{index}", index, context, counters)
    {
        _pipeline = pipeline;
        _batch = new PacketBatch(context.BatchSize, SlabSize);
        _hashes = new uint[context.BatchSize];
        _closed = closed;
        Action release = Release;
        pipeline.WakeBy(() => _ = Post(release));
    }

    /// <summary>Begins to read a queue; if it is read already, its frames belong to <paramref name="port"/> from the next batch on.</summary>
    internal Task Attach(Port port, int queue) => Post(() => AttachHere(port, queue));

    /// <summary>Ends reading a queue. When the task is complete the worker never touches the descriptor again to read from it.</summary>
    internal Task Detach(IPort device, int queue) => Post(() => DetachHere(device, queue));

    /// <summary>Reads a queue once without having been woken: a device that is gone may have nothing to wake us with.</summary>
    internal Task Poll(IPort device, int queue) => Post(() =>
    {
        if (_places.TryGetValue((device, queue), out int place))
            Serve((ulong)place);
    });

    /// <summary>
    /// Flows are on their way from some queues of a device to others: from now on a batch read from one of <paramref name="newer"/> is processed when what waits in the
    /// <paramref name="older"/> ones has been. All of them are read by this worker.
    /// </summary>
    /// <remarks>
    /// A frame that came to a newer queue behind one of its flow in an older queue is read after that one was put there, and the older queue is looked at after the newer was
    /// read: so the two cannot be processed in the wrong order. That holds as long as no queue is both.
    /// </remarks>
    internal Task BeginMove(IPort device, IReadOnlyList<int> older, IReadOnlyList<int> newer) => Post(() =>
    {
        _aside = new PacketBatch(_batch.Size);
        foreach (int queue in newer)
        {
            if (_places.TryGetValue((device, queue), out int place) && _slots[place] is Slot slot)
                _slots[place] = slot with { Older = [.. older] };
        }
    });

    /// <summary>The flows have moved, no frame is on its way to a queue that its flow has left: what waits in those is processed, and then each queue is by itself again.</summary>
    internal Task EndMove(IPort device) => Post(() =>
    {
        for (int place = 0; place < _slots.Length; place++)
        {
            if (_slots[place] is not Slot slot || slot.Port.Device != device || slot.Older.IsEmpty)
                continue;
            Epoch.Enter();
            ServeOlder(slot);
            Epoch.Exit();
            _slots[place] = slot with { Older = [] };
        }

        _aside = null;
    });

    /// <inheritdoc/>
    protected override int Tags => _slots.Length;

    /// <inheritdoc/>
    protected override void Serve(ulong tag)
    {
        // The slot may have been emptied by the mailbox earlier in the same wait.
        if (tag >= (ulong)_slots.Length || _slots[tag] is not Slot slot)
            return;
        int frames = 0;
        for (int round = 0; round < MaxRounds && frames < MaxFrames; round++, frames += _batch.Count)
        {
            switch (ServeBatch(slot))
            {
                case PortReceiveStatus.Closed:
                    DetachHere(slot.Port.Device, slot.Queue);
                    _closed(slot.Port);
                    return;
                case PortReceiveStatus.Drained:
                    return;
                default:
                    break;
            }
        }
    }

    /// <inheritdoc/>
    protected override void Drain()
    {
        foreach (Slot? slot in _slots)
        {
            if (slot is null)
                continue;
            PortReceiveStatus status = PortReceiveStatus.More;
            while (status == PortReceiveStatus.More && MayFlush)
                status = ServeBatch(slot);
            for (int i = 0; i < MaxLeftBatches && status == PortReceiveStatus.More; i++)
            {
                status = slot.Port.Device.Receive(slot.Queue, _batch);
                CountDropped(Direction.Tx, _batch.Count, DropReason.ShuttingDown);
            }
        }
    }

    /// <inheritdoc/>
    protected override void Finish()
    {
        Epoch.Enter();
        try
        {
            _pipeline.FlushHeld(Index, forwards: MayFlush);
        }
        finally
        {
            Epoch.Exit();
        }
    }

    private void Release()
    {
        Epoch.Enter();
        try
        {
            _pipeline.ReleaseHeld(Index);
        }
        finally
        {
            Epoch.Exit();
        }
    }

    private PortReceiveStatus ServeBatch(Slot slot)
    {
        Epoch.Enter();
        try
        {
            if (slot.Lane is not null)
                return ServeLane(slot, slot.Lane);
            PortReceiveStatus status = Receive(slot.Port, slot.Queue, _batch);
            if (!slot.Older.IsEmpty && _batch.Count != 0)
                ServeOlder(slot);
            Process(slot.Port, _batch);
            return status;
        }
        finally
        {
            Epoch.Exit();
        }
    }

    private PortReceiveStatus ServeLane(Slot slot, LaneTable lane)
    {
        long began = Stopwatch.GetTimestamp();
        PortReceiveStatus status = Receive(slot.Port, slot.Queue, _batch);

        // Processing writes into the frames.
        int count = _batch.Count;
        for (int i = 0; i < count; i++)
            _hashes[i] = TapSteering.HashOf(_batch.Frame(i));
        Process(slot.Port, _batch);
        for (int i = 0; i < count; i++)
            lane.CountOut(_hashes[i]);
        if (status == PortReceiveStatus.Drained)
            lane.NoteEmpty(began);
        return status;
    }

    // As many frames as a queue may hold, or under load this would have no end.
    private void ServeOlder(Slot slot)
    {
        foreach (int queue in slot.Older)
        {
            PortReceiveStatus status = PortReceiveStatus.More;
            for (int frames = 0; frames < MaxQueueLength && status == PortReceiveStatus.More; frames += _aside!.Count)
            {
                status = Receive(slot.Port, queue, _aside!);
                Process(slot.Port, _aside!);
            }
        }
    }

    private PortReceiveStatus Receive(Port port, int queue, PacketBatch batch)
    {
        batch.Clear();
        try
        {
            return port.Device.Receive(queue, batch);
        }
        catch (Exception exception)
        {
            Abandon(Direction.Tx, batch.Count, exception);
            batch.Clear();
            return PortReceiveStatus.Drained;
        }
    }

    private void Process(Port port, PacketBatch batch)
    {
        if (batch.Count == 0)
            return;
        try
        {
            _pipeline.Process(port, Index, batch);
        }
        catch (Exception exception)
        {
            Abandon(Direction.Tx, batch.Count, exception);
        }
    }

    private void AttachHere(Port port, int queue)
    {
        if (_places.TryGetValue((port.Device, queue), out int place))
        {
            _slots[place] = _slots[place]! with { Port = port };
            return;
        }

        place = Array.IndexOf(_slots, null);
        if (place < 0)
        {
            place = _slots.Length;
            Array.Resize(ref _slots, _slots.Length * 2);
        }

        if (Epoll.Add(port.Device.PollDescriptor(queue), LinuxConstants.EpollIn, (ulong)place) < 0)
        {
            _closed(port);
            return;
        }

        LaneTable? lane = queue == TapQueues.LaneQueue && port.Device is TapPort tap ? tap.Queues.Lane : null;
        _slots[place] = new Slot(port, queue, [], lane);
        _places[(port.Device, queue)] = place;
    }

    private void DetachHere(IPort device, int queue)
    {
        if (!_places.Remove((device, queue), out int place))
            return;
        _ = Epoll.Remove(device.PollDescriptor(queue));
        _slots[place] = null;
    }

    /// <summary>A queue that is read, those of the same device that flows are leaving for it, and what is to be told of its frames if it is the lane.</summary>
    private sealed record Slot(Port Port, int Queue, ImmutableArray<int> Older, LaneTable? Lane);
}
