using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Pipeline.Merging;
using Overlay.Dataplane.Ports;
using Overlay.Encap;

namespace Overlay.Dataplane.Pipeline;

/// <summary>The frames of a batch that go to ports, a box a port for a few ports at a time, so that each port is written to in as few calls as may be. Order is kept per port. Owned by one worker.</summary>
internal sealed class PortEgress
{
    private const int OutboxCount = 8;
    private readonly PortOutbox[] _outboxes = new PortOutbox[OutboxCount];
    private readonly PortTxBatch _single = new(1);
    private readonly SegmentMerger _merger = new();
    private readonly FrameOutcomes _outcomes;
    private readonly int _worker;
    private byte[] _slab = [];
    private int _queue;
    private int _nextOutbox;

    internal PortEgress(int batchSize, int worker, FrameOutcomes outcomes)
    {
        _worker = worker;
        _outcomes = outcomes;
        for (int i = 0; i < OutboxCount; i++)
            _outboxes[i] = new PortOutbox(batchSize);
    }

    /// <summary>A batch begins. What a fault left behind of the last one is forgotten.</summary>
    internal void Begin(byte[] slab, int queue)
    {
        _slab = slab;
        _queue = queue;
        foreach (PortOutbox outbox in _outboxes)
            outbox.Clear(_merger.NextStamp());
    }

    /// <summary>Writes a frame at once, behind what waits for its port.</summary>
    internal void WriteNow(Port port, in TxFrame frame)
    {
        FlushPort(port);
        _single.Clear();
        _ = _single.Add(in frame);
        Write(port, _single);
    }

    /// <summary>Writes a frame that is in no batch at once, behind what waits for its port.</summary>
    internal void WriteNow(Port port, in TxFrame frame, byte[] slab)
    {
        FlushPort(port);
        _single.Clear();
        _ = _single.Add(in frame);
        byte[] batch = _slab;
        _slab = slab;
        Write(port, _single);
        _slab = batch;
    }

    /// <summary>Keeps a frame until its port's box is full or the batch is over; it may become a part of one that is kept already.</summary>
    /// <param name="port">The port.</param>
    /// <param name="frame">The frame.</param>
    /// <param name="segment">What it carries; the default if it is not to be joined with others.</param>
    internal void Collect(Port port, in TxFrame frame, in InnerSegment segment)
    {
        PortOutbox? free = null;
        foreach (PortOutbox outbox in _outboxes)
        {
            if (outbox.Port == port)
            {
                if (outbox.Batch.IsFull)
                {
                    FlushOutbox(outbox);
                    outbox.Port = port;
                }

                _merger.Add(_slab, outbox, in frame, in segment);
                return;
            }

            if (outbox.Port is null)
                free ??= outbox;
        }

        if (free is null)
        {
            free = _outboxes[_nextOutbox];
            _nextOutbox = (_nextOutbox + 1) % OutboxCount;
            FlushOutbox(free);
        }

        free.Port = port;
        _merger.Add(_slab, free, in frame, in segment);
    }

    /// <summary>Makes a frame a part of the super-frame that was last added to or begun, if that is possible.</summary>
    internal bool TryExtend(byte[] slab, Port port, int offset, int length, int frame) => _merger.TryExtend(slab, port, offset, length, frame);

    /// <summary>Sends everything.</summary>
    internal void Flush()
    {
        foreach (PortOutbox outbox in _outboxes)
        {
            if (outbox.Port is not null)
                FlushOutbox(outbox);
        }
    }

    private void FlushPort(Port port)
    {
        foreach (PortOutbox outbox in _outboxes)
        {
            if (outbox.Port == port)
                FlushOutbox(outbox);
        }
    }

    private void FlushOutbox(PortOutbox outbox)
    {
        PortTxBatch batch = outbox.Batch;
        foreach (ref readonly MergedFrame merged in outbox.MergedFrames)
            merged.Finish(_slab, ref batch.Frames[merged.Frame]);

        if (batch.Count != 0)
            Write(outbox.Port!, batch);

        foreach (ref readonly MergedFrame merged in outbox.MergedFrames)
        {
            if (!_outcomes.IsDelivered(batch.Frames[merged.Frame].Frame))
                merged.Undo(_slab);
        }

        outbox.Clear(_merger.NextStamp());
    }

    // Counted as if every segment of a super-frame had been delivered by itself.
    private void Write(Port port, PortTxBatch batch)
    {
        batch.Slab = _slab;
        port.Device.Send(_queue % port.Device.QueueCount, batch, _outcomes);
        int frames = 0;
        int octets = 0;
        foreach (ref readonly TxFrame frame in batch.Frames.AsSpan(0, batch.Count))
        {
            if (!_outcomes.IsDelivered(frame.Frame))
                continue;

            frames++;
            octets += frame.TotalLength;
            if (frame.Vnet is { GsoType: not VnetHeader.GsoNone, GsoSize: > 0 })
            {
                int more = (frame.TotalLength - frame.Vnet.HdrLen - 1) / frame.Vnet.GsoSize;
                frames += more;
                octets += more * frame.Vnet.HdrLen;
            }
        }

        port.Traffic.Add(_worker, (int)Direction.Rx, frames, octets);
    }
}
