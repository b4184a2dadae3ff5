using Overlay.Dataplane;
using Overlay.Dataplane.Forwarding;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Overlay.Host.Composition;
using Overlay.Host.Configuration;

namespace Overlay.Host.Metrics;

/// <summary>The peers that metrics show: those of the configuration that are in a VNI, then those that were learned. One thread at a time.</summary>
/// <param name="runtime">Where they are read from.</param>
internal sealed class PeerList(DaemonRuntime runtime)
{
    private const int OuterAndInner = 8 + 8 + 14;
    private const int OptionLength = 8;
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<UnderlayAddress, int> _told = [];
    private readonly HashSet<string> _cut = new(StringComparer.Ordinal);
    private Dictionary<string, int> _options = new(StringComparer.Ordinal);
    private OverlayConfig? _config;

    /// <summary>Reads them.</summary>
    /// <param name="config">The configuration in force.</param>
    /// <param name="snapshot">The dataplane.</param>
    /// <param name="cut">How many have no place in the list.</param>
    public IReadOnlyList<PeerFigures> Read(OverlayConfig config, DataplaneSnapshot snapshot, out int cut)
    {
        if (!ReferenceEquals(config, _config))
        {
            (_config, _options) = (config, Options(config));
        }

        _entries.Clear();
        _cut.Clear();
        _told.Clear();
        foreach (var told in snapshot.PathMtus.Where(told => told.Mtu > 0))
        {
            _told[told.Destination] = told.Mtu;
        }

        foreach (var name in _options.Keys)
        {
            Find(name);
        }

        foreach (var hop in runtime.Dataplane.Forwarding.ListNextHops())
        {
            if (!hop.IsGroup && hop.Path is null && Find(hop.Vtep.Name) is { } entry)
            {
                entry.IsUp |= hop.Vtep.State == VtepState.Up;
                var mtu = _options.TryGetValue(entry.Name, out var options) ? MtuOf(hop, options, snapshot) : 0;
                entry.Mtu = mtu > 0 && (entry.Mtu == 0 || mtu < entry.Mtu) ? mtu : entry.Mtu;
            }
        }

        cut = _cut.Count;
        var list = new List<PeerFigures>(_entries.Count);
        foreach (var entry in _entries.Values)
        {
            list.Add(runtime.Sampler.Figures(entry.Name) with { IsUp = entry.IsUp, Mtu = entry.Mtu });
        }

        return list;
    }

    private Entry? Find(string name)
    {
        if (_entries.TryGetValue(name, out var entry))
        {
            return entry;
        }

        if (_entries.Count == MetricLimits.Peers)
        {
            _cut.Add(name);
            return null;
        }

        _entries.Add(name, entry = new Entry(name));
        return entry;
    }

    // Octets of options towards each peer of the configuration that is in a VNI, where it is spoken to in Geneve.
    private static Dictionary<string, int> Options(OverlayConfig config)
    {
        var withPolicy = config.Topology.Vnis.Where(vni => vni.PolicyId is not null).Select(vni => vni.Vni).ToHashSet();
        var withIdentity = new HashSet<Vni>();
        foreach (var port in config.Topology.Ports.Values.Where(port => port.Identity is not null))
        {
            withIdentity.UnionWith(port.Mode == PortMode.Trunk
                ? port.Vlans.Values.Concat(port.NativeVni is { } native ? [native] : [])
                : config.Topology.Vnis.Where(vni => vni.Ports.Contains(port.Name, StringComparer.Ordinal)).Select(vni => vni.Vni));
        }

        var options = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var peer in config.Routes.Peers.Where(peer => !peer.Vnis.IsEmpty))
        {
            options[peer.Vtep.Vtep.Name] =
                (peer.Vnis.Any(vni => withPolicy.Contains(vni.Vni)) ? OptionLength : 0) + (peer.Vnis.Any(vni => withIdentity.Contains(vni.Vni)) ? OptionLength : 0);
        }

        return options;
    }

    private int MtuOf(NextHop hop, int options, DataplaneSnapshot snapshot)
    {
        var (address, link) = (hop.Spec.Address, 0);
        foreach (var local in snapshot.Underlay.Addresses)
        {
            if (local.Present && local.Address.Family == address.Family)
            {
                link = local.Mtu;
                break;
            }
        }

        var path = _told.TryGetValue(address, out var told) ? (link > 0 ? Math.Min(told, link) : told) : link;
        return path == 0 ? 0 : Math.Max(0, path - (address.IsIPv4 ? 20 : 40) - OuterAndInner - (hop.Spec.Encap == EncapKind.Geneve ? options : 0));
    }

    private sealed class Entry(string name)
    {
        public string Name => name;

        public bool IsUp { get; set; }

        public int Mtu { get; set; }
    }
}
