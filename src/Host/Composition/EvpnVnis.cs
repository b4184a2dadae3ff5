using System.Collections.Immutable;
using Overlay.Control.Evpn.Options;
using Overlay.Encap;
using Overlay.Forwarding.Topology;
using Overlay.Host.Configuration;

namespace Overlay.Host.Composition;

/// <summary>
/// Settings of VNIs while another configuration comes into force. The plane hears of a VNI that comes or goes from the control loop, at another moment than it gets its
/// settings: one that is kept out of EVPN must not be announced in between.
/// </summary>
internal static class EvpnVnis
{
    /// <summary>Before the topology: those in force, and of the VNIs that come with it their own.</summary>
    public static ImmutableDictionary<Vni, EvpnVniOptions> Before(EvpnOptions inForce, OverlayConfig old, OverlayConfig @new)
    {
        var known = old.Topology.Vnis.Select(static vni => vni.Vni).ToHashSet();
        var vnis = inForce.Vnis;
        foreach (var vni in @new.Topology.Vnis.Select(static vni => vni.Vni).Where(vni => !known.Contains(vni)))
        {
            vnis = @new.Evpn?.Vnis.GetValueOrDefault(vni) is { } own ? vnis.SetItem(vni, own) : vnis.Remove(vni);
        }

        return vnis;
    }

    /// <summary>Behind the topology: those of the configuration, and of the VNIs that went with it what they had, until the plane has heard of it.</summary>
    public static EvpnOptions After(EvpnOptions inForce, EvpnOptions @new, TopologySpec topology)
    {
        var known = topology.Vnis.Select(static vni => vni.Vni).ToHashSet();
        return @new with { Vnis = @new.Vnis.SetItems(inForce.Vnis.Where(vni => !known.Contains(vni.Key))) };
    }
}
