using System.Collections.Immutable;
using System.Globalization;
using Overlay.Encap;
using Overlay.Forwarding.Topology;
using Overlay.Host.Configuration.Yaml;

namespace Overlay.Host.Configuration.Sections;

/// <summary><c>node</c> and <c>listen</c>.</summary>
internal static class UnderlaySection
{
    public const int MaxLocal = 16;

    public static (string Name, UnderlaySpec Spec) Read(MapReader root)
    {
        var node = root.Map("node");
        if (!root.Has("node"))
        {
            root.Missing("node", "{ name: …, local: [ADDRESS] }");
            return ("", ReadListen(root.Map("listen"), []));
        }

        var name = node.Name("name", 63);
        if (name is null && node.Get("name") is null)
        {
            node.Missing("name", "the name of this VTEP");
        }

        return (name ?? "", ReadListen(root.Map("listen"), ReadLocal(node)));
    }

    private static ImmutableArray<UnderlayAddress> ReadLocal(MapReader node)
    {
        var local = ImmutableArray.CreateBuilder<UnderlayAddress>();
        var items = node.List("local", MaxLocal);
        if (items.Count == 0 && node.Get("local") is null or YamlSequence { Items.Count: 0 })
        {
            node.Missing("local", "a list of this host's VTEP addresses");
        }

        foreach (var (item, path) in items)
        {
            if (Scalars.VtepAddress(node.Problems, item, path) is not { } address)
            {
                continue;
            }

            if (local.Contains(address))
            {
                node.Problems.Error(item, path, $"{address} is listed twice");
                continue;
            }

            local.Add(address);
        }

        return local.ToImmutable();
    }

    private static UnderlaySpec ReadListen(MapReader listen, ImmutableArray<UnderlayAddress> local)
    {
        var vxlan = ReadPort(listen, "vxlan", 4789);
        var geneve = ReadPort(listen, "geneve", 6081);
        if (vxlan is { } port && port == geneve)
        {
            listen.Error(listen.Has("geneve") ? "geneve" : "vxlan", $"port {port} is the {(listen.Has("geneve") ? "VXLAN" : "Geneve")} port too: one socket takes one encapsulation, choose two ports");
        }

        if (vxlan is null && geneve is null)
        {
            listen.Error("geneve", "neither VXLAN nor Geneve is received: give one of listen.vxlan and listen.geneve a port");
        }

        var count = (int)listen.Number("source_port_count", 64, 1, 1024);
        var (first, last) = ReadRange(listen, count);
        foreach (var own in new[] { vxlan, geneve })
        {
            if (own >= first && own <= last)
            {
                listen.Problems.Warn(listen.Blame("source_ports"), listen.PathOf("source_ports"), $"the listening port {own} is inside the range and will be skipped");
            }
        }

        return new UnderlaySpec
        {
            Local = local,
            VxlanPort = vxlan,
            GenevePort = geneve,
            SourcePortFirst = first,
            SourcePortLast = last,
            SourcePortCount = count,
            Checksum = listen.Word("checksum", ChecksumPolicy.Full,
                ("auto", ChecksumPolicy.Full), ("full", ChecksumPolicy.Full), ("zero", ChecksumPolicy.ZeroIPv4), ("zero-both", ChecksumPolicy.ZeroBoth)),
            DontFragment = listen.Word("df", true, ("set", true), ("clear", false)),
            PathMtuMin = (int)listen.Number("path_mtu_min", 1350, 68, 65535),
            Ttl = (byte)(listen.NumberOr("ttl", "inherit", 64, 1, 255) ?? 0),
            Dscp = (byte?)listen.NumberOr("dscp", "inherit", null, 0, 63),
            Strict = listen.Bool("strict", false),
            Device = listen.Device("device"),
        };
    }

    private static ushort? ReadPort(MapReader listen, string key, ushort absent) =>
        listen.Has(key) ? (ushort?)listen.NumberOrNull(key, 1, 65535) : absent;

    private static (ushort First, ushort Last) ReadRange(MapReader listen, int count)
    {
        const ushort DefaultFirst = 49152;
        const ushort DefaultLast = 65535;
        if (listen.Text("source_ports") is not { } text)
        {
            return (DefaultFirst, DefaultLast);
        }

        var parts = text.Split('-', StringSplitOptions.TrimEntries);
        if (parts.Length != 2 || !TryPort(parts[0], out var first) || !TryPort(parts[1], out var last) || first > last)
        {
            listen.Error("source_ports", $"expected FIRST-LAST with ports from 1 to 65535, such as 49152-65535, found '{KeyPath.Printable(text)}'");
            return (DefaultFirst, DefaultLast);
        }

        if (last - first + 1 < count)
        {
            listen.Error("source_ports", $"a range of {last - first + 1} ports for source_port_count: {count} sockets: widen the range or lower the count");
            return (DefaultFirst, DefaultLast);
        }

        return (first, last);
    }

    private static bool TryPort(string text, out ushort port) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port > 0;
}
