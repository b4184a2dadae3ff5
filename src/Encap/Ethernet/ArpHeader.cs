namespace Overlay.Encap.Ethernet;

/// <summary>An ARP packet for emission; see <see cref="ArpView"/> for the drawing.</summary>
/// <param name="Operation"><see cref="Request"/> or <see cref="Reply"/>.</param>
/// <param name="SenderMac">Sender hardware address.</param>
/// <param name="SenderAddress">Sender protocol address; IPv4.</param>
/// <param name="TargetMac">Target hardware address.</param>
/// <param name="TargetAddress">Target protocol address; IPv4.</param>
public readonly record struct ArpHeader(
    ushort Operation, MacAddress SenderMac, UnderlayAddress SenderAddress, MacAddress TargetMac, UnderlayAddress TargetAddress)
{
    /// <summary>Octets on the wire.</summary>
    public const int Length = ArpView.Length;

    /// <summary>Operation: request.</summary>
    public const ushort Request = 1;

    /// <summary>Operation: reply.</summary>
    public const ushort Reply = 2;

    internal const uint EthernetIPv4 = 0x0001_0800;
    internal const ushort Lengths = 0x0604;

    /// <summary>Writes every octet.</summary>
    /// <param name="destination">At least <see cref="Length"/> octets.</param>
    public void WriteTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination[24..], TargetAddress.IPv4Value);
        BinaryPrimitives.WriteUInt32BigEndian(destination, EthernetIPv4);
        BinaryPrimitives.WriteUInt16BigEndian(destination[4..], Lengths);
        BinaryPrimitives.WriteUInt16BigEndian(destination[6..], Operation);
        SenderMac.WriteTo(destination[8..]);
        BinaryPrimitives.WriteUInt32BigEndian(destination[14..], SenderAddress.IPv4Value);
        TargetMac.WriteTo(destination[18..]);
    }
}
