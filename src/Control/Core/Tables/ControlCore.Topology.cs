using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;

namespace Overlay.Control.Tables;

/// <content>Ports and VNIs: what was configured, and what that does to the tables.</content>
internal sealed partial class ControlCore
{
    private readonly Dictionary<string, PortState> _ports = new(StringComparer.Ordinal);

    /// <summary>Takes a topology in that the forwarding tables already have. Only what changed is touched.</summary>
    public void SetTopology(TopologySpec spec, IReadOnlyDictionary<string, PortId> ports)
    {
        Dictionary<string, HashSet<uint>> placement = PlacementOf(spec);
        foreach (PortState gone in _ports.Values.Where(p => !ports.ContainsKey(p.Name) || !spec.Ports.ContainsKey(p.Name)).ToArray())
        {
            LeaveVnis(gone, static _ => true);
            _ = _ports.Remove(gone.Name);
        }

        AttachVnis(spec);
        PortById.Clear();
        foreach ((string name, PortId id) in ports)
        {
            if (!spec.Ports.TryGetValue(name, out PortSpec? portSpec))
            {
                continue;
            }

            if (!_ports.TryGetValue(name, out PortState? port))
            {
                port = new PortState(name) { Id = id };
                _ports.Add(name, port);
                port.MacLimit = portSpec.MacLimit;
                Tell(new LocalEvent { Kind = LocalEventKind.PortUp, Port = name });
            }

            port.MacLimit = portSpec.MacLimit;
            HashSet<uint> vnis = placement.GetValueOrDefault(name) ?? [];
            LeaveVnis(port, vni => !vnis.Contains(vni));
            port.Vnis.UnionWith(vnis);
            if (port.Id != id)
            {
                port.Id = id;
                Repoint(port);
            }

            PortById[id.Index] = port;
            AnnounceOwn(port);
        }
    }

    /// <summary>A port went up or down, or its own address is known. While it is up its address is announced: silent hosts are reachable at once.</summary>
    public void SetPort(string name, bool isUp, MacAddress mac)
    {
        if (!_ports.TryGetValue(name, out PortState? port))
        {
            return;
        }

        bool wasUp = port.IsUp;
        if (wasUp && (!isUp || port.Mac != mac))
        {
            ForgetOwn(port);
        }

        port.IsUp = isUp;
        port.Mac = mac;
        if (!isUp && wasUp)
        {
            DropOn(port, static _ => true);
        }

        if (isUp != wasUp)
        {
            Tell(new LocalEvent { Kind = isUp ? LocalEventKind.PortUp : LocalEventKind.PortDown, Port = name, Mac = mac });
        }

        AnnounceOwn(port);
    }

    private static Dictionary<string, HashSet<uint>> PlacementOf(TopologySpec spec)
    {
        var placement = new Dictionary<string, HashSet<uint>>(StringComparer.Ordinal);
        void Place(string port, Vni vni)
        {
            if (!placement.TryGetValue(port, out HashSet<uint>? vnis))
            {
                placement.Add(port, vnis = []);
            }

            _ = vnis.Add(vni.Value);
        }

        foreach (VniSpec vni in spec.Vnis)
        {
            foreach (string port in vni.Ports)
            {
                Place(port, vni.Vni);
            }
        }

        foreach (PortSpec port in spec.Ports.Values.Where(static p => p.Mode == PortMode.Trunk))
        {
            foreach (Vni vni in port.Vlans.Values)
            {
                Place(port.Name, vni);
            }

            if (port.NativeVni is { } native)
            {
                Place(port.Name, native);
            }
        }

        return placement;
    }

