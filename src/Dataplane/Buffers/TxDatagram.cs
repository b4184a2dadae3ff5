namespace Overlay.Dataplane.Buffers;

/// <summary>
/// What is to be sent of one frame: one tunnel datagram, or up to <see cref="MaxSegments"/> of them that a super-frame was cut into. Header and payload may lie in
/// different slabs, so that neither a flooded frame nor a super-frame is copied.
/// </summary>
/// <remarks>
/// Datagram <c>i</c> is <see cref="HeaderLength"/> octets at <see cref="HeaderOffset"/> + <c>i</c> × <see cref="HeaderLength"/>, and behind them the payload from
/// <see cref="PayloadOffset"/> + <c>i</c> × <see cref="SegmentSize"/>: <see cref="SegmentSize"/> octets, the last one what is left of <see cref="PayloadLength"/>.
/// </remarks>
public struct TxDatagram
{
    /// <summary>Datagrams of one item at most: what every Linux that knows UDP_SEGMENT takes in one message.</summary>
    public const int MaxSegments = 64;

    /// <summary>Octets of all datagrams of one item at most, headers included: what one UDP message may have over either family.</summary>
    public const int MaxOctets = 65_507;

    /// <summary>Offset of the first header: in the payload's slab if <see cref="HeaderIsApart"/> is false (then it ends where the payload begins), else in <see cref="TxBatch.Headers"/>.</summary>
    public int HeaderOffset;

    /// <summary>Octets of a header: the tunnel header, and the inner headers too where a super-frame was cut.</summary>
    public int HeaderLength;

    /// <summary>Octets of the tunnel header alone.</summary>
    public int TunnelLength;

    /// <summary>Offset of the payload: the inner frame, or of a super-frame what follows its headers.</summary>
    public int PayloadOffset;

    /// <summary>Octets of the payload, all datagrams together.</summary>
    public int PayloadLength;

    /// <summary>Octets of payload a datagram but the last; 0 if there is one datagram only.</summary>
    public int SegmentSize;

    /// <summary>Datagrams, 1–<see cref="MaxSegments"/>.</summary>
    public int Segments;

    /// <summary>The next hop's index in the tables that the batch was decided with.</summary>
    public int NextHop;

    /// <summary>Flow hash of the inner frame; selects the sending socket.</summary>
    public uint FlowHash;

    /// <summary>Index of the frame in the batch it came from; where the outcome goes.</summary>
    public int Frame;

    /// <summary>Datagrams that were sent. Set by the underlay.</summary>
    public int SentCount;

    /// <summary>Octets of the datagrams that were sent, tunnel headers included. Set by the underlay.</summary>
    public int SentOctets;

    /// <summary>Outer TOS or traffic class.</summary>
    public byte Tos;

    /// <summary>Outer TTL or hop limit; 0 means what the socket was set to.</summary>
    public byte Ttl;

    /// <summary>True if the header lies in <see cref="TxBatch.Headers"/>.</summary>
    public bool HeaderIsApart;

    /// <summary>Octets of the first datagram, which is as long as any.</summary>
    public readonly int DatagramLength => HeaderLength + (Segments == 1 ? PayloadLength : SegmentSize);

    /// <summary>Octets of all datagrams.</summary>
    public readonly int TotalLength => (HeaderLength * Segments) + PayloadLength;

    /// <summary>Octets of the last datagram.</summary>
    public readonly int LastLength => HeaderLength + PayloadLength - (SegmentSize * (Segments - 1));
}
