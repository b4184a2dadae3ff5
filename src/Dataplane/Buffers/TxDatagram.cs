namespace Overlay.Dataplane.Buffers;

/// <summary>One tunnel datagram to send: a header and a payload, which may lie in different slabs so that a flooded frame is not copied.</summary>
public struct TxDatagram
{
    /// <summary>Offset of the tunnel header: in the payload's slab if <see cref="HeaderIsApart"/> is false (then it ends where the payload begins), else in <see cref="TxBatch.Headers"/>.</summary>
    public int HeaderOffset;

    /// <summary>Octets of the tunnel header.</summary>
    public int HeaderLength;

    /// <summary>Offset of the inner frame in the payload slab.</summary>
    public int PayloadOffset;

    /// <summary>Octets of the inner frame.</summary>
    public int PayloadLength;

    /// <summary>The next hop's index in the tables that the batch was decided with.</summary>
    public int NextHop;

    /// <summary>Flow hash of the inner frame; selects the sending socket.</summary>
    public uint FlowHash;

    /// <summary>Index of the frame in the batch it came from; where the outcome goes.</summary>
    public int Frame;

    /// <summary>Outer TOS or traffic class.</summary>
    public byte Tos;

    /// <summary>Outer TTL or hop limit; 0 means what the socket was set to.</summary>
    public byte Ttl;

    /// <summary>True if the header lies in <see cref="TxBatch.Headers"/>.</summary>
    public bool HeaderIsApart;
}
