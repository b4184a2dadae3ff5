using System.Collections.Immutable;
using Overlay.Control.Etcd.Options;
using Overlay.Control.Evpn.Options;
using Overlay.Encap;
using Overlay.Forwarding.Topology;
using Overlay.Host.Configuration.Keys;
using Overlay.Host.Configuration.Yaml;

namespace Overlay.Host.Configuration.Sections;

/// <summary><c>vnis</c>, and the placement of ports in them.</summary>
internal static class VniSection
{
    private const int MaxVnis = 16_384;
    private const int MaxLearned = 1_048_576;

    // Each is two sockets, and one of the kernel's memberships.
    private const int MaxGroups = 256;

    /// <summary>The VNIs, what EVPN and etcd do differently in some of them, and whether all of them could be read: otherwise "not configured" said elsewhere would be noise.</summary>
    public static (Dictionary<Vni, VniSpec> Vnis, ImmutableDictionary<Vni, EvpnVniOptions> Evpn, ImmutableDictionary<Vni, EtcdVniMode> Etcd, bool AllRead) Read(MapReader root, Dictionary<string, PortSection.Bound> ports, UnderlaySpec underlay)
    {
        var allRead = true;
        var vnis = new Dictionary<Vni, VniSpec>();
        var evpn = ImmutableDictionary.CreateBuilder<Vni, EvpnVniOptions>();
        var etcd = ImmutableDictionary.CreateBuilder<Vni, EtcdVniMode>();
        var placed = new Dictionary<string, Vni>(StringComparer.Ordinal);
        var groups = new HashSet<(UnderlayAddress Address, string Device)>();
        foreach (var (node, path) in root.List("vnis", MaxVnis))
        {
            var map = MapReader.Open(root.Problems, node, "vnis[]", path);
            var id = map.Vni("id");
            if (id is null && map.Get("id") is null)
            {
                map.Missing("id", $"a VNI from 0 to {Vni.MaxValue}");
            }

            if (id is not { } vni)
            {
                allRead = false;

                // Read on for the sake of the other complaints.
                ReadVni(map, default, ports, placed, underlay);
                continue;
            }

            if (vnis.ContainsKey(vni))
            {
                map.Error("id", $"VNI {vni} is configured twice: merge the two");
                continue;
            }

            if (vni == Vni.Zero || vni == Vni.Max)
            {
                root.Problems.Warn(map.Blame("id"), map.PathOf("id"), $"VNI {vni} is legal, but other implementations refuse it");
            }

            var spec = ReadVni(map, vni, ports, placed, underlay);
            vnis.Add(vni, spec);
            if (EvpnSection.ReadVni(map) is { } differs)
            {
                if (differs.Rd is { } rd && evpn.FirstOrDefault(other => other.Value.Rd == rd) is { Value: not null } twin)
                {
                    map.Problems.Error(map.Blame("evpn"), KeyPath.Join(map.PathOf("evpn"), "rd"), $"VNI {twin.Key} has the same route distinguisher: the routes of one would replace those of the other");
                }

                evpn.Add(vni, differs);
            }

            if (EtcdSection.ReadVni(map) is { } mode)
            {
                etcd.Add(vni, mode);
            }

            if (spec.Group is { } group && groups.Add((group.Address, group.Device)) && groups.Count == MaxGroups + 1)
            {
                var where = (map.Get("flood") as YamlMapping)?.Find("group")?.Value ?? node;
                map.Problems.Error(where, KeyPath.Join(map.PathOf("flood"), "group"), $"{group.Address} on {group.Device} is one more than the {MaxGroups} groups that can be joined: let VNIs share groups");
            }
        }

        if (allRead)
        {
            DeclareByTrunks(root.Problems, ports, vnis);
        }

        foreach (var port in ports.Values.Where(port => port.Spec.Mode != PortMode.Trunk && !placed.ContainsKey(port.Spec.Name)))
        {
            root.Problems.Warn(port.Name, port.Path, "the port is in no VNI, its frames are dropped as no_vni: list it under vnis[].ports");
        }

        return (vnis, evpn.ToImmutable(), etcd.ToImmutable(), allRead);
    }

