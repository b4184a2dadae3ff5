namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>Path attribute type codes (IANA registry) and the flags they must have.</summary>
internal static class AttributeCode
{
    public const byte Origin = 1;
    public const byte AsPath = 2;
    public const byte NextHop = 3;
    public const byte Med = 4;
    public const byte LocalPreference = 5;
    public const byte AtomicAggregate = 6;
    public const byte Aggregator = 7;
    public const byte Communities = 8;
    public const byte OriginatorId = 9;
    public const byte ClusterList = 10;
    public const byte MpReach = 14;
    public const byte MpUnreach = 15;
    public const byte ExtendedCommunities = 16;
    public const byte As4Path = 17;
    public const byte As4Aggregator = 18;
    public const byte Pmsi = 22;
    public const byte Ipv6ExtendedCommunities = 25;
    public const byte LargeCommunities = 32;
    public const byte AttributeSet = 128;

    public const byte Optional = 0x80;
    public const byte Transitive = 0x40;
    public const byte ExtendedLength = 0x10;

    /// <summary>Optional and transitive: the bits that RFC 7606 §3c speaks of. Partial and the unused bits are never an error.</summary>
    public const byte KindMask = Optional | Transitive;

    /// <summary>The flags of an attribute that we know; null for one that we do not.</summary>
    public static byte? FlagsOf(byte code) => code switch
    {
        Origin or AsPath or NextHop or LocalPreference or AtomicAggregate => Transitive,
        Med or OriginatorId or ClusterList or MpReach or MpUnreach => Optional,
        Aggregator or Communities or ExtendedCommunities or As4Path or As4Aggregator or Pmsi or Ipv6ExtendedCommunities or LargeCommunities
            or AttributeSet => Optional | Transitive,
        _ => null,
    };
}
