using System.Buffers.Binary;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>
/// The layout of EVPN routes (RFC 7432 §7, RFC 9136 §3.1) and what is wrong with one. Each begins with type and length, one octet each; then
/// <code>
/// type 1 | RD 8 | ESI 10 | tag 4 | label 3 |                                                                  25
/// type 2 | RD 8 | ESI 10 | tag 4 | MAC bits 1 | MAC 6 | IP bits 1 | IP 0/4/16 | label 3 | label2 0/3 |         33, 37, 49 and 3 more
/// type 3 | RD 8 | tag 4 | IP bits 1 | originator 4/16 |                                                        17, 29
/// type 4 | RD 8 | ESI 10 | IP bits 1 | originator 4/16 |                                                       23, 35
/// type 5 | RD 8 | ESI 10 | tag 4 | prefix bits 1 | prefix 4/16 | gateway 4/16 | label 3 |                      34, 58
/// </code>
/// A route of a known type whose fields do not fit is skipped by its length, as one of an unknown type is (RFC 7606 §5.4): it has no key that could be
/// withdrawn, and its length locates the next one, which is what RFC 7606 §5.3 resets a session for the lack of.
/// </summary>
internal static class EvpnNlriForm
{
    /// <summary>Octets of type and length.</summary>
    public const int HeaderLength = 2;

    public const int EsiOffset = 8;
    public const int TagOffset = 18;
    public const int AutoDiscoveryLabelOffset = 22;
    public const int AutoDiscoveryLength = 25;
    public const int MacBitsOffset = 22;
    public const int MacOffset = 23;
    public const int MacAddressBitsOffset = 29;
    public const int MacAddressOffset = 30;
    public const int MacLeastLength = 33;
    public const int MulticastTagOffset = 8;
    public const int MulticastBitsOffset = 12;
    public const int MulticastAddressOffset = 13;
    public const int SegmentBitsOffset = 18;
    public const int SegmentAddressOffset = 19;
    public const int PrefixBitsOffset = 22;
    public const int PrefixOffset = 23;
    public const int PrefixLengthIPv4 = 34;
    public const int PrefixLengthIPv6 = 58;
    public const int LabelLength = 3;

    /// <summary>Says what is wrong with a route, or null.</summary>
    public static UpdateFault? Check(byte type, ReadOnlySpan<byte> value) => (EvpnRouteType)type switch
    {
        EvpnRouteType.EthernetAutoDiscovery => value.Length == AutoDiscoveryLength ? null : UpdateFault.RouteLength,
        EvpnRouteType.MacIp => CheckMac(value),
        EvpnRouteType.InclusiveMulticast => CheckOriginator(value, MulticastBitsOffset),
        EvpnRouteType.EthernetSegment => CheckOriginator(value, SegmentBitsOffset),
        EvpnRouteType.IpPrefix => CheckPrefix(value),
        _ => UpdateFault.UnknownRouteType,
    };

    public static bool IsMapped(ReadOnlySpan<byte> address) =>
        BinaryPrimitives.ReadUInt64BigEndian(address) == 0 && BinaryPrimitives.ReadUInt32BigEndian(address[8..]) == 0xFFFF;

    public static uint ReadLabel(ReadOnlySpan<byte> source) => (uint)((source[0] << 16) | (source[1] << 8) | source[2]);

    private static UpdateFault? CheckMac(ReadOnlySpan<byte> value)
    {
        if (value.Length < MacLeastLength)
        {
            return UpdateFault.RouteLength;
        }

        // RFC 7432 §9.2.1: other lengths of MAC and IP are "outside the scope of this document".
        if (value[MacBitsOffset] != 8 * MacAddress.Length)
        {
            return UpdateFault.MacLength;
        }

        int bits = value[MacAddressBitsOffset];
        if (bits is not (0 or 32 or 128))
        {
            return UpdateFault.AddressLength;
        }

        int more = value.Length - MacLeastLength - (bits / 8);
        return more is not (0 or LabelLength) ? UpdateFault.RouteLength
            : bits == 128 && IsMapped(value[MacAddressOffset..]) ? UpdateFault.MappedAddress
            : null;
    }

    private static UpdateFault? CheckOriginator(ReadOnlySpan<byte> value, int bitsOffset)
    {
        if (value.Length <= bitsOffset)
        {
            return UpdateFault.RouteLength;
        }

        int bits = value[bitsOffset];
        return bits is not (32 or 128) ? (value.Length - bitsOffset - 1 is 4 or 16 ? UpdateFault.AddressLength : UpdateFault.RouteLength)
            : value.Length != bitsOffset + 1 + (bits / 8) ? UpdateFault.RouteLength
            : bits == 128 && IsMapped(value[(bitsOffset + 1)..]) ? UpdateFault.MappedAddress
            : null;
    }

    private static UpdateFault? CheckPrefix(ReadOnlySpan<byte> value)
    {
        if (value.Length is not (PrefixLengthIPv4 or PrefixLengthIPv6))
        {
            return UpdateFault.RouteLength;
        }

        bool v6 = value.Length == PrefixLengthIPv6;
        return value[PrefixBitsOffset] > (v6 ? 128 : 32) ? UpdateFault.PrefixLength
            : v6 && (IsMapped(value[PrefixOffset..]) || IsMapped(value[(PrefixOffset + 16)..])) ? UpdateFault.MappedAddress
            : null;
    }
}
