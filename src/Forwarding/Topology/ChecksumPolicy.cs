namespace Overlay.Forwarding.Topology;

/// <summary>Whether the outer UDP checksum is filled in.</summary>
public enum ChecksumPolicy : byte
{
    /// <summary>Filled in on both families. What segmentation offload and receive coalescing need.</summary>
    Full = 0,

    /// <summary>Zero on IPv4 (RFC 7348 §5), filled in on IPv6.</summary>
    ZeroIPv4 = 1,

    /// <summary>Zero on both families, and zero accepted on IPv6: only where allowed by name (RFC 6935, RFC 6936 §4).</summary>
    ZeroBoth = 2,
}
