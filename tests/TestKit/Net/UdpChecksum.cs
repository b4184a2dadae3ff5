namespace Overlay.TestKit.Net;

/// <summary>What stands in the checksum field of a datagram made by <see cref="Wire"/>.</summary>
public enum UdpChecksum
{
    /// <summary>The right one.</summary>
    Good,

    /// <summary>Zero.</summary>
    Zero,

    /// <summary>A wrong one.</summary>
    Wrong,
}
