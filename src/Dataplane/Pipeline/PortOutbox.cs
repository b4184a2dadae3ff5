using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Ports;

namespace Overlay.Dataplane.Pipeline;

/// <summary>Frames collected for one port, written to it together. Owned by one worker.</summary>
internal sealed class PortOutbox(int size)
{
    private readonly TxFrame[] _frames = new TxFrame[size];

    internal Port? Port { get; set; }

    internal int Count { get; private set; }

    internal bool IsFull => Count == _frames.Length;

    internal ReadOnlySpan<TxFrame> Frames => _frames.AsSpan(0, Count);

    internal void Add(in TxFrame frame) => _frames[Count++] = frame;

    internal void Clear() => Count = 0;
}
