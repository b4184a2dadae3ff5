using Overlay.Encap.Geneve;
using Overlay.Encap.Vxlan;

namespace Overlay.Encap;

/// <summary>What a socket accepts. Immutable; make one a socket and pass it by reference.</summary>
/// <param name="Registry">The Geneve options that are understood.</param>
/// <param name="Strict">Drop datagrams with reserved bits set.</param>
/// <param name="Gbp">Read the VXLAN group policy word.</param>
/// <param name="Gpe">What the VXLAN P bit means.</param>
/// <param name="AcceptL3">Accept layer-3 payloads (Geneve protocol types 0x0800 and 0x86dd). Never for a bridge: there is no frame to forward.</param>
public readonly record struct TunnelJudgeOptions(
    GeneveOptionRegistry Registry,
    bool Strict = false,
    bool Gbp = false,
    GpeHandling Gpe = GpeHandling.EthernetOnly,
    bool AcceptL3 = false)
{
    /// <summary>The daemon's defaults: lenient, GBP off, Ethernet only, <see cref="GeneveOptionRegistry.Default"/>.</summary>
    public static TunnelJudgeOptions Default { get; } = new(GeneveOptionRegistry.Default);
}
