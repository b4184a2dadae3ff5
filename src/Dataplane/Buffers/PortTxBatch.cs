using Overlay.Dataplane.Diagnostics;

namespace Overlay.Dataplane.Buffers;

/// <summary>Frames to write to one port, in order. Owned by one worker; the memory is borrowed for the call.</summary>
public sealed class PortTxBatch
{
    /// <summary>Makes a batch.</summary>
    /// <param name="size">Frames it can take, further pieces included, 1–8192.</param>
    public PortTxBatch(int size)
    {
        Frames = new TxFrame[size];
        Pieces = new TxPiece[size];
    }

    /// <summary>The pinned memory the frames are in.</summary>
    public byte[] Slab { get; set; } = [];

    /// <summary>The frames; the first <see cref="Count"/> are valid.</summary>
    public TxFrame[] Frames { get; }

    /// <summary>Further pieces, chained by <see cref="TxFrame.Next"/> and <see cref="TxPiece.Next"/>; the first <see cref="PieceCount"/> are valid.</summary>
    public TxPiece[] Pieces { get; }

    /// <summary>Frames in it.</summary>
    public int Count { get; private set; }

    /// <summary>Further pieces in it.</summary>
    public int PieceCount { get; private set; }

    /// <summary>True when it must be written before another frame or piece is added.</summary>
    public bool IsFull => Count == Frames.Length || PieceCount == Pieces.Length;

    /// <summary>Adds a frame of one piece.</summary>
    /// <returns>Its index.</returns>
    public int Add(in TxFrame frame)
    {
        ref TxFrame added = ref Frames[Count];
        added = frame;
        added.Next = -1;
        added.TotalLength = frame.Length;
        return Count++;
    }

    /// <summary>Adds a piece; the caller chains it.</summary>
    /// <returns>Its index.</returns>
    public int AddPiece(int offset, int length, int frame)
    {
        Pieces[PieceCount] = new TxPiece { Offset = offset, Length = length, Frame = frame, Next = -1 };
        return PieceCount++;
    }

    /// <summary>Empties it.</summary>
    public void Clear()
    {
        Count = 0;
        PieceCount = 0;
    }

    /// <summary>A port took frame <paramref name="index"/>: tells everything that is part of it.</summary>
    public void MarkDelivered(int index, FrameOutcomes outcomes)
    {
        ref readonly TxFrame frame = ref Frames[index];
        outcomes.MarkDelivered(frame.Frame);
        for (int piece = frame.Next; piece >= 0; piece = Pieces[piece].Next)
            outcomes.MarkDelivered(Pieces[piece].Frame);
    }

    /// <summary>A port refused frame <paramref name="index"/>: tells everything that is part of it.</summary>
    public void MarkDropped(int index, FrameOutcomes outcomes, DropReason reason)
    {
        ref readonly TxFrame frame = ref Frames[index];
        outcomes.MarkDropped(frame.Frame, reason);
        for (int piece = frame.Next; piece >= 0; piece = Pieces[piece].Next)
            outcomes.MarkDropped(Pieces[piece].Frame, reason);
    }
}
