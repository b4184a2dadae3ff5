using Overlay.Encap;

namespace Overlay.Dataplane.Buffers;

/// <summary>One frame to write to a port: one piece of memory, or several that are gathered, each of which came as a frame of its own.</summary>
public struct TxFrame
{
    /// <summary>Offset of the first piece in the batch's slab: the headers and the first payload.</summary>
    public int Offset;

    /// <summary>Octets of the first piece.</summary>
    public int Length;

    /// <summary>Index of the frame in the batch it came from; where the outcome goes.</summary>
    public int Frame;

    /// <summary>Index of the second piece in <see cref="PortTxBatch.Pieces"/>; negative if there is one piece only.</summary>
    public int Next;

    /// <summary>Octets of all pieces.</summary>
    public int TotalLength;

    /// <summary>Offload state of the whole; default means a plain frame.</summary>
    public VnetHeader Vnet;
}
