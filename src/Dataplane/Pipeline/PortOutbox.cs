using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Ports;

namespace Overlay.Dataplane.Pipeline;

/// <summary>Frames collected for one port, written to it together. Owned by one worker.</summary>
internal sealed class PortOutbox(int size)
{
    internal Port? Port { get; set; }

    internal PortTxBatch Batch { get; } = new(size);
}
