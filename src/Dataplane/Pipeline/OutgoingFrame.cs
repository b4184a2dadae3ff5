using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Pipeline.Merging;
using Overlay.Dataplane.Pipeline.Offload;
using Overlay.Encap;

namespace Overlay.Dataplane.Pipeline;

/// <summary>A frame on its way out: where its octets are and what is known of it. Lives on the stack of the pipeline.</summary>
internal struct OutgoingFrame
{
    /// <summary>Its index in the batch.</summary>
    internal int Frame;

    /// <summary>Offset of the destination MAC in the batch's slab.</summary>
    internal int Offset;

    /// <summary>Octets.</summary>
    internal int Length;

    /// <summary>The VNI.</summary>
    internal BridgeDomain Domain;

    /// <summary>Tunnel headers to choose from.</summary>
    internal TemplateSet Templates;

    /// <summary>The VTEP it came from, to which it does not go back; null if it came from a port.</summary>
    internal Vtep? NotTo;

    /// <summary>Unfinished checksum or segments; default for a plain frame.</summary>
    internal VnetHeader Vnet;

    /// <summary>What of TCP or UDP is known of it; the default for what is not to be joined with other frames.</summary>
    internal InnerSegment Segment;

    /// <summary>What the segments of a super-frame are; a plain frame has none.</summary>
    internal SuperFrame Super;

    /// <summary>The payload of the super-frame was summed.</summary>
    internal bool IsCut;

    /// <summary>A frame longer than a port's MTU may be given to the port's kernel as segments.</summary>
    internal bool MaySegment;

    /// <summary>The segment size that came with a UDP super-frame from the underlay; 0 as a rule.</summary>
    internal ushort GivenSegmentSize;

    /// <summary>Octets of the longest frame that this is or stands for.</summary>
    internal readonly int LongestLength => Super.Segments > 1 ? Super.SegmentLength : Length;

    /// <summary>Octets that a frame like it may have where it was found too long.</summary>
    internal int Limit;

    /// <summary>The next hop whose path it is too long for: of a group, the member that was chosen. Null if a port is too small for it.</summary>
    internal NextHop? TooBigFor;

    /// <summary>Flow hash of the frame; valid once <see cref="IsHashed"/>.</summary>
    internal uint FlowHash;

    /// <summary>The flow hash and the outer TOS and TTL were computed.</summary>
    internal bool IsHashed;

    /// <summary>Outer TOS.</summary>
    internal byte Tos;

    /// <summary>Outer TTL, or 0.</summary>
    internal byte Ttl;
}
