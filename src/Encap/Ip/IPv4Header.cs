namespace Overlay.Encap.Ip;

/// <summary>An IPv4 header without options, for emission; see <see cref="IPv4View"/> for the drawing.</summary>
/// <param name="Source">Source address; IPv4.</param>
/// <param name="Destination">Destination address; IPv4.</param>
/// <param name="Protocol">Protocol.</param>
/// <param name="PayloadLength">Octets behind the header, 0..65515.</param>
/// <param name="Ttl">Time to live.</param>
/// <param name="Tos">DSCP and ECN.</param>
/// <param name="DontFragment">DF.</param>
/// <param name="Identification">Identification.</param>
public readonly record struct IPv4Header(
    UnderlayAddress Source,
    UnderlayAddress Destination,
    byte Protocol,
    int PayloadLength,
    byte Ttl = 64,
    byte Tos = 0,
    bool DontFragment = true,
    ushort Identification = 0)
{
    /// <summary>Octets on the wire.</summary>
    public const int Length = IPv4View.MinHeaderLength;

    /// <summary>Writes every octet, the header checksum included.</summary>
    /// <param name="destination">At least <see cref="Length"/> octets.</param>
    public void WriteTo(Span<byte> destination)
    {
        Span<byte> header = destination[..Length];
        header[0] = 0x45;
        header[1] = Tos;
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], checked((ushort)(Length + PayloadLength)));
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], Identification);
        BinaryPrimitives.WriteUInt16BigEndian(header[6..], DontFragment ? (ushort)0x4000 : (ushort)0);
        header[8] = Ttl;
        header[9] = Protocol;
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], 0);
        BinaryPrimitives.WriteUInt32BigEndian(header[12..], Source.IPv4Value);
        BinaryPrimitives.WriteUInt32BigEndian(header[16..], Destination.IPv4Value);
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], InternetChecksum.Compute(header));
    }
}
