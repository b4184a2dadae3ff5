using System.Collections.Immutable;

namespace Overlay.Dataplane.Diagnostics;

/// <summary>Names of the anomalies, for every surface.</summary>
public static class AnomalyKinds
{
    /// <summary>The kinds that are bits of <see cref="Encap.ParseAnomaly"/>, in the order of those bits.</summary>
    internal const int ParseKindCount = 7;

    private static readonly ImmutableArray<string> Names =
    [
        "vxlan_reserved_bits",
        "geneve_reserved_bits",
        "geneve_option_reserved_bits",
        "critical_without_c_bit",
        "c_bit_without_critical",
        "unusable_option",
        "duplicate_option",
        "ecn_unexpected",
        "policy_stripped",
        "policy_mapped_to_gbp",
        "learn_hint_lost",
        "inner_checksum_unfinished",
    ];

    /// <summary>Number of kinds.</summary>
    public static int Count => Names.Length;

    /// <summary>The snake-case name.</summary>
    public static string Name(AnomalyKind kind) => Names[(int)kind];
}
