using Overlay.Dataplane.Pipeline.Offload;
using Overlay.Dataplane.Ports;
using Overlay.Encap;

namespace Overlay.Dataplane.Pipeline.Misses;

/// <summary>A frame that waits for who has its destination: what is needed to decide it anew. Its tag is stripped, its source judged. VNI and port are found again by name, for they may go meanwhile.</summary>
internal struct HeldFrame
{
    /// <summary>Where it came from; null in a place that is free.</summary>
    internal Port? Port;

    /// <summary>The index that the port had, under which its share is counted.</summary>
    internal int PortIndex;

    /// <summary>The VNI.</summary>
    internal Vni Vni;

    /// <summary>The destination.</summary>
    internal MacAddress Destination;

    /// <summary>Offset of the destination MAC in the queue's slab.</summary>
    internal int Offset;

    /// <summary>Octets.</summary>
    internal int Length;

    /// <summary>Unfinished checksum or segments.</summary>
    internal VnetHeader Vnet;

    /// <summary>The segments of a super-frame.</summary>
    internal SuperFrame Super;

    /// <summary>The turns of the inbox when it came.</summary>
    internal int Turn;

    /// <summary>Its destination was dealt with.</summary>
    internal bool IsAnswered;

    /// <summary>It leaves in this look.</summary>
    internal bool Leaves;

    /// <summary>Frames that it stands for.</summary>
    internal readonly int Weight => Math.Max(1, Super.Segments);
}
