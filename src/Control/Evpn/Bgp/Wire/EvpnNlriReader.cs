using System.Buffers.Binary;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>
/// Reads the EVPN routes of MP_REACH_NLRI or MP_UNREACH_NLRI one after the other. Borrows the octets; allocates nothing; never throws, whatever the octets
/// are. Routes of unknown types and those that are not well formed are skipped and counted.
/// </summary>
/// <param name="octets">The routes.</param>
public ref struct EvpnNlriReader(ReadOnlySpan<byte> octets)
{
    private ReadOnlySpan<byte> _rest = octets;

    /// <summary>Routes that were skipped so far.</summary>
    public int Skipped { get; private set; }

    /// <summary>A route ended past the octets, and reading with it. Never of what <see cref="UpdateDecoder"/> gives.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>Says what the octets are like, without reading the routes.</summary>
    /// <param name="octets">The routes.</param>
    /// <param name="faults">Why routes are skipped is added.</param>
    public static EvpnNlriStatus Verify(ReadOnlySpan<byte> octets, ref UpdateFaults faults) => Verify(octets, ref faults, out _);

    internal static EvpnNlriStatus Verify(ReadOnlySpan<byte> octets, ref UpdateFaults faults, out EvpnNlriTraits traits)
    {
        traits = EvpnNlriTraits.None;
        EvpnNlriStatus status = EvpnNlriStatus.Ok;
        while (octets.Length > 0)
        {
            if (!TrySplit(ref octets, out byte type, out ReadOnlySpan<byte> value))
            {
                return EvpnNlriStatus.Malformed;
            }

            if (EvpnNlriForm.Check(type, value) is UpdateFault fault)
            {
                faults = faults.With(fault);
                status = EvpnNlriStatus.Skips;
            }
            else if (type == (byte)EvpnRouteType.IpPrefix)
            {
                traits |= TraitsOf(value);
            }
        }

        return status;
    }

    /// <summary>Reads the next route that is well formed.</summary>
    /// <returns>False at the end.</returns>
    public bool MoveNext(out EvpnNlri nlri)
    {
        while (_rest.Length > 0)
        {
            if (!TrySplit(ref _rest, out byte type, out ReadOnlySpan<byte> value))
            {
                IsMalformed = true;
                _rest = default;
                break;
            }

            if (EvpnNlriForm.Check(type, value) is null)
            {
                nlri = Read((EvpnRouteType)type, value);
                return true;
            }

            Skipped++;
        }

        nlri = default;
        return false;
    }

    private static bool TrySplit(scoped ref ReadOnlySpan<byte> rest, out byte type, out ReadOnlySpan<byte> value)
    {
        type = 0;
        value = default;
        if (rest.Length < EvpnNlriForm.HeaderLength || rest[1] > rest.Length - EvpnNlriForm.HeaderLength)
        {
            return false;
        }

        type = rest[0];
        value = rest.Slice(EvpnNlriForm.HeaderLength, rest[1]);
        rest = rest[(EvpnNlriForm.HeaderLength + value.Length)..];
        return true;
    }

    private static EvpnNlri Read(EvpnRouteType type, ReadOnlySpan<byte> value)
    {
        var rd = new RouteDistinguisher(BinaryPrimitives.ReadUInt64BigEndian(value));
        switch (type)
        {
            case EvpnRouteType.EthernetAutoDiscovery:
                return new EvpnNlri
                {
                    Type = type,
                    Rd = rd,
                    Esi = EthernetSegmentId.Read(value[EvpnNlriForm.EsiOffset..]),
                    EthernetTag = BinaryPrimitives.ReadUInt32BigEndian(value[EvpnNlriForm.TagOffset..]),
                    Label = EvpnNlriForm.ReadLabel(value[EvpnNlriForm.AutoDiscoveryLabelOffset..]),
                };
            case EvpnRouteType.MacIp:
                return ReadMac(rd, value);
            case EvpnRouteType.InclusiveMulticast:
                return new EvpnNlri
                {
                    Type = type,
                    Rd = rd,
                    EthernetTag = BinaryPrimitives.ReadUInt32BigEndian(value[EvpnNlriForm.MulticastTagOffset..]),
                    HasAddress = true,
                    Address = ReadAddress(value[EvpnNlriForm.MulticastAddressOffset..], value[EvpnNlriForm.MulticastBitsOffset] == 128),
                };
            case EvpnRouteType.EthernetSegment:
                return new EvpnNlri
                {
                    Type = type,
                    Rd = rd,
                    Esi = EthernetSegmentId.Read(value[EvpnNlriForm.EsiOffset..]),
                    HasAddress = true,
                    Address = ReadAddress(value[EvpnNlriForm.SegmentAddressOffset..], value[EvpnNlriForm.SegmentBitsOffset] == 128),
                };
            default:
                return ReadPrefix(rd, value);
        }
    }

    private static EvpnNlri ReadMac(RouteDistinguisher rd, ReadOnlySpan<byte> value)
    {
        int bits = value[EvpnNlriForm.MacAddressBitsOffset];
        ReadOnlySpan<byte> labels = value[(EvpnNlriForm.MacAddressOffset + (bits / 8))..];
        return new EvpnNlri
        {
            Type = EvpnRouteType.MacIp,
            Rd = rd,
            Esi = EthernetSegmentId.Read(value[EvpnNlriForm.EsiOffset..]),
            EthernetTag = BinaryPrimitives.ReadUInt32BigEndian(value[EvpnNlriForm.TagOffset..]),
            Mac = MacAddress.Read(value[EvpnNlriForm.MacOffset..]),
            HasAddress = bits != 0,
            Address = bits == 0 ? default : ReadAddress(value[EvpnNlriForm.MacAddressOffset..], bits == 128),
            Label = EvpnNlriForm.ReadLabel(labels),
            Label2 = labels.Length > EvpnNlriForm.LabelLength ? EvpnNlriForm.ReadLabel(labels[EvpnNlriForm.LabelLength..]) : null,
        };
    }

    private static EvpnNlri ReadPrefix(RouteDistinguisher rd, ReadOnlySpan<byte> value)
    {
        bool v6 = value.Length == EvpnNlriForm.PrefixLengthIPv6;
        int length = v6 ? 16 : 4;
        int bits = value[EvpnNlriForm.PrefixBitsOffset];

        // RFC 4271 §4.3: the bits behind the prefix are irrelevant; zero in a key, so that equal prefixes are equal.
        Span<byte> prefix = stackalloc byte[16];
        value.Slice(EvpnNlriForm.PrefixOffset, length).CopyTo(prefix);
        for (int i = 0; i < length; i++)
        {
            int kept = Math.Clamp(bits - (8 * i), 0, 8);
            prefix[i] &= (byte)(0xFF00 >> kept);
        }

        return new EvpnNlri
        {
            Type = EvpnRouteType.IpPrefix,
            Rd = rd,
            Esi = EthernetSegmentId.Read(value[EvpnNlriForm.EsiOffset..]),
            EthernetTag = BinaryPrimitives.ReadUInt32BigEndian(value[EvpnNlriForm.TagOffset..]),
            HasAddress = true,
            Address = ReadAddress(prefix, v6),
            PrefixLength = (byte)bits,
            Gateway = ReadAddress(value[(EvpnNlriForm.PrefixOffset + length)..], v6),
            Label = EvpnNlriForm.ReadLabel(value[(EvpnNlriForm.PrefixOffset + (2 * length))..]),
        };
    }

    private static UnderlayAddress ReadAddress(ReadOnlySpan<byte> source, bool v6) => v6 ? UnderlayAddress.FromIPv6(source) : UnderlayAddress.FromIPv4(source);

    private static EvpnNlriTraits TraitsOf(ReadOnlySpan<byte> value)
    {
        int length = value.Length == EvpnNlriForm.PrefixLengthIPv6 ? 16 : 4;
        bool segment = !EthernetSegmentId.Read(value[EvpnNlriForm.EsiOffset..]).IsZero;
        bool gateway = value.Slice(EvpnNlriForm.PrefixOffset + length, length).ContainsAnyExcept((byte)0);
        bool label = EvpnNlriForm.ReadLabel(value[(EvpnNlriForm.PrefixOffset + (2 * length))..]) != 0;
        return segment && gateway ? EvpnNlriTraits.TwoIndexes
            : segment || gateway ? EvpnNlriTraits.None
            : label ? EvpnNlriTraits.NoIndex
            : EvpnNlriTraits.NoIndexNoLabel;
    }
}
