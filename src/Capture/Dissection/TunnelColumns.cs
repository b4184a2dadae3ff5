using System.Globalization;

namespace Overlay.Capture.Dissection;

/// <summary>
/// The 22 columns in which a tunnel layer is written by <c>overlayctl decode -o json</c> and by the ground truth beside captures.
/// Names, order and formats are an interface: they are not changed.
/// </summary>
public static class TunnelColumns
{
    /// <summary>The names, in order.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "frame", "outer_src", "outer_dst", "outer_tos", "outer_ttl", "udp_sport", "udp_dport", "udp_csum", "encap", "depth", "vni", "flags", "gbp",
        "proto", "options", "inner_src", "inner_dst", "inner_vlans", "inner_type", "inner_len", "verdict", "reason",
    ];

    /// <summary>The values, parallel to <see cref="Names"/>; an empty string for a fact that could not be read.</summary>
    /// <param name="layer">A layer.</param>
    public static IReadOnlyList<string> Format(TunnelLayer layer)
    {
        ArgumentNullException.ThrowIfNull(layer);
        bool outer = layer.OuterSource is not null;
        return
        [
            Invariant($"{layer.Frame}"),
            layer.OuterSource?.ToString() ?? string.Empty,
            layer.OuterDestination?.ToString() ?? string.Empty,
            outer ? Invariant($"0x{layer.OuterTos:x2}") : string.Empty,
            outer ? Invariant($"{layer.OuterTtl}") : string.Empty,
            outer ? Invariant($"{layer.UdpSourcePort}") : string.Empty,
            outer ? Invariant($"{layer.UdpDestinationPort}") : string.Empty,
            outer ? Invariant($"0x{layer.UdpChecksum:x4}") : string.Empty,
            Name(layer.Encap),
            layer.Depth == 0 ? string.Empty : Invariant($"{layer.Depth}"),
            layer.Vni?.ToString() ?? string.Empty,
            Flags(layer),
            layer.HasGbp ? Invariant($"id={layer.GbpPolicyId},A={(layer.GbpApplied ? 1 : 0)},D={(layer.GbpDontLearn ? 1 : 0)}") : string.Empty,
            Protocol(layer),
            string.Join(' ', layer.Options),
            layer.InnerSource?.ToString() ?? string.Empty,
            layer.InnerDestination?.ToString() ?? string.Empty,
            string.Join(',', layer.InnerVlans),
            InnerType(layer),
            layer.InnerLength is { } length ? Invariant($"{length}") : string.Empty,
            Name(layer.Verdict),
            string.Join(';', layer.Notes),
        ];
    }

    /// <summary>The word for an encapsulation.</summary>
    /// <param name="encap">An encapsulation.</param>
    public static string Name(TunnelEncap encap) => encap switch
    {
        TunnelEncap.Vxlan => "vxlan",
        TunnelEncap.VxlanGpe => "vxlan-gpe",
        TunnelEncap.Geneve => "geneve",
        _ => string.Empty,
    };

    /// <summary>The word for a verdict.</summary>
    /// <param name="verdict">A verdict.</param>
    public static string Name(TunnelVerdict verdict) => verdict switch
    {
        TunnelVerdict.Accept => "accept",
        TunnelVerdict.Control => "control",
        TunnelVerdict.Critical => "critical",
        TunnelVerdict.Fragment => "fragment",
        TunnelVerdict.NotApplicable => "n/a",
        _ => "drop",
    };

    private static string Flags(TunnelLayer layer) => layer.Flags is not { } flags ? string.Empty
        : layer.Encap == TunnelEncap.Vxlan ? Invariant($"0x{flags:x4}")
        : Invariant($"0x{flags:x2}");

    private static string Protocol(TunnelLayer layer) => layer.ProtocolType is { } type ? Invariant($"0x{type:x4}")
        : layer.NextProtocol is { } next ? Invariant($"np{next}")
        : string.Empty;

    private static string InnerType(TunnelLayer layer) => layer.InnerType is not { } type ? string.Empty
        : type < Encap.Ethernet.EtherType.MinValue ? Invariant($"len{type}")
        : Invariant($"0x{type:x4}");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
