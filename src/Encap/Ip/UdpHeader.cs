namespace Overlay.Encap.Ip;

/// <summary>A UDP header for emission; see <see cref="UdpView"/> for the drawing.</summary>
/// <param name="SourcePort">Source port.</param>
/// <param name="DestinationPort">Destination port.</param>
/// <param name="PayloadLength">Octets behind the header, 0..65527.</param>
public readonly record struct UdpHeader(ushort SourcePort, ushort DestinationPort, int PayloadLength)
{
    /// <summary>Octets on the wire.</summary>
    public const int Length = UdpView.HeaderLength;

    private const int ChecksumOffset = 6;

    /// <summary>Writes every octet, with a zero checksum.</summary>
    /// <param name="destination">At least <see cref="Length"/> octets.</param>
    public void WriteTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination[ChecksumOffset..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(destination[4..], checked((ushort)(Length + PayloadLength)));
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], DestinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(destination, SourcePort);
    }

    /// <summary>Writes the header and the checksum over the payload that is already behind it. A sum of zero is sent as 0xFFFF (RFC 768).</summary>
    /// <param name="datagram">Header and payload, exactly <see cref="Length"/> + <see cref="PayloadLength"/> octets.</param>
    /// <param name="source">Source address.</param>
    /// <param name="destination">Destination address of the same family.</param>
    public void WriteTo(Span<byte> datagram, in UnderlayAddress source, in UnderlayAddress destination)
    {
        Span<byte> whole = datagram[..(Length + PayloadLength)];
        WriteTo(whole);
        uint seed = InternetChecksum.PseudoHeaderSum(in source, in destination, IpProtocol.Udp, whole.Length);
        ushort checksum = InternetChecksum.Compute(whole, seed);
        BinaryPrimitives.WriteUInt16BigEndian(whole[ChecksumOffset..], checksum == 0 ? (ushort)0xFFFF : checksum);
    }
}
