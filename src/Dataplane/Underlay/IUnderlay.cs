using Overlay.Dataplane.Buffers;

namespace Overlay.Dataplane.Underlay;

/// <summary>
/// The provider side of a worker: tunnel datagrams in and out, in batches. <b>Threading:</b> one worker receives from a receive slot;
/// any worker may send. <b>Errors:</b> nothing here throws for what the network does; what is not sent is a named drop.
/// </summary>
public interface IUnderlay : IDisposable
{
    /// <summary>Receiving sockets that worker <paramref name="worker"/> polls; their indexes go into <see cref="Receive"/>. Empty for in-memory underlays.</summary>
    ReadOnlySpan<int> PollDescriptors(int worker);

    /// <summary>
    /// Reads datagrams from socket <paramref name="socket"/> of worker <paramref name="worker"/>; never blocks. Payloads lie in the
    /// batch's slots, one or more in each. What an earlier call received and the batch could not take yet (<see cref="DatagramBatch.HasPending"/>) comes first,
    /// whatever socket is asked.
    /// </summary>
    /// <returns>True if more may be waiting.</returns>
    bool Receive(int worker, int socket, DatagramBatch batch);

    /// <summary>
    /// Sends the datagrams, those of one flow hash in order, and marks each frame's outcome. A datagram that the kernel refuses is
    /// <c>too_big_silent</c> (EMSGSIZE), <c>underlay_unreachable</c>, <c>underlay_send_refused</c> or <c>socket_full</c>; the others are sent all the same.
    /// What was sent of each item is in <see cref="TxDatagram.SentCount"/> and <see cref="TxDatagram.SentOctets"/>. The batch is empty afterwards. Never blocks.
    /// </summary>
    /// <returns>The number of datagrams sent.</returns>
    int Send(TxBatch batch, FrameOutcomes outcomes);
}
