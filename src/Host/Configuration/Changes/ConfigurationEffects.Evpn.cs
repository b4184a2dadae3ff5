using System.Collections.Immutable;
using Overlay.Api;
using Overlay.Control.Evpn.Options;
using Overlay.Encap;

namespace Overlay.Host.Configuration.Changes;

/// <content>BGP EVPN.</content>
internal static partial class ConfigurationEffects
{
    private static void AddEvpn(List<ConfigEffect> effects, EvpnOptions old, EvpnOptions @new)
    {
        Collect(effects, old.Neighbors, @new.Neighbors, NameOf, NeighborAdded, NeighborRemoved, NeighborChanged);
        Collect(
            effects,
            old.Dynamic,
            @new.Dynamic,
            dynamic => $"{dynamic.Prefix}/{dynamic.PrefixLength}",
            dynamic => Of("key", $"evpn prefix {dynamic.Prefix}/{dynamic.PrefixLength}", "added", [], $"up to {dynamic.Limit} neighbours may connect from it"),
            dynamic => Of("key", $"evpn prefix {dynamic.Prefix}/{dynamic.PrefixLength}", "removed", [], "sessions with neighbours of it end, and what they gave is removed at once", interrupts: true),
            (_, dynamic) => Of("key", $"evpn prefix {dynamic.Prefix}/{dynamic.PrefixLength}", "changed", [], "sessions with neighbours of it begin anew; what they gave stays in force"));
        foreach (var vni in old.Vnis.Keys.Union(@new.Vnis.Keys).Order())
        {
            var (before, after) = (Of(old.Vnis, vni), Of(@new.Vnis, vni));
            if (!before.Equals(after))
            {
                effects.Add(Of("key", $"evpn vni {vni}", "changed", EvpnVniKeys(before, after), before.IsEnabled && !after.IsEnabled
                    ? "its routes are withdrawn and nothing is imported into it any more: remote VTEPs that only EVPN named cannot be reached"
                    : "its routes are advertised anew, and what is imported is decided anew", before.IsEnabled && !after.IsEnabled));
            }
        }
    }

    private static EvpnVniOptions Of(ImmutableDictionary<Vni, EvpnVniOptions> vnis, Vni vni) => vnis.GetValueOrDefault(vni) ?? new EvpnVniOptions();

    private static List<string> EvpnVniKeys(EvpnVniOptions old, EvpnVniOptions vni) => Keys(
        (old.IsEnabled == vni.IsEnabled, "enabled"),
        (old.Rd == vni.Rd, "rd"),
        (old.Import.SequenceEqual(vni.Import), "import"),
        (old.Export.SequenceEqual(vni.Export), "export"),
        (old.AdvertiseMacs == vni.AdvertiseMacs, "advertise_macs"),
        (old.IsGateway == vni.IsGateway, "default_gateway"));

    private static string NameOf(EvpnNeighborOptions neighbor) => $"{neighbor.Address}";

    private static ConfigEffect NeighborAdded(EvpnNeighborOptions neighbor) =>
        Of("key", $"evpn neighbor {neighbor.Address}", "added", [], neighbor.IsShutdown ? "is kept down" : "a session with it is opened");

    private static ConfigEffect NeighborRemoved(EvpnNeighborOptions neighbor) =>
        Of("key", $"evpn neighbor {neighbor.Address}", "removed", [], "the session ends, and what only this neighbour gave is removed at once", interrupts: true);

    private static ConfigEffect NeighborChanged(EvpnNeighborOptions old, EvpnNeighborOptions neighbor)
    {
        var keys = Keys(
            (old.As == neighbor.As, "as"),
            (old.Port == neighbor.Port, "port"),
            (old.Description == neighbor.Description, "description"),
            (old.IsShutdown == neighbor.IsShutdown && old.ShutdownText == neighbor.ShutdownText, "shutdown"),
            (old.ConnectRetry == neighbor.ConnectRetry, "connect_retry"),
            (old.IsPassive == neighbor.IsPassive, "passive"),
            (old.LocalAs == neighbor.LocalAs, "local_as"),
            (old.Password == neighbor.Password, "password"),
            (old.HoldTime == neighbor.HoldTime, "hold_time"),
            (old.TtlSecurityHops == neighbor.TtlSecurityHops, "ttl_security"),
            (old.Multihop == neighbor.Multihop, "multihop"),
            (old.LocalAddress == neighbor.LocalAddress, "local_address"),
            (old.MaxPrefixes == neighbor.MaxPrefixes, "max_prefixes"));
        var isShut = neighbor.IsShutdown && !old.IsShutdown;
        return Of("key", $"evpn neighbor {neighbor.Address}", "changed", keys, isShut
            ? "the session ends and stays down; what it gave is removed at once"
            : "the session begins anew; what it gave stays in force", isShut);
    }
}
