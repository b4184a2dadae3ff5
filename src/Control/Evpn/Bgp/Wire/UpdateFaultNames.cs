using System.Collections.Immutable;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>Names of <see cref="UpdateFault"/>, for counters and documents.</summary>
public static class UpdateFaultNames
{
    /// <summary>All names, in the order of the enumeration.</summary>
    public static ImmutableArray<string> All { get; } =
    [
        "attribute-list",
        "attribute-flags",
        "duplicate-attribute",
        "missing-attribute",
        "origin",
        "as-path",
        "first-as",
        "next-hop",
        "med",
        "local-pref",
        "atomic-aggregate",
        "aggregator",
        "communities",
        "originator-id",
        "cluster-list",
        "internal-attribute",
        "extended-communities",
        "ipv6-extended-communities",
        "large-communities",
        "attribute-set",
        "pmsi",
        "as4-path",
        "as4-aggregator",
        "overlay-index",
        "unknown-route-type",
        "route-length",
        "mac-length",
        "address-length",
        "prefix-length",
        "mapped-address",
        "other-family",
        "ipv4-unicast",
        "empty-reach",
    ];

    /// <summary>The name of a fault.</summary>
    public static string NameOf(UpdateFault fault) => All[(int)fault];
}
