namespace Overlay.Encap.Ip;

/// <summary>An IPv6 header for emission; see <see cref="IPv6View"/> for the drawing.</summary>
/// <param name="Source">Source address; IPv6.</param>
/// <param name="Destination">Destination address; IPv6.</param>
/// <param name="NextHeader">Next header.</param>
/// <param name="PayloadLength">Octets behind the header, 0..65535.</param>
/// <param name="HopLimit">Hop limit.</param>
/// <param name="TrafficClass">DSCP and ECN.</param>
/// <param name="FlowLabel">Flow label; bits above 20 are discarded.</param>
public readonly record struct IPv6Header(
    UnderlayAddress Source,
    UnderlayAddress Destination,
    byte NextHeader,
    int PayloadLength,
    byte HopLimit = 64,
    byte TrafficClass = 0,
    uint FlowLabel = 0)
{
    /// <summary>Octets on the wire.</summary>
    public const int Length = IPv6View.HeaderLength;

    /// <summary>Writes every octet.</summary>
    /// <param name="destination">At least <see cref="Length"/> octets.</param>
    public void WriteTo(Span<byte> destination)
    {
        Span<byte> header = destination[..Length];
        BinaryPrimitives.WriteUInt32BigEndian(header, 0x6000_0000u | ((uint)TrafficClass << 20) | (FlowLabel & 0xF_FFFF));
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], checked((ushort)PayloadLength));
        header[6] = NextHeader;
        header[7] = HopLimit;
        BinaryPrimitives.WriteUInt64BigEndian(header[8..], Source.Hi);
        BinaryPrimitives.WriteUInt64BigEndian(header[16..], Source.Lo);
        BinaryPrimitives.WriteUInt64BigEndian(header[24..], Destination.Hi);
        BinaryPrimitives.WriteUInt64BigEndian(header[32..], Destination.Lo);
    }
}
