namespace Overlay.Encap.Ip;

/// <summary>An ICMP or ICMPv6 header for emission; see <see cref="IcmpView"/> for the drawing.</summary>
/// <param name="Type">Type.</param>
/// <param name="Code">Code.</param>
/// <param name="Rest">Rest of the header: identifier and sequence, or an MTU.</param>
public readonly record struct IcmpHeader(byte Type, byte Code, uint Rest)
{
    /// <summary>Octets on the wire.</summary>
    public const int Length = IcmpView.HeaderLength;

    /// <summary>Writes every octet and the checksum over header and body.</summary>
    /// <param name="message">The whole message; its body is already behind the header.</param>
    /// <param name="pseudoHeaderSum">For ICMPv6 the pseudo header's sum (RFC 4443 2.3); 0 for ICMP.</param>
    public void WriteTo(Span<byte> message, uint pseudoHeaderSum = 0)
    {
        BinaryPrimitives.WriteUInt32BigEndian(message[4..], Rest);
        BinaryPrimitives.WriteUInt16BigEndian(message[2..], 0);
        message[1] = Code;
        message[0] = Type;
        BinaryPrimitives.WriteUInt16BigEndian(message[2..], InternetChecksum.Compute(message, pseudoHeaderSum));
    }
}
