using System.Buffers;
using System.Buffers.Binary;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>
/// The message header (RFC 4271 §4.1):
/// <code>
/// | marker, 16 octets, all ones | length, 2 octets, with the header | type, 1 octet |
/// </code>
/// </summary>
public static class BgpHeader
{
    /// <summary>Octets of the header.</summary>
    public const int Length = 19;

    /// <summary>Octets of the marker.</summary>
    public const int MarkerLength = 16;

    /// <summary>Longest message without extended messages (RFC 4271 §4.1).</summary>
    public const int MaxMessageLength = 4096;

    /// <summary>Longest message with extended messages (RFC 8654 §4).</summary>
    public const int MaxExtendedMessageLength = 65535;

    private const int LengthOffset = 16;
    private const int TypeOffset = 18;

    /// <summary>Writes a header.</summary>
    /// <param name="destination">At least <see cref="Length"/> octets.</param>
    /// <param name="type">The type.</param>
    /// <param name="messageLength">Length of the whole message, 19–65535.</param>
    public static void WriteTo(Span<byte> destination, BgpMessageType type, int messageLength)
    {
        destination[..MarkerLength].Fill(0xFF);
        BinaryPrimitives.WriteUInt16BigEndian(destination[LengthOffset..], checked((ushort)messageLength));
        destination[TypeOffset] = (byte)type;
    }

    /// <summary>Frames one message of a stream; <see cref="BgpFraming.TryRead"/> says more.</summary>
    /// <returns>True if there is a whole message, which is then no longer in <paramref name="stream"/>.</returns>
    public static bool TryFrame(ref ReadOnlySequence<byte> stream, int maxLength, out BgpMessageType type, out ReadOnlySequence<byte> body, out BgpError error) =>
        BgpFraming.TryRead(ref stream, maxLength, out type, out body, out error) == FrameStatus.Ok;

    internal static ushort LengthOf(ReadOnlySpan<byte> header) => BinaryPrimitives.ReadUInt16BigEndian(header[LengthOffset..]);

    internal static byte TypeOf(ReadOnlySpan<byte> header) => header[TypeOffset];

    internal static ReadOnlySpan<byte> LengthFieldOf(ReadOnlySpan<byte> header) => header.Slice(LengthOffset, 2);
}
