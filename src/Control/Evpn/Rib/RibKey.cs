using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Rib;

/// <summary>
/// What makes two EVPN routes the same one (RFC 7432 §7, RFC 9136 §3.1): an UPDATE with an equal key replaces, a withdraw matches by it alone. Labels, gateway and, of
/// types 2 and 5, the segment are none of it. Forty octets.
/// </summary>
/// <param name="Rd">Route distinguisher.</param>
/// <param name="Word"><c>MAC(48) | type(8) | flags and length(8)</c>: 0x80 with an address, and the length of a type 5 prefix.</param>
/// <param name="Hi">Address, upper half.</param>
/// <param name="Lo">Address, lower half.</param>
/// <param name="Tag">Ethernet tag.</param>
/// <param name="Extra">Of types 1 and 4 the segment, by its number in <see cref="RouteExtras"/>.</param>
internal readonly record struct RibKey(ulong Rd, ulong Word, ulong Hi, ulong Lo, uint Tag, int Extra) : ISlotKey<RibKey>
{
    private const byte HasAddressFlag = 0x80;

    public EvpnRouteType Type => (EvpnRouteType)(byte)(Word >> 8);

    public MacAddress Mac => new(Word >> 16);

    public bool HasAddress => (Word & HasAddressFlag) != 0 || Type == EvpnRouteType.IpPrefix;

    public byte PrefixLength => Type == EvpnRouteType.IpPrefix ? (byte)Word : (byte)0;

    public UnderlayAddress Address => AddressOf(Hi, Lo);

    public static RibKey Of(in EvpnNlri nlri, int extra) => new(
        nlri.Rd.Value,
        (nlri.Mac.Value << 16) | ((ulong)nlri.Type << 8) | (nlri.Type == EvpnRouteType.IpPrefix ? nlri.PrefixLength : nlri.HasAddress ? HasAddressFlag : (byte)0),
        nlri.Address.Hi,
        nlri.Address.Lo,
        nlri.EthernetTag,
        extra);

    /// <summary>Whether the segment is part of the key.</summary>
    public static bool HasSegment(EvpnRouteType type) => type is EvpnRouteType.EthernetAutoDiscovery or EvpnRouteType.EthernetSegment;

    public static UnderlayAddress AddressOf(ulong hi, ulong lo)
    {
        if (hi == 0 && lo >> 32 == 0xFFFF)
        {
            return UnderlayAddress.FromIPv4((uint)lo);
        }

        Span<byte> octets = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(octets, hi);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(octets[8..], lo);
        return UnderlayAddress.FromIPv6(octets);
    }

    public ulong HashOf(in SlotSecret secret) => secret.Finish(
        SlotSecret.Mix(Rd ^ secret.A, Word ^ secret.B) ^ SlotSecret.Mix(Hi ^ secret.B, Lo ^ secret.C) ^
        SlotSecret.Mix(Tag ^ secret.C, (ulong)(uint)Extra ^ secret.A));

    public bool IsSame(in RibKey other) => this == other;
}
