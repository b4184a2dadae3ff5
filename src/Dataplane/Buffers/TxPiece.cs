namespace Overlay.Dataplane.Buffers;

/// <summary>A further piece of a frame that is written to a port in one call: the payload of a later segment.</summary>
public struct TxPiece
{
    /// <summary>Offset of the octets in the batch's slab.</summary>
    public int Offset;

    /// <summary>Octets.</summary>
    public int Length;

    /// <summary>Index of the frame in the batch it came from; where the outcome goes.</summary>
    public int Frame;

    /// <summary>Index of the next piece in <see cref="PortTxBatch.Pieces"/>; negative for the last.</summary>
    public int Next;
}
