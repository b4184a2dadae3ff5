using System.Buffers.Binary;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>Writes EVPN routes as they stand in MP_REACH_NLRI and MP_UNREACH_NLRI; the layout is that of RFC 7432 §7 and RFC 9136 §3.1.</summary>
public static class EvpnNlriWriter
{
    /// <summary>Longest route: type 5 of IPv6.</summary>
    public const int MaxLength = EvpnNlriForm.HeaderLength + EvpnNlriForm.PrefixLengthIPv6;

    /// <summary>Octets of a route, type and length included.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type is not 1–5: a programming error.</exception>
    public static int LengthOf(in EvpnNlri nlri) => EvpnNlriForm.HeaderLength + nlri.Type switch
    {
        EvpnRouteType.EthernetAutoDiscovery => EvpnNlriForm.AutoDiscoveryLength,
        EvpnRouteType.MacIp => EvpnNlriForm.MacLeastLength + (nlri.HasAddress ? nlri.Address.Length : 0) + (nlri.Label2 is null ? 0 : EvpnNlriForm.LabelLength),
        EvpnRouteType.InclusiveMulticast => EvpnNlriForm.MulticastAddressOffset + nlri.Address.Length,
        EvpnRouteType.EthernetSegment => EvpnNlriForm.SegmentAddressOffset + nlri.Address.Length,
        EvpnRouteType.IpPrefix => nlri.Address.IsIPv4 ? EvpnNlriForm.PrefixLengthIPv4 : EvpnNlriForm.PrefixLengthIPv6,
        _ => throw new ArgumentOutOfRangeException(nameof(nlri), nlri.Type, "not a route type that can be written"),
    };

    /// <summary>Writes a route, every octet of it.</summary>
    /// <param name="nlri">The route.</param>
    /// <param name="destination">At least <see cref="LengthOf"/> octets.</param>
    /// <returns>Octets written.</returns>
    public static int Write(in EvpnNlri nlri, Span<byte> destination)
    {
        int length = LengthOf(in nlri);
        destination[0] = (byte)nlri.Type;
        destination[1] = (byte)(length - EvpnNlriForm.HeaderLength);
        Span<byte> value = destination[EvpnNlriForm.HeaderLength..length];
        BinaryPrimitives.WriteUInt64BigEndian(value, nlri.Rd.Value);
        switch (nlri.Type)
        {
            case EvpnRouteType.EthernetAutoDiscovery:
                WriteSegmentAndTag(in nlri, value);
                WriteLabel(nlri.Label, value[EvpnNlriForm.AutoDiscoveryLabelOffset..]);
                break;
            case EvpnRouteType.MacIp:
                WriteSegmentAndTag(in nlri, value);
                value[EvpnNlriForm.MacBitsOffset] = 8 * MacAddress.Length;
                nlri.Mac.WriteTo(value[EvpnNlriForm.MacOffset..]);
                int address = nlri.HasAddress ? WriteAddress(nlri.Address, value[EvpnNlriForm.MacAddressOffset..]) : 0;
                value[EvpnNlriForm.MacAddressBitsOffset] = (byte)(8 * address);
                WriteLabel(nlri.Label, value[(EvpnNlriForm.MacAddressOffset + address)..]);
                if (nlri.Label2 is uint second)
                {
                    WriteLabel(second, value[(EvpnNlriForm.MacAddressOffset + address + EvpnNlriForm.LabelLength)..]);
                }

                break;
            case EvpnRouteType.InclusiveMulticast:
                BinaryPrimitives.WriteUInt32BigEndian(value[EvpnNlriForm.MulticastTagOffset..], nlri.EthernetTag);
                value[EvpnNlriForm.MulticastBitsOffset] = (byte)(8 * WriteAddress(nlri.Address, value[EvpnNlriForm.MulticastAddressOffset..]));
                break;
            case EvpnRouteType.EthernetSegment:
                nlri.Esi.WriteTo(value[EvpnNlriForm.EsiOffset..]);
                value[EvpnNlriForm.SegmentBitsOffset] = (byte)(8 * WriteAddress(nlri.Address, value[EvpnNlriForm.SegmentAddressOffset..]));
                break;
            default:
                WriteSegmentAndTag(in nlri, value);
                value[EvpnNlriForm.PrefixBitsOffset] = nlri.PrefixLength;
                int prefix = WriteAddress(nlri.Address, value[EvpnNlriForm.PrefixOffset..]);
                WriteGateway(nlri.Gateway, value.Slice(EvpnNlriForm.PrefixOffset + prefix, prefix));
                WriteLabel(nlri.Label, value[(EvpnNlriForm.PrefixOffset + (2 * prefix))..]);
                break;
        }

        return length;
    }

    private static void WriteSegmentAndTag(in EvpnNlri nlri, Span<byte> value)
    {
        nlri.Esi.WriteTo(value[EvpnNlriForm.EsiOffset..]);
        BinaryPrimitives.WriteUInt32BigEndian(value[EvpnNlriForm.TagOffset..], nlri.EthernetTag);
    }

    private static int WriteAddress(UnderlayAddress address, Span<byte> destination)
    {
        _ = address.TryWriteBytes(destination, out int written);
        return written;
    }

    /// <summary>RFC 9136 §3.1: the gateway is of the family of the prefix; one that is not, as the default of an IPv4 route is, is none.</summary>
    private static void WriteGateway(UnderlayAddress gateway, Span<byte> destination)
    {
        destination.Clear();
        if (gateway.Length == destination.Length)
        {
            WriteAddress(gateway, destination);
        }
    }

    private static void WriteLabel(uint label, Span<byte> destination)
    {
        destination[0] = (byte)(label >> 16);
        destination[1] = (byte)(label >> 8);
        destination[2] = (byte)label;
    }
}
