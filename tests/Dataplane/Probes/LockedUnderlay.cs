using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Underlay;
using Overlay.TestKit.InMemory;

namespace Overlay.Dataplane.Tests.Probes;

/// <summary>A memory underlay that one thread sends to while another looks what was sent.</summary>
internal sealed class LockedUnderlay(MemoryUnderlay inner) : IUnderlay
{
    private readonly Lock _lock = new();

    public SentDatagram[] Take()
    {
        lock (_lock)
            return inner.Take();
    }

    public ReadOnlySpan<int> PollDescriptors(int worker) => [];

    public bool Receive(int worker, int socket, DatagramBatch batch) => false;

    public int Send(TxBatch batch, FrameOutcomes outcomes)
    {
        lock (_lock)
            return inner.Send(batch, outcomes);
    }

    public void Dispose() => inner.Dispose();
}
