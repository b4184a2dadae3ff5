using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Ports;
using Overlay.Encap;

namespace Overlay.TestKit.InMemory;

/// <summary>
/// A port without a device: tests put frames in as if a tenant sent them, and read what the dataplane delivered. One thread. Nothing is allocated a frame
/// while <see cref="Keeps"/> is off, so that allocation gates measure the dataplane alone.
/// </summary>
public sealed class MemoryPort : IPort
{
    private readonly Queue<(byte[] Frame, VnetHeader Vnet)> _inbox = new();
    private readonly List<(byte[] Frame, VnetHeader Vnet)> _delivered = [];

    /// <summary>Keep delivered frames. On unless a test counts octets allocated.</summary>
    public bool Keeps { get; set; } = true;

    /// <summary>Frames the device takes before it is full; −1 for any number.</summary>
    public int Room { get; set; } = -1;

    /// <summary>Frames delivered, kept or not.</summary>
    public long DeliveredCount { get; private set; }

    /// <summary>The device is gone.</summary>
    public bool IsClosed { get; set; }

    /// <summary>Frames delivered and not yet taken.</summary>
    public IReadOnlyList<(byte[] Frame, VnetHeader Vnet)> Delivered => _delivered;

    /// <inheritdoc/>
    public int QueueCount => 1;

    /// <inheritdoc/>
    public bool TakesUdpSegments { get; set; } = true;

    /// <summary>A tenant sends a frame.</summary>
    public void Put(ReadOnlySpan<byte> frame, VnetHeader vnet = default) => _inbox.Enqueue((frame.ToArray(), vnet));

    /// <summary>Takes everything delivered so far.</summary>
    public (byte[] Frame, VnetHeader Vnet)[] Take()
    {
        (byte[] Frame, VnetHeader Vnet)[] all = [.. _delivered];
        _delivered.Clear();
        return all;
    }

    /// <inheritdoc/>
    public int PollDescriptor(int queue) => -1;

    /// <inheritdoc/>
    public PortReceiveStatus Receive(int queue, PacketBatch batch)
    {
        batch.Clear();
        while (batch.HasRoom && _inbox.TryDequeue(out (byte[] Frame, VnetHeader Vnet) next))
            batch.Add(next.Frame, in next.Vnet);
        return IsClosed ? PortReceiveStatus.Closed : _inbox.Count == 0 ? PortReceiveStatus.Drained : PortReceiveStatus.More;
    }

    /// <inheritdoc/>
    public int Send(int queue, PortTxBatch batch, FrameOutcomes outcomes)
    {
        int sent = 0;
        for (int i = 0; i < batch.Count; i++)
        {
            if (IsClosed)
            {
                batch.MarkDropped(i, outcomes, DropReason.PortDown);
                continue;
            }

            if (Room == 0)
            {
                batch.MarkDropped(i, outcomes, DropReason.TapFull);
                continue;
            }

            if (Room > 0)
                Room--;

            if (Keeps)
                _delivered.Add((Gather(batch, i), batch.Frames[i].Vnet));

            batch.MarkDelivered(i, outcomes);
            DeliveredCount++;
            sent++;
        }

        return sent;
    }

    /// <inheritdoc/>
    public void Dispose() => IsClosed = true;

    private static byte[] Gather(PortTxBatch batch, int index)
    {
        ref TxFrame frame = ref batch.Frames[index];
        byte[] whole = new byte[frame.TotalLength];
        batch.Slab.AsSpan(frame.Offset, frame.Length).CopyTo(whole);
        int length = frame.Length;
        for (int next = frame.Next; next >= 0; next = batch.Pieces[next].Next)
        {
            ref TxPiece piece = ref batch.Pieces[next];
            batch.Slab.AsSpan(piece.Offset, piece.Length).CopyTo(whole.AsSpan(length));
            length += piece.Length;
        }

        return length == whole.Length ? whole : throw new InvalidOperationException("The pieces of a frame are not as long as it says.");
    }
}
