using System.Globalization;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;

namespace Overlay.Dataplane.Forwarding;

/// <content>Multicast groups that VNIs flood to: each is a next hop that the topology owns, one for all VNIs that name the same.</content>
public sealed partial class ForwardingState
{
    private readonly Dictionary<FloodGroup, NextHopId> _groups = [];

    private FloodList? GroupOf(VniSpec vni, IReadOnlyDictionary<FloodGroup, GroupPath>? groups)
    {
        if (vni.Group is not { } group)
            return null;

        if (groups is null || !groups.TryGetValue(group, out GroupPath? path))
            return FloodList.Empty;

        if (!_groups.TryGetValue(group, out NextHopId hop))
        {
            VtepId vtep = DefineVtep(string.Create(CultureInfo.InvariantCulture, $"{group.Address}%{group.Device} ttl {group.Ttl} {(group.Encap == EncapKind.Geneve ? "geneve" : "vxlan")}"));
            NextHopSpec spec = new(vtep, group.Address, path.Encap, path.Port, PolicyOptionMode.Advisory);
            hop = AddNextHop(in spec, _vteps[vtep.Index], path);
            _groups.Add(group, hop);
        }

        return new FloodList([hop]);
    }

    // After the tables without them were published.
    private void ReleaseGroups(TopologySpec spec)
    {
        HashSet<FloodGroup> used = [.. spec.Vnis.Select(static vni => vni.Group).OfType<FloodGroup>()];
        foreach (FloodGroup gone in _groups.Keys.Where(group => !used.Contains(group)).ToArray())
        {
            NextHopId hop = _groups[gone];
            VtepId vtep = Required(hop, nameof(spec)).Vtep.Id;
            _groups.Remove(gone);
            ReleaseNextHop(hop);
            RemoveVtep(vtep);
        }
    }
}
