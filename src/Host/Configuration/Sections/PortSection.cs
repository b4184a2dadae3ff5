using System.Collections.Immutable;
using Overlay.Encap;
using Overlay.Encap.Ethernet;
using Overlay.Forwarding.Topology;
using Overlay.Host.Configuration.Yaml;

namespace Overlay.Host.Configuration.Sections;

/// <summary><c>ports</c>.</summary>
internal static class PortSection
{
    private const int MaxPorts = 1024;

    /// <summary>A port as read, with the places that later checks point to.</summary>
    public sealed record Bound(PortSpec Spec, YamlScalar Name, string Path, IReadOnlyList<(Vni Vni, YamlNode Node, string Path)> TrunkVnis);

    public static Dictionary<string, Bound> Read(MapReader root)
    {
        var ports = new Dictionary<string, Bound>(StringComparer.Ordinal);
        var devices = new Dictionary<(string? Netns, string Device), string>();
        foreach (var (name, value, path) in root.Named("ports"))
        {
            if (Scalars.NameFault(name.Value, 32) is { } fault)
            {
                root.Problems.Error(name, path, fault);
                continue;
            }

            if (ports.Count == MaxPorts)
            {
                root.Problems.Error(name, path, $"more than {MaxPorts} ports");
                break;
            }

            var map = MapReader.Open(root.Problems, value, "ports.<name>", path);
            var bound = ReadPort(map, name);
            ports.Add(name.Value, bound);
            if (bound.Spec.Device.Length > 0 && !devices.TryAdd((bound.Spec.Netns, bound.Spec.Device), name.Value))
            {
                map.Error(
                    bound.Spec.Kind == PortDeviceKind.Veth ? "veth" : "tap",
                    $"{bound.Spec.Device} is the device of port {devices[(bound.Spec.Netns, bound.Spec.Device)]} already: a device is one port");
            }
        }

        return ports;
    }

    private static Bound ReadPort(MapReader map, YamlScalar name)
    {
        var (kind, device) = ReadDevice(map, name);
        var queues = (int)map.Number("queues", 1, 1, 16);
        var bridge = map.Device("bridge");
        if (kind == PortDeviceKind.Veth)
        {
            CheckVeth(map, queues, bridge);
        }

        var mode = map.Word("mode", PortMode.Access, ("access", PortMode.Access), ("trunk", PortMode.Trunk), ("transparent", PortMode.Transparent));
        var trunk = new List<(Vni, YamlNode, string)>();
        var native = map.Vni("native");
        if (native is { } nativeVni)
        {
            trunk.Add((nativeVni, map.Blame("native"), map.PathOf("native")));
        }

        var vlans = ReadVlans(map, native, trunk);
        CheckMode(map, mode, native, vlans);
        var tag = map.Word("tag", EtherType.Vlan, ("dot1q", EtherType.Vlan), ("dot1ad", EtherType.ServiceVlan));
        return new Bound(
            new PortSpec
            {
                Name = name.Value,
                Device = device,
                Kind = kind,
                Netns = ReadNetns(map),
                Mac = map.Text("mac") is null or "auto" ? null : map.Mac("mac"),
                Mtu = (int?)map.NumberOr("mtu", "auto", null, 68, 65535),
                Queues = queues,
                Bridge = bridge,
                Mode = mode,
                MacLimit = (int)map.Number("mac_limit", 4096, 1, 1_048_576),
                Identity = (uint?)map.NumberOrNull("identity", 0, uint.MaxValue),
                NativeVni = native,
                Vlans = vlans,
                TagType = tag,
            },
            name,
            map.Path,
            trunk);
    }

    private static (PortDeviceKind Kind, string Device) ReadDevice(MapReader map, YamlScalar name)
    {
        var (tap, veth) = (map.Device("tap"), map.Device("veth"));
        var (hasTap, hasVeth) = (map.Get("tap") is not null, map.Get("veth") is not null);
        if (hasTap && hasVeth)
        {
            map.Error("veth", "a port is one device: tap or veth, not both");
        }
        else if (!hasTap && !hasVeth)
        {
            // An absent mapping has no place of its own.
            map.Problems.Error(map.Node ?? name, map.PathOf("tap"), "required, and missing: expected the name of a TAP device (or veth: the name of an existing veth end)");
        }

        return hasVeth && !hasTap ? (PortDeviceKind.Veth, veth ?? "") : (PortDeviceKind.Tap, tap ?? "");
    }

    private static void CheckVeth(MapReader map, int queues, string? bridge)
    {
        if (queues != 1)
        {
            map.Error("queues", $"a veth end has one queue, found {queues}: remove queues, or use tap");
        }

        if (bridge is not null)
        {
            map.Error("bridge", "a veth end that is a port cannot be in a bridge, which would forward its frames too: remove bridge, or use tap");
        }
    }

    private static void CheckMode(MapReader map, PortMode mode, Vni? native, ImmutableSortedDictionary<int, Vni> vlans)
    {
        if (mode == PortMode.Trunk)
        {
            if (native is null && vlans.IsEmpty && map.Get("native") is null && map.Get("vlans") is null or YamlMapping { Entries.Count: 0 })
            {
                map.Error("mode", "a trunk port needs vlans: { VID: VNI }, or native: VNI, or both");
            }

            return;
        }

        foreach (var key in new[] { "native", "vlans", "tag" })
        {
            if (map.Get(key) is not null)
            {
                map.Error(key, $"only a trunk port has {key}: set mode: trunk, or remove {key} and list the port under vnis");
            }
        }
    }

    private static ImmutableSortedDictionary<int, Vni> ReadVlans(MapReader map, Vni? native, List<(Vni, YamlNode, string)> trunk)
    {
        var vlans = ImmutableSortedDictionary.CreateBuilder<int, Vni>();
        foreach (var (key, value, path) in map.Named("vlans"))
        {
            // JSON is YAML, and there a key is always quoted.
            if (Scalars.Number(map.Problems, key, path, 1, 4094, mayBeQuoted: true) is not { } vid ||
                Scalars.Number(map.Problems, value, path, 0, Vni.MaxValue) is not { } number)
            {
                continue;
            }

            var vni = new Vni((uint)number);
            if (!vlans.TryAdd((int)vid, vni) && vlans.ContainsKey((int)vid))
            {
                map.Problems.Error(key, path, $"VLAN {vid} is mapped twice");
                continue;
            }

            if (native == vni || vlans.Any(other => other.Key != vid && other.Value == vni))
            {
                map.Problems.Error(value, path, $"VNI {vni} is mapped twice on this port{(native == vni ? " (it is the native VNI)" : "")}: frames from it could not be tagged");
                continue;
            }

            trunk.Add((vni, value, path));
        }

        return vlans.ToImmutable();
    }

    private static string? ReadNetns(MapReader map)
    {
        if (map.Text("netns") is not { } text)
        {
            return null;
        }

        var isPath = text.StartsWith('/') && text.Length <= 4000 && !text.Any(char.IsControl);
        if (!isPath && (Scalars.NameFault(text, 255) is not null || text is "." or ".."))
        {
            map.Error("netns", $"expected the name of a network namespace (ip netns list) or an absolute path such as /proc/1234/ns/net, found '{KeyPath.Printable(text)}'");
            return null;
        }

        return text;
    }
}
