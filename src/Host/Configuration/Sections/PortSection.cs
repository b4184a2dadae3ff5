using System.Collections.Immutable;
using Overlay.Encap;
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
        var taps = new Dictionary<(string? Netns, string Tap), string>();
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
            if (bound.Spec.Device.Length > 0 && !taps.TryAdd((bound.Spec.Netns, bound.Spec.Device), name.Value))
            {
                map.Error("tap", $"{bound.Spec.Device} is the device of port {taps[(bound.Spec.Netns, bound.Spec.Device)]} already: a device is one port");
            }
        }

        return ports;
    }

    private static Bound ReadPort(MapReader map, YamlScalar name)
    {
        var tap = map.Device("tap");
        if (tap is null && map.Get("tap") is null)
        {
            // An absent mapping has no place of its own.
            map.Problems.Error(map.Node ?? name, map.PathOf("tap"), "required, and missing: expected the name of a TAP device");
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
        return new Bound(
            new PortSpec
            {
                Name = name.Value,
                Device = tap ?? "",
                Netns = ReadNetns(map),
                Mac = map.Text("mac") is null or "auto" ? null : map.Mac("mac"),
                Mtu = (int?)map.NumberOr("mtu", "auto", null, 68, 65535),
                Queues = (int)map.Number("queues", 1, 1, 16),
                Bridge = map.Device("bridge"),
                Mode = mode,
                MacLimit = (int)map.Number("mac_limit", 4096, 1, 1_048_576),
                Identity = (uint?)map.NumberOrNull("identity", 0, uint.MaxValue),
                NativeVni = native,
                Vlans = vlans,
            },
            name,
            map.Path,
            trunk);
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

        foreach (var key in new[] { "native", "vlans" })
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