    private static VniSpec ReadVni(MapReader map, Vni vni, Dictionary<string, PortSection.Bound> ports, Dictionary<string, Vni> placed, UnderlaySpec underlay)
    {
        var learning = map.Map("learning");
        map.OnlyOff("underlay", "checking that the underlay is encrypted", "any");
        var (policyId, required, onVxlan) = ReadPolicy(map.Map("policy"));
        var flooding = FloodSection.Read(map, underlay);
        return flooding with
        {
            Vni = vni,
            Ports = ReadPorts(map, vni, ports, placed),
            RemoteLearning = learning.Word<bool?>("remote", null, ("auto", null), ("true", true), ("false", false)),
            Age = learning.Duration("age", TimeSpan.FromSeconds(300), TimeSpan.FromHours(24)),
            LearnLimit = (int)learning.Number("limit", 65_536, 0, MaxLearned),
            VtepLearnLimit = (int)learning.Number("vtep_limit", 16_384, 0, MaxLearned),
            MoveLimit = (int)learning.Number("move_limit", 5, 0, 1000),
            MoveWindow = learning.Duration("move_window", TimeSpan.FromSeconds(180), TimeSpan.FromHours(24), TimeSpan.FromSeconds(1)),
            FreezeTime = learning.Duration("freeze", TimeSpan.FromSeconds(30), TimeSpan.FromHours(24), TimeSpan.FromSeconds(1)),
            Allow = ReadAllow(map),
            PolicyId = policyId,
            PolicyRequired = required,
            OnVxlanPeer = onVxlan,
            Transparent = map.Bool("transparent", false),
            Gateway = map.Bool("gateway", false),
        };
    }

    private static (uint? Id, bool Required, VxlanPolicyAction OnVxlan) ReadPolicy(MapReader policy)
    {
        var id = (uint?)policy.NumberOrNull("id", 0, uint.MaxValue);
        var required = policy.Bool("required", false);
        var onVxlan = policy.Word("on_vxlan_peer", VxlanPolicyAction.Drop,
            ("drop", VxlanPolicyAction.Drop), ("strip", VxlanPolicyAction.Strip), ("map-to-gbp", VxlanPolicyAction.MapToGbp));
        policy.OnlyOff("default", "policy enforcement", "allow");
        if (required && id is null && policy.Get("id") is null)
        {
            policy.Error("required", "a required policy needs policy.id: otherwise our own frames would be dropped at the other end");
        }

        if (onVxlan == VxlanPolicyAction.MapToGbp && id > ushort.MaxValue)
        {
            policy.Error("id", $"{id} does not fit into the 16 bits of a VXLAN group policy id: choose an id up to 65535, or another on_vxlan_peer");
        }

        return (id, required, onVxlan);
    }

    private static ImmutableArray<UnderlayPrefix> ReadAllow(MapReader map)
    {
        var allow = ImmutableArray.CreateBuilder<UnderlayPrefix>();
        foreach (var (item, path) in map.List("allow", 4096))
        {
            if (Scalars.Prefix(map.Problems, item, path) is { } prefix)
            {
                allow.Add(prefix);
            }
        }

        return allow.ToImmutable();
    }

    private static ImmutableArray<string> ReadPorts(MapReader map, Vni vni, Dictionary<string, PortSection.Bound> ports, Dictionary<string, Vni> placed)
    {
        var names = ImmutableArray.CreateBuilder<string>();
        foreach (var (item, path) in map.List("ports"))
        {
            var name = (item as YamlScalar)?.Value;
            if (name is null || !ports.TryGetValue(name, out var port))
            {
                map.Problems.Error(item, path, name is null
                    ? $"expected the name of a port, found {item.Kind}"
                    : $"there is no port '{KeyPath.Printable(name)}' under ports{Suggest.Clause(name, ports.Keys)}");
            }
            else if (port.Spec.Mode == PortMode.Trunk)
            {
                map.Problems.Error(item, path, $"{name} is a trunk port, placed by its own vlans and native: remove it here, or map a VLAN to VNI {vni} there");
            }
            else if (!placed.TryAdd(name, vni))
            {
                map.Problems.Error(item, path, placed[name] == vni
                    ? $"{name} is listed twice"
                    : $"{name} is in VNI {placed[name]} already: an access or transparent port is in one VNI; use mode: trunk for several");
            }
            else
            {
                names.Add(name);
            }
        }

        return names.ToImmutable();
    }

    // A trunk port is placed by its own map: a VNI that only a map names is a VNI with the defaults. A typing error looks the same, so it is said.
    private static void DeclareByTrunks(ProblemList problems, Dictionary<string, PortSection.Bound> ports, Dictionary<Vni, VniSpec> vnis)
    {
        foreach (var (vni, node, path) in ports.Values.Where(port => port.Spec.Mode == PortMode.Trunk).SelectMany(port => port.TrunkVnis))
        {
            if (vnis.TryAdd(vni, new VniSpec { Vni = vni, Storm = StormLimits.Default }))
            {
                problems.Warn(node, path, $"VNI {vni} is not listed under vnis: it is taken with the defaults; add '- id: {vni}' there to say so");
            }
        }
    }
}
