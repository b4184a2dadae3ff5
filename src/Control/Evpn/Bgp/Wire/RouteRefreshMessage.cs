using System.Buffers;
using System.Buffers.Binary;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>
/// ROUTE-REFRESH (RFC 2918 §3, RFC 7313 §3.2):
/// <code>
/// | AFI, 2 octets | subtype, 1 octet | SAFI, 1 octet |
/// </code>
/// </summary>
/// <param name="Afi">Address family.</param>
/// <param name="Subtype">0 request, 1 beginning, 2 end; any other is ignored (RFC 7313 §5).</param>
/// <param name="Safi">Subsequent address family.</param>
public readonly record struct RouteRefreshMessage(ushort Afi, byte Subtype, byte Safi)
{
    /// <summary>Send everything again (RFC 2918).</summary>
    public const byte Request = 0;

    /// <summary>Beginning of Route Refresh (RFC 7313).</summary>
    public const byte Begin = 1;

    /// <summary>End of Route Refresh (RFC 7313).</summary>
    public const byte End = 2;

    private const int BodyLength = 4;
    private const byte InvalidMessageLength = 1;

    /// <summary>Of AFI 25, SAFI 70.</summary>
    /// <param name="subtype">0–2.</param>
    public static RouteRefreshMessage OfEvpn(byte subtype) => new(EvpnFamily.Afi, subtype, EvpnFamily.Safi);

    /// <summary>It is about AFI 25, SAFI 70.</summary>
    public bool IsEvpn => Afi == EvpnFamily.Afi && Safi == EvpnFamily.Safi;

    /// <summary>Reads a message.</summary>
    /// <param name="body">The message without its header.</param>
    /// <param name="message">The message, if there is no error.</param>
    /// <returns>Null, or what to end the session with.</returns>
    public static BgpError? TryParse(ReadOnlySpan<byte> body, out RouteRefreshMessage message)
    {
        message = default;
        if (body.Length < BodyLength)
        {
            return new BgpError(BgpErrorCode.MessageHeader, 2, Whole(body).AsMemory(16, 2));
        }

        message = new RouteRefreshMessage(BinaryPrimitives.ReadUInt16BigEndian(body), body[2], body[3]);

        // RFC 7313 §5: of the subtypes 1 and 2 only. A request may be longer: filters (RFC 5291), which were not agreed on and are ignored.
        return message.Subtype is Begin or End && body.Length != BodyLength
            ? new BgpError(BgpErrorCode.RouteRefresh, InvalidMessageLength, Whole(body))
            : null;
    }

    /// <summary>Writes a whole message.</summary>
    public void WriteTo(IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        const int Length = BgpHeader.Length + BodyLength;
        Span<byte> span = output.GetSpan(Length);
        BgpHeader.WriteTo(span, BgpMessageType.RouteRefresh, Length);
        BinaryPrimitives.WriteUInt16BigEndian(span[BgpHeader.Length..], Afi);
        span[BgpHeader.Length + 2] = Subtype;
        span[BgpHeader.Length + 3] = Safi;
        output.Advance(Length);
    }

    private static byte[] Whole(ReadOnlySpan<byte> body)
    {
        // The data of a NOTIFICATION has to fit a message of 4096 octets (RFC 4271 §4.5).
        body = body[..Math.Min(body.Length, BgpErrors.MaxData - BgpHeader.Length)];
        byte[] whole = new byte[BgpHeader.Length + body.Length];
        BgpHeader.WriteTo(whole, BgpMessageType.RouteRefresh, whole.Length);
        body.CopyTo(whole.AsSpan(BgpHeader.Length));
        return whole;
    }
}
