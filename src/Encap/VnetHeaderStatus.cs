namespace Overlay.Encap;

/// <summary>What is wrong with a virtio-net header.</summary>
public enum VnetHeaderStatus : byte
{
    /// <summary>Nothing.</summary>
    Ok = 0,

    /// <summary>A super-frame without a segment size.</summary>
    ZeroGsoSize,

    /// <summary>hdr_len is past the frame.</summary>
    HeaderLengthPastFrame,

    /// <summary>The checksum field would be past the frame.</summary>
    ChecksumPastFrame,

    /// <summary>A gso_type we do not know.</summary>
    UnknownGsoType,
}
