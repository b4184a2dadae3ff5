namespace Overlay.EndToEnd;

/// <summary>What the underlay does to large packets.</summary>
internal enum Wire
{
    /// <summary>A plain veth: super-frames cross uncut. Kind to whoever keeps them whole.</summary>
    Veth,

    /// <summary>Like a NIC with checksum offload but without segmentation offload: only frames of the MTU cross; GRO after.</summary>
    Nic,
}
