using Overlay.Encap;

namespace Overlay.Dataplane.Buffers;

/// <summary>One frame to write to a port.</summary>
public struct TxFrame
{
    /// <summary>Offset of the frame in the batch's slab. At least <see cref="VnetHeader"/>'s 12 octets before it may be overwritten.</summary>
    public int Offset;

    /// <summary>Octets of the frame.</summary>
    public int Length;

    /// <summary>Index of the frame in the batch it came from; where the outcome goes.</summary>
    public int Frame;

    /// <summary>Offload state; default means a plain frame.</summary>
    public VnetHeader Vnet;
}
