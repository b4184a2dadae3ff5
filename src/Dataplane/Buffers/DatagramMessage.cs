namespace Overlay.Dataplane.Buffers;

/// <summary>One message of a receive call: the payloads of one or more datagrams of one flow, one behind the other.</summary>
public struct DatagramMessage
{
    /// <summary>Octets of the message, 0–65,527.</summary>
    public int Length;

    /// <summary>Octets of each datagram but the last, which may be shorter; 0 or less if the message is one datagram.</summary>
    public int SegmentLength;

    /// <summary>Outer facts of each of the datagrams: the kernel joins only what is equal in these.</summary>
    public DatagramInfo Info;
}
