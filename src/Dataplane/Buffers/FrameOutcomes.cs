using Overlay.Dataplane.Diagnostics;

namespace Overlay.Dataplane.Buffers;

/// <summary>
/// What became of each frame of a batch. A frame that is copied (flooding) is delivered if one copy was; what happened to the other copies is
/// counted apart. Pipelines give every copy an index of its own beyond the frames' and settle copies with their frames afterwards. This is what makes <c>received = delivered + consumed + dropped</c> exact.
/// </summary>
public sealed class FrameOutcomes
{
    private const byte Pending = 0;
    private const byte Delivered = 255;
    private const byte Consumed = 254;
    private readonly byte[] _outcome;

    /// <summary>Makes a table.</summary>
    /// <param name="size">Frames of the largest batch.</param>
    public FrameOutcomes(int size) => _outcome = new byte[size];

    /// <summary>Forgets the last batch.</summary>
    public void Reset(int count) => _outcome.AsSpan(0, count).Clear();

    /// <summary>Forgets some frames.</summary>
    public void Reset(int first, int count) => _outcome.AsSpan(first, count).Clear();

    /// <summary>One copy of the frame was accepted by a port or by the underlay.</summary>
    public void MarkDelivered(int frame) => _outcome[frame] = Delivered;

    /// <summary>The frame was for us (control traffic).</summary>
    public void MarkConsumed(int frame) => _outcome[frame] = Consumed;

    /// <summary>A copy of the frame, or the frame itself, was not passed on. The first reason stays; a delivery wins over any reason.</summary>
    public void MarkDropped(int frame, DropReason reason)
    {
        if (_outcome[frame] == Pending)
            _outcome[frame] = (byte)reason;
    }

    /// <summary>The reason a frame was dropped for; <see cref="DropReason.None"/> if it was delivered, consumed, or has no outcome yet.</summary>
    public DropReason ReasonOf(int frame) => _outcome[frame] is Delivered or Consumed ? DropReason.None : (DropReason)_outcome[frame];

    /// <summary>True if the frame was delivered.</summary>
    public bool IsDelivered(int frame) => _outcome[frame] == Delivered;

    /// <summary>True if the frame was consumed.</summary>
    public bool IsConsumed(int frame) => _outcome[frame] == Consumed;

    /// <summary>True if nothing was said about the frame.</summary>
    public bool IsPending(int frame) => _outcome[frame] == Pending;
}
