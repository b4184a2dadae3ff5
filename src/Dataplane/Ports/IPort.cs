using Overlay.Dataplane.Buffers;

namespace Overlay.Dataplane.Ports;

/// <summary>
/// The tenant side of a worker: whole Ethernet frames in and out, in batches. <b>Threading:</b> one worker receives from a queue; any worker may
/// send to any queue, concurrently. <b>Errors:</b> nothing here throws for what a tenant or the kernel does; a frame that cannot be written is a
/// <see cref="Diagnostics.DropReason"/> in <see cref="FrameOutcomes"/>, a device that is gone is <see cref="PortReceiveStatus.Closed"/>.
/// </summary>
public interface IPort : IDisposable
{
    /// <summary>Receive queues, 1 or more.</summary>
    int QueueCount { get; }

    /// <summary>
    /// True if the port takes a frame that is many UDP datagrams of one flow (<see cref="Overlay.Encap.VnetHeader.GsoUdpL4"/>), as it always takes one that is many TCP segments.
    /// </summary>
    bool TakesUdpSegments => false;

    /// <summary>The descriptor a worker waits on for queue <paramref name="queue"/>, or −1 where there is none (in-memory ports).</summary>
    int PollDescriptor(int queue);

    /// <summary>
    /// Reads frames until the batch is full or no more are waiting; never blocks. What the batch held before is forgotten.
    /// </summary>
    PortReceiveStatus Receive(int queue, PacketBatch batch);

    /// <summary>
    /// Writes frames in order and marks each one's outcome: delivered, or dropped as <c>tap_full</c> or <c>port_down</c>. Never blocks.
    /// Borrows the memory for the call and changes nothing in it. A frame of several pieces is written in one call.
    /// </summary>
    /// <param name="queue">The queue to write to.</param>
    /// <param name="batch">The frames.</param>
    /// <param name="outcomes">Where the outcome of each goes.</param>
    /// <returns>The number of frames written.</returns>
    int Send(int queue, PortTxBatch batch, FrameOutcomes outcomes);
}
