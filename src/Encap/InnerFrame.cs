using Overlay.Encap.Ethernet;

namespace Overlay.Encap;

/// <summary>
/// The daemon's judgement of an inner frame, made after the tunnel layer's: a frame cut inside a header it announces is dropped;
/// everything else is opaque to a bridge, a bad IPv4 header length or total length included.
/// </summary>
public static class InnerFrame
{
    private const int MinIPv4HeaderLength = 20;
    private const int IPv6HeaderLength = 40;

    /// <summary>Judges a frame.</summary>
    /// <param name="frame">From the destination MAC on, without FCS.</param>
    /// <returns>
    /// <see cref="ParseStatus.InnerTruncated"/> under 14 octets, in a VLAN tag, or in the fixed part of an announced IPv4 or IPv6 header; else
    /// <see cref="ParseStatus.Ok"/>.
    /// </returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ParseStatus Check(ReadOnlySpan<byte> frame)
    {
        // Long enough for every header that is looked at: nothing can be cut.
        if (frame.Length >= EthernetView.HeaderLength + (EthernetView.MaxTagCount * VlanTag.Length) + IPv6HeaderLength)
        {
            return ParseStatus.Ok;
        }

        ParseStatus status = EthernetView.Parse(frame, out EthernetView view);
        if (status != ParseStatus.Ok)
        {
            return status;
        }

        int payloadLength = frame.Length - view.PayloadOffset;
        return payloadLength >= IPv6HeaderLength || payloadLength >= RequiredLength(view.EtherType) ? ParseStatus.Ok : ParseStatus.InnerTruncated;
    }

    private static int RequiredLength(ushort etherType) => etherType switch
    {
        EtherType.IPv4 => MinIPv4HeaderLength,
        EtherType.IPv6 => IPv6HeaderLength,
        _ => 0,
    };
}
