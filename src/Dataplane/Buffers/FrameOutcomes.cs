using Overlay.Dataplane.Diagnostics;

namespace Overlay.Dataplane.Buffers;

/// <summary>
/// What became of each frame of a batch. A frame that is copied (flooding) is delivered if one copy was; what happened to the other copies is
/// counted apart. Pipelines give every copy an index of its own beyond the frames' and settle copies with their frames afterwards. This is what makes <c>received = delivered + consumed + dropped</c> exact.
/// </summary>
/// <remarks>
/// A super-frame counts as the segments it stands for: its weight. When it is delivered but some of its segments were refused, those are told by
/// <see cref="MarkSegmentsDropped"/> and counted as dropped.
/// </remarks>
public sealed class FrameOutcomes
{
    private const byte Pending = 0;
    private const byte Delivered = 255;
    private const byte Consumed = 254;
    private const byte Held = 253;
    private readonly Cell[] _cells;

    /// <summary>Makes a table.</summary>
    /// <param name="size">Frames of the largest batch.</param>
    public FrameOutcomes(int size) => _cells = new Cell[size];

    /// <summary>Forgets the last batch; every frame weighs 1.</summary>
    public void Reset(int count) => Reset(0, count);

    /// <summary>Forgets some frames; each weighs 1.</summary>
    public void Reset(int first, int count) => _cells.AsSpan(first, count).Fill(new Cell { Weight = 1 });

    /// <summary>Says how many segments a frame stands for.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="segments">1 or more.</param>
    public void SetWeight(int frame, int segments) => _cells[frame].Weight = (ushort)segments;

    /// <summary>The segments a frame stands for.</summary>
    public int Weight(int frame) => _cells[frame].Weight;

    /// <summary>One copy of the frame was accepted by a port or by the underlay.</summary>
    public void MarkDelivered(int frame) => _cells[frame].Outcome = Delivered;

    /// <summary>The frame was for us (control traffic).</summary>
    public void MarkConsumed(int frame) => _cells[frame].Outcome = Consumed;

    /// <summary>The frame waits elsewhere: it is no frame of this batch any more, and is counted when it is dealt with.</summary>
    public void MarkHeld(int frame) => _cells[frame].Outcome = Held;

    /// <summary>True if the frame waits elsewhere.</summary>
    public bool IsHeld(int frame) => _cells[frame].Outcome == Held;

    /// <summary>A copy of the frame, or the frame itself, was not passed on. The first reason stays; a delivery wins over any reason.</summary>
    public void MarkDropped(int frame, DropReason reason)
    {
        if (_cells[frame].Outcome == Pending)
            _cells[frame].Outcome = (byte)reason;
    }

    /// <summary>
    /// Some segments of a frame were not passed on; the others may still be. If all of its segments are lost the frame is dropped for the first reason given.
    /// </summary>
    /// <param name="frame">The frame.</param>
    /// <param name="reason">Why.</param>
    /// <param name="segments">How many, 1 or more.</param>
    public void MarkSegmentsDropped(int frame, DropReason reason, int segments)
    {
        ref Cell cell = ref _cells[frame];
        if (cell.Lost == 0)
            cell.LostReason = (byte)reason;
        cell.Lost = (ushort)Math.Min(cell.Weight, cell.Lost + segments);
        if (cell.Lost == cell.Weight && cell.Outcome is Pending or Delivered)
            cell.Outcome = cell.LostReason;
    }

    /// <summary>The reason a frame was dropped for; <see cref="DropReason.None"/> if it was delivered, consumed, held, or has no outcome yet.</summary>
    public DropReason ReasonOf(int frame) => _cells[frame].Outcome is Delivered or Consumed or Held ? DropReason.None : (DropReason)_cells[frame].Outcome;

    /// <summary>Segments of a delivered frame that were lost all the same, and why; 0 as a rule.</summary>
    public int LostOf(int frame, out DropReason reason)
    {
        ref readonly Cell cell = ref _cells[frame];
        reason = (DropReason)cell.LostReason;
        return cell.Outcome == Delivered ? cell.Lost : 0;
    }

    /// <summary>True if the frame was delivered.</summary>
    public bool IsDelivered(int frame) => _cells[frame].Outcome == Delivered;

    /// <summary>True if the frame was consumed.</summary>
    public bool IsConsumed(int frame) => _cells[frame].Outcome == Consumed;

    /// <summary>True if nothing was said about the frame.</summary>
    public bool IsPending(int frame) => _cells[frame].Outcome == Pending;

    private struct Cell
    {
        internal byte Outcome;
        internal byte LostReason;
        internal ushort Weight;
        internal ushort Lost;
    }
}
