namespace Overlay.Encap.Ethernet;

/// <summary>An untagged Ethernet header for emission; write <see cref="VlanTag"/> between the source and the type yourself.</summary>
/// <param name="Destination">Destination MAC.</param>
/// <param name="Source">Source MAC.</param>
/// <param name="Type">EtherType or 802.3 length.</param>
public readonly record struct EthernetHeader(MacAddress Destination, MacAddress Source, ushort Type)
{
    /// <summary>Octets on the wire.</summary>
    public const int Length = 14;

    /// <summary>Writes every octet.</summary>
    /// <param name="destination">At least <see cref="Length"/> octets.</param>
    public void WriteTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination[12..], Type);
        Destination.WriteTo(destination);
        Source.WriteTo(destination[6..]);
    }
}
