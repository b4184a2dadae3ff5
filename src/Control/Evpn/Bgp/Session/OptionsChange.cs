using Overlay.Control.Evpn.Options;

namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>Which settings of a neighbour need a new session.</summary>
internal static class OptionsChange
{
    /// <summary>Names what changed that a running session cannot follow; null if nothing did.</summary>
    public static string? Describe(EvpnSessionOptions before, EvpnSessionOptions after, BgpLocal localBefore, BgpLocal localAfter)
    {
        var names = new List<string>();
        Note(names, "our AS", AsOf(before, localBefore), AsOf(after, localAfter));
        Note(names, "router id", localBefore.RouterId, localAfter.RouterId);
        Note(names, "AS", before.As, after.As);
        Note(names, "password", before.Password, after.Password);
        Note(names, "hold time", before.HoldTime, after.HoldTime);
        Note(names, "TTL security", before.TtlSecurityHops, after.TtlSecurityHops);
        Note(names, "multihop", before.Multihop, after.Multihop);
        Note(names, "local address", before.LocalAddress, after.LocalAddress);
        Note(names, "port", PortOf(before), PortOf(after));
        Note(names, "prefix", before is EvpnDynamicOptions, after is EvpnDynamicOptions);
        return names.Count == 0 ? null : string.Join(", ", names);
    }

    private static void Note<T>(List<string> names, string name, T before, T after)
    {
        if (!EqualityComparer<T>.Default.Equals(before, after))
            names.Add(name);
    }

    private static uint AsOf(EvpnSessionOptions options, BgpLocal local) => options.LocalAs != 0 ? options.LocalAs : local.As;

    private static int PortOf(EvpnSessionOptions options) => (options as EvpnNeighborOptions)?.Port ?? 0;
}
