using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Pipeline.Merging;
using Overlay.Dataplane.Ports;

namespace Overlay.Dataplane.Pipeline;

/// <summary>Frames collected for one port, written to it together. Owned by one worker.</summary>
internal sealed class PortOutbox(int size)
{
    private readonly MergedFrame[] _merged = new MergedFrame[size];

    internal Port? Port { get; set; }

    /// <summary>UDP datagrams may be joined.</summary>
    internal bool JoinsUdp => Port!.Device.TakesUdpSegments;

    internal PortTxBatch Batch { get; } = new(size);

    /// <summary>
    /// What open flows of this box are known by. A new stamp closes all of them; no two boxes ever have the same.
    /// </summary>
    internal long Stamp { get; set; }

    /// <summary>The frames of the batch that several segments were joined to.</summary>
    internal ReadOnlySpan<MergedFrame> MergedFrames => _merged.AsSpan(0, MergedCount);

    private int MergedCount { get; set; }

    /// <summary>Notes that a frame is to have several segments.</summary>
    internal int AddMerged(in MergedFrame merged)
    {
        _merged[MergedCount] = merged;
        return MergedCount++;
    }

    internal ref MergedFrame Merged(int index) => ref _merged[index];

    /// <summary>Empties the box.</summary>
    internal void Clear(long stamp)
    {
        Batch.Clear();
        Port = null;
        MergedCount = 0;
        Stamp = stamp;
    }
}
