using Overlay.Encap;

namespace Overlay.Dataplane.Buffers;

/// <summary>A frame in a pool: where it is, how long it is, and the virtio-net header that belongs to it.</summary>
public struct PacketBuffer
{
    /// <summary>Offset of the first octet of the Ethernet frame in the slab. Moves when a tag or header is pushed or stripped.</summary>
    public int Offset;

    /// <summary>Octets of the frame.</summary>
    public int Length;

    /// <summary>Offload state of the frame: unfinished checksum, segment size. Default means a plain frame.</summary>
    public VnetHeader Vnet;
}
