namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>What can be wrong with an UPDATE that leaves the session up, and what comes of it (RFC 7606). The names of <see cref="UpdateFaultNames"/> are those of counters.</summary>
public enum UpdateFault : byte
{
    /// <summary>The attributes end within one, or one is longer than what is left: treat-as-withdraw (RFC 7606 §4).</summary>
    AttributeList = 0,

    /// <summary>The optional or the transitive bit is not that of the attribute: treat-as-withdraw (RFC 7606 §3c).</summary>
    AttributeFlags = 1,

    /// <summary>An attribute stands twice: the first counts (RFC 7606 §3g).</summary>
    DuplicateAttribute = 2,

    /// <summary>A mandatory attribute is missing: treat-as-withdraw (RFC 7606 §3d).</summary>
    MissingAttribute = 3,

    /// <summary>ORIGIN: treat-as-withdraw (RFC 7606 §7.1).</summary>
    Origin = 4,

    /// <summary>AS_PATH: treat-as-withdraw (RFC 7606 §7.2, RFC 7607 §2).</summary>
    AsPath = 5,

    /// <summary>AS_PATH does not begin with the AS of the peer: treat-as-withdraw (RFC 7606 §7.2).</summary>
    FirstAs = 6,

    /// <summary>NEXT_HOP: treat-as-withdraw (RFC 7606 §7.3).</summary>
    NextHop = 7,

    /// <summary>MULTI_EXIT_DISC: treat-as-withdraw (RFC 7606 §7.4).</summary>
    Med = 8,

    /// <summary>LOCAL_PREF: treat-as-withdraw (RFC 7606 §7.5).</summary>
    LocalPreference = 9,

    /// <summary>ATOMIC_AGGREGATE: attribute discard (RFC 7606 §7.6).</summary>
    AtomicAggregate = 10,

    /// <summary>AGGREGATOR: attribute discard (RFC 7606 §7.7, RFC 7607 §2).</summary>
    Aggregator = 11,

    /// <summary>COMMUNITIES: treat-as-withdraw (RFC 7606 §7.8).</summary>
    Communities = 12,

    /// <summary>ORIGINATOR_ID: treat-as-withdraw (RFC 7606 §7.9).</summary>
    OriginatorId = 13,

    /// <summary>CLUSTER_LIST: treat-as-withdraw (RFC 7606 §7.10).</summary>
    ClusterList = 14,

    /// <summary>LOCAL_PREF, ORIGINATOR_ID or CLUSTER_LIST from another AS: attribute discard (RFC 7606 §7.5, §7.9, §7.10).</summary>
    InternalAttribute = 15,

    /// <summary>EXTENDED COMMUNITIES: treat-as-withdraw (RFC 7606 §7.14).</summary>
    ExtendedCommunities = 16,

    /// <summary>IPv6 Address Specific EXTENDED COMMUNITIES: treat-as-withdraw (RFC 7606 §7.15).</summary>
    Ipv6ExtendedCommunities = 17,

    /// <summary>LARGE_COMMUNITY: treat-as-withdraw (RFC 8092 §6).</summary>
    LargeCommunities = 18,

    /// <summary>ATTR_SET: treat-as-withdraw (RFC 7606 §7.16).</summary>
    AttributeSet = 19,

    /// <summary>PMSI tunnel: treat-as-withdraw (RFC 6514 §5).</summary>
    Pmsi = 20,

    /// <summary>AS4_PATH: attribute discard (RFC 6793 §4.1, §6).</summary>
    As4Path = 21,

    /// <summary>AS4_AGGREGATOR: attribute discard (RFC 6793 §4.1, §6).</summary>
    As4Aggregator = 22,

    /// <summary>A type 5 with two overlay indexes, or with none and no label, or with a group for a router MAC: treat-as-withdraw (RFC 9136 §3.1, §3.2).</summary>
    OverlayIndex = 23,

    /// <summary>An EVPN route of an unknown type: skipped (RFC 7606 §5.4).</summary>
    UnknownRouteType = 24,

    /// <summary>An EVPN route of a length that its type and its fields do not have: skipped (RFC 7606 §5.4, RFC 7432 §7).</summary>
    RouteLength = 25,

    /// <summary>A MAC of other than 48 bits: skipped (RFC 7432 §9.2.1).</summary>
    MacLength = 26,

    /// <summary>An address of other than 0, 32 or 128 bits: skipped (RFC 7432 §9.2.1).</summary>
    AddressLength = 27,

    /// <summary>A type 5 of more bits than its family has: skipped (RFC 9136 §3.1).</summary>
    PrefixLength = 28,

    /// <summary>An IPv4-mapped IPv6 address in a route: skipped (RFC 4291 §2.5.5.2).</summary>
    MappedAddress = 29,

    /// <summary>Routes of a family that was not agreed on: ignored (RFC 4760 §6).</summary>
    OtherFamily = 30,

    /// <summary>IPv4 routes, which were not agreed on: ignored (RFC 4760 §6).</summary>
    Ipv4Unicast = 31,

    /// <summary>MP_REACH_NLRI without a route.</summary>
    EmptyReach = 32,
}
