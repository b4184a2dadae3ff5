using Overlay.Encap;

namespace Overlay.Dataplane.Buffers;

/// <summary>What the kernel says about a received tunnel datagram besides its payload.</summary>
public struct DatagramInfo
{
    /// <summary>Outer source address, with its scope id where it is link-local.</summary>
    public UnderlayAddress Source;

    /// <summary>Outer source port, host byte order. 0 is legal (RFC 768).</summary>
    public ushort SourcePort;

    /// <summary>Outer TOS or traffic class: DSCP in the high six bits, ECN in the low two.</summary>
    public byte Tos;

    /// <summary>Octets of payload of each segment, if the datagram carries an inner UDP super-frame that nobody has cut; 0 as a rule.</summary>
    public ushort InnerSegmentLength;

    /// <summary>What the socket that received it was opened for.</summary>
    public EncapKind Encap;
}
