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
            PrefixChanged);
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
            (old.Port == neighbor.Port, "port"),
            (old.Description == neighbor.Description, "description"),
            (old.IsShutdown == neighbor.IsShutdown && old.ShutdownText == neighbor.ShutdownText, "shutdown"),
            (old.ConnectRetry == neighbor.ConnectRetry, "connect_retry"));
        keys.AddRange(SessionKeys(old, neighbor));
        var isShut = neighbor.IsShutdown && !old.IsShutdown;
        return Of("key", $"evpn neighbor {neighbor.Address}", "changed", keys, isShut ? "the session ends and stays down; what it gave is removed at once"
            : neighbor.IsShutdown ? "is kept down"
            : old.IsShutdown ? "a session with it is opened"
            : keys.Exists(NeedsSession) ? "the session begins anew; what it gave stays in force"
            : "the session goes on" + Besides(keys), isShut);
    }

    private static ConfigEffect PrefixChanged(EvpnDynamicOptions old, EvpnDynamicOptions dynamic)
    {
        var keys = Keys((old.Limit == dynamic.Limit, "limit"));
        keys.AddRange(SessionKeys(old, dynamic));
        return Of("key", $"evpn prefix {dynamic.Prefix}/{dynamic.PrefixLength}", "changed", keys, keys.Exists(NeedsSession)
            ? "sessions with neighbours of it begin anew; what they gave stays in force"
            : "sessions with neighbours of it go on" + Besides(keys));
    }

    private static List<string> SessionKeys(EvpnSessionOptions old, EvpnSessionOptions session) => Keys(
        (old.As == session.As, "as"),
        (old.IsPassive == session.IsPassive, "passive"),
        (old.LocalAs == session.LocalAs, "local_as"),
        (old.Password == session.Password, "password"),
        (old.HoldTime == session.HoldTime, "hold_time"),
        (old.TtlSecurityHops == session.TtlSecurityHops, "ttl_security"),
        (old.Multihop == session.Multihop, "multihop"),
        (old.LocalAddress == session.LocalAddress, "local_address"),
        (old.MaxPrefixes == session.MaxPrefixes, "max_prefixes"));

    // What a session cannot follow; as the speaker has it.
    private static bool NeedsSession(string key) => key is "as" or "local_as" or "password" or "hold_time" or "ttl_security" or "multihop" or "local_address" or "port";

    private static string Besides(List<string> keys)
    {
        var besides = new List<string>();
        foreach (var key in keys)
        {
            switch (key)
            {
                case "max_prefixes":
                    besides.Add("a neighbour that gave more than max_prefixes is ended");
                    break;
                case "connect_retry":
                    besides.Add("the new connect_retry is for the next attempts to connect");
                    break;
                case "passive":
                    besides.Add("who connects counts from the next connection on");
                    break;
                case "limit":
                    besides.Add("the limit is for neighbours that come");
                    break;
                default:
                    break;
            }
        }

        return string.Concat(besides.Select(static text => "; " + text));
    }
}
