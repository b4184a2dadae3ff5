namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>Makes errors whose data fit a NOTIFICATION.</summary>
internal static class BgpErrors
{
    /// <summary>Most data octets of a NOTIFICATION: it is never longer than 4096 octets, so that any peer takes it (RFC 4271 §4.5).</summary>
    public const int MaxData = BgpHeader.MaxMessageLength - BgpHeader.Length - 2;

    // Subcodes of UPDATE message errors (RFC 4271 §4.5).
    public const byte MalformedAttributeList = 1;
    public const byte UnrecognizedWellKnown = 2;
    public const byte AttributeFlags = 4;
    public const byte AttributeLength = 5;
    public const byte InvalidOrigin = 6;
    public const byte OptionalAttribute = 9;
    public const byte InvalidNetwork = 10;
    public const byte MalformedAsPath = 11;

    public static BgpError Update(byte subcode, ReadOnlySpan<byte> data = default) =>
        new(BgpErrorCode.Update, subcode, data[..Math.Min(data.Length, MaxData)].ToArray());
}
