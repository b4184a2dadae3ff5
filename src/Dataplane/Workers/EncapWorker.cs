using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Interop;
using Overlay.Dataplane.Pipeline;
using Overlay.Dataplane.Ports;

namespace Overlay.Dataplane.Workers;

/// <summary>Access → underlay: reads the port queues it was given and runs <see cref="EncapPipeline"/> over each batch.</summary>
internal sealed class EncapWorker : WorkerLoop
{
    private const int MaxLeftBatches = 64;
    private readonly EncapPipeline _pipeline;
    private readonly PacketBatch _batch;
    private readonly Action<Port> _closed;
    private readonly Dictionary<(IPort Device, int Queue), int> _places = [];
    private Slot?[] _slots = new Slot?[16];

    /// <summary>Makes a worker.</summary>
    /// <param name="index">Its index among the workers of its direction.</param>
    /// <param name="context">What it is given.</param>
    /// <param name="counters">Its counters.</param>
    /// <param name="pipeline">Its pipeline.</param>
    /// <param name="closed">Told on this thread when a device is gone.</param>
    internal EncapWorker(int index, WorkerContext context, WorkerCounters counters, EncapPipeline pipeline, Action<Port> closed)
        : base($"overlay-tx-{index}", index, context, counters)
    {
        _pipeline = pipeline;
        _batch = new PacketBatch(context.BatchSize);
        _closed = closed;
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

    /// <inheritdoc/>
    protected override void Serve(ulong tag)
    {
        // The slot may have been emptied by the mailbox earlier in the same wait.
        if (tag >= (ulong)_slots.Length || _slots[tag] is not Slot slot)
            return;
        for (int round = 0; round < MaxRounds; round++)
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

    private PortReceiveStatus ServeBatch(Slot slot)
    {
        _batch.Clear();
        Epoch.Enter();
        try
        {
            PortReceiveStatus status = slot.Port.Device.Receive(slot.Queue, _batch);
            if (_batch.Count != 0)
                _pipeline.Process(slot.Port, Index, _batch);
            return status;
        }
        catch (Exception exception)
        {
            Abandon(Direction.Tx, _batch.Count, exception);
            return PortReceiveStatus.Drained;
        }
        finally
        {
            Epoch.Exit();
        }
    }

    private void AttachHere(Port port, int queue)
    {
        if (_places.TryGetValue((port.Device, queue), out int place))
        {
            _slots[place] = new Slot(port, queue);
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

        _slots[place] = new Slot(port, queue);
        _places[(port.Device, queue)] = place;
    }

    private void DetachHere(IPort device, int queue)
    {
        if (!_places.Remove((device, queue), out int place))
            return;
        _ = Epoll.Remove(device.PollDescriptor(queue));
        _slots[place] = null;
    }

    private sealed record Slot(Port Port, int Queue);
}