    private void AttachVnis(TopologySpec spec)
    {
        var wanted = spec.Vnis.ToDictionary(static v => v.Vni.Value);
        foreach (MacVrf vrf in _vrfs.Values.Where(v => v.Spec is not null && !wanted.ContainsKey(v.Vni.Value)).ToArray())
        {
            Detach(vrf);
        }

        foreach (VniSpec vniSpec in spec.Vnis)
        {
            MacVrf vrf = VrfOf(vniSpec.Vni);
            vrf.CarriesTags = vniSpec.Transparent || vniSpec.Ports.Any(p => spec.Ports.TryGetValue(p, out PortSpec? port) && port.Mode == PortMode.Transparent);
            bool isNew = vrf.Spec is null;
            if (isNew || !vrf.Spec!.Equals(vniSpec))
            {
                vrf.Spec = vniSpec;
                DropNeighbors(vrf, seen => !(seen.Address.IsIPv4 ? vniSpec.ArpSuppress : vniSpec.NdSuppress));
                vrf.NextScan = 0;
                if (!vniSpec.AsksOnMiss)
                {
                    ForgetMisses(vniSpec.Vni);
                }

                MarkDirty(vrf);
            }

            if (vrf.CarriesTags && vrf.Frozen > 0)
            {
                _ = UnfreezeIn(vrf, null);
            }

            if (isNew)
            {
                PublishNeighbors(vrf);
                Tell(new LocalEvent { Kind = LocalEventKind.VniAttached, Vni = vniSpec.Vni });
            }
        }
    }

    /// <summary>The forwarding tables have forgotten the VNI already; routes stay as candidates for the day it comes back.</summary>
    private void Detach(MacVrf vrf)
    {
        DropNeighbors(vrf, static _ => true);
        ForgetMisses(vrf.Vni);
        vrf.Spec = null;
        vrf.FloodList = null;
        vrf.AllowList = null;
        vrf.AllowPrefixes = null;
        vrf.RemoteLearning = null;
        vrf.ScanCursor = 0;
        vrf.TargetByNextHop.Clear();
        ForgetAllMoves(vrf);
        DropSeenOn(vrf, [.. vrf.Targets.OfType<RouteTarget>()]);

        foreach (PortState port in _ports.Values)
        {
            if (port.Vnis.Remove(vrf.Vni.Value) && vrf.TryGetTarget(new TargetKey(port.Name, -1, default), out RouteTarget? target))
            {
                RemovePortTarget(vrf, target);
            }
        }

        MarkDirty(vrf);
        Tell(new LocalEvent { Kind = LocalEventKind.VniDetached, Vni = vrf.Vni });
    }

    private void LeaveVnis(PortState port, Func<uint, bool> which)
    {
        DropOn(port, which);
        foreach (uint vni in port.Vnis.Where(which).ToArray())
        {
            _ = port.Vnis.Remove(vni);
            if (_vrfs[vni].TryGetTarget(new TargetKey(port.Name, -1, default), out RouteTarget? target))
            {
                RemovePortTarget(_vrfs[vni], target);
            }
        }
    }

    private void DropOn(PortState port, Func<uint, bool> which)
    {
        foreach (uint vni in port.Vnis.Where(which).ToArray())
        {
            if (_vrfs.TryGetValue(vni, out MacVrf? vrf) && vrf.TryGetTarget(new TargetKey(port.Name, -1, default), out RouteTarget? target))
            {
                DropSeenOn(vrf, [target]);
            }
        }
    }

    private void Repoint(PortState port)
    {
        foreach (uint vni in port.Vnis)
        {
            if (_vrfs.TryGetValue(vni, out MacVrf? vrf) && vrf.TryGetTarget(new TargetKey(port.Name, -1, default), out RouteTarget? target))
            {
                target.Current = FdbTarget.ToPort(port.Id);
                PublishSeenOn(vrf, [target]);
            }
        }
    }

    private void AnnounceOwn(PortState port)
    {
        if (!port.IsUp || port.Mac.IsZero || port.Mac.IsMulticast)
        {
            return;
        }

        foreach (uint vni in port.Vnis)
        {
            if (_vrfs.TryGetValue(vni, out MacVrf? vrf) && vrf.Spec is not null)
            {
                LearnLocal(vrf, port.Mac, port, isOwn: true);
            }
        }
    }

    private void ForgetOwn(PortState port)
    {
        foreach (uint vni in port.Vnis)
        {
            if (_vrfs.TryGetValue(vni, out MacVrf? vrf) && vrf.TryFind(port.Mac, out int mac) && vrf.Macs[mac].HasSeen
                && vrf.Macs[mac].IsPermanent && vrf.Targets[vrf.Macs[mac].SeenTarget]!.Port == port)
            {
                DropSeen(vrf, mac, publish: true);
            }
        }
    }
}
