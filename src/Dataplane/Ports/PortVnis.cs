using System.Collections.Immutable;
using Overlay.Encap;
using Overlay.Forwarding.Topology;

namespace Overlay.Dataplane.Ports;

/// <summary>Which VNIs the ports of a topology are in, found once instead of for each port and VNI. Immutable.</summary>
internal sealed class PortVnis
{
    private readonly Dictionary<string, List<VniSpec>> _vnis = new(StringComparer.Ordinal);

    /// <summary>Finds them.</summary>
    internal PortVnis(TopologySpec topology)
    {
        var known = new Dictionary<Vni, VniSpec>();
        foreach (VniSpec vni in topology.Vnis)
        {
            known[vni.Vni] = vni;
            foreach (string port in vni.Ports)
            {
                if (topology.Ports.TryGetValue(port, out PortSpec? spec) && spec.Mode == PortMode.Trunk)
                    continue;
                Of(port).Add(vni);
            }
        }

        foreach (PortSpec port in topology.Ports.Values)
        {
            if (port.Mode != PortMode.Trunk)
                continue;
            HashSet<Vni> members = [.. port.Vlans.Values];
            if (port.NativeVni is { } native)
                members.Add(native);
            foreach (Vni member in members)
            {
                if (known.TryGetValue(member, out VniSpec? vni))
                    Of(port.Name).Add(vni);
            }
        }
    }

    /// <summary>The VNIs of a port; none if it is in none.</summary>
    internal IReadOnlyList<VniSpec> this[string port] => _vnis.TryGetValue(port, out List<VniSpec>? vnis) ? vnis : ImmutableArray<VniSpec>.Empty;

    private List<VniSpec> Of(string port)
    {
        if (!_vnis.TryGetValue(port, out List<VniSpec>? vnis))
            _vnis.Add(port, vnis = []);
        return vnis;
    }
}
