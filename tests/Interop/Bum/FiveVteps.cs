using System.Globalization;
using Overlay.TestKit.Net;

namespace Overlay.Interop.Bum;

/// <summary>
/// Three overlayd and two vxlan devices of the kernel in VNI 100, on one switch. Every node has counters, one a sender, at its underlay device and where its tenant is;
/// the switch counts what leaves each node. Frames of the test are of EtherType 0x88b5, so that nothing the kernels say of themselves is counted.
/// </summary>
internal sealed class FiveVteps
{
    internal const int EtherType = 0x88b5;
    private const string Group4 = "239.1.1.100";
    private const string Group6 = "ff05::100";
    private readonly bool _v6;
    private readonly bool _multicast;
    private readonly NftCounters _switch;

    internal FiveVteps(NetLab lab, bool v6, bool multicast)
    {
        Requires.Tools("nft");
        _v6 = v6;
        _multicast = multicast;
        var wire = lab.AddSwitch("sw");
        foreach (var name in new[] { "a", "b", "c" })
        {
            var site = new Site(lab, name, quietTenant: true);
            Sites.Add(site);
            Nodes.Add(new Node(name, site.Host, site.Tenant, "t0", Address(Nodes.Count)));
            Plug(lab, wire, site.Host, Nodes[^1].Address);
        }

        foreach (var name in new[] { "k", "l" })
        {
            var host = lab.AddHost(name);
            NetLab.SilenceNewDevices(host);
            Nodes.Add(new Node(name, host, host, "vx0", Address(Nodes.Count)));
            Plug(lab, wire, host, Nodes[^1].Address);
            StartKernel(host, Nodes[^1].Address);
        }

        foreach (var (site, node) in Sites.Zip(Nodes)) site.Start(Yaml(site, node.Address));
        _switch = new NftCounters(wire, Nodes.Select((node, i) => ("left_" + node.Name, Port(i), Datagram(node))));
        foreach (var node in Nodes)
        {
            node.Wire = new NftCounters(node.Host, Nodes.Select(from => ("wire_" + from.Name, "u0", Datagram(from))).Concat(node.Host == node.Tenant ? Tenant(node) : []));
            node.Inside = node.Host == node.Tenant ? node.Wire : new NftCounters(node.Tenant, Tenant(node));
            node.Socket = lab.Own(new PacketSocket(node.Tenant, node.Device, receive: false));
        }
    }

    internal List<Node> Nodes { get; } = [];

    internal List<Site> Sites { get; } = [];

    /// <summary>Datagrams that one flooded frame of a node is on the wire.</summary>
    internal int CopiesOnWire => _multicast ? 1 : 4;

    /// <summary>The multicast group.</summary>
    internal string Group => _v6 ? Group6 : Group4;

    internal string Prefix => _v6 ? "2001:db8::/64" : "192.0.2.0/24";

    internal static string Mac(Node node) => string.Create(CultureInfo.InvariantCulture, $"02:bb:00:00:00:{(int)node.Name[0]:x2}");

    /// <summary>A line a counter: <c>place/sender = packets</c>, those that are not 0.</summary>
    internal SortedDictionary<string, long> Read()
    {
        var all = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var (name, packets) in _switch.Read()) Add($"switch/{name}", packets);
        foreach (var node in Nodes)
        {
            foreach (var (name, packets) in node.Wire.Read().Concat(ReferenceEquals(node.Inside, node.Wire) ? [] : node.Inside.Read())) Add($"{node.Name}/{name}", packets);
        }

        return all;

        void Add(string name, long packets)
        {
            if (packets != 0) all[name] = packets;
        }
    }

    /// <summary>What the counters show when each of <paramref name="senders"/> flooded so many frames, and each other node got exactly one copy of each.</summary>
    internal SortedDictionary<string, long> Expected(int frames, params Node[] senders)
    {
        var all = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var from in senders)
        {
            all[$"switch/left_{from.Name}"] = frames * CopiesOnWire;
            foreach (var to in Nodes.Where(to => to != from))
            {
                all[$"{to.Name}/wire_{from.Name}"] = frames;
                all[$"{to.Name}/tenant_{from.Name}"] = frames;
            }
        }

        return all;
    }

    internal string Yaml(Site site, string local, string? group = null, string? extra = null)
    {
        var others = Nodes.Where(node => node.Address != local).ToArray();
        var flood = _multicast
            ? $"allow: [\"{Prefix}\"], flood: {{ mode: multicast, group: \"{group ?? Group}\", device: u0, ttl: 3 }}"
            : "learning: { remote: true }";
        var peers = others.Select(node => _multicast ? "" : $"- {{ name: {node.Name}, addresses: [\"{node.Address}\"], encap: vxlan, vnis: [100] }}").Where(line => line.Length > 0).ToArray();
        var yaml = site.Yaml($"\"{local}\"", 100, string.Join('\n', peers), vniExtra: flood + extra);
        return peers.Length > 0 ? yaml : yaml.Replace("peers:\n", "peers: []\n", StringComparison.Ordinal);
    }

    private static string Port(int index) => string.Create(CultureInfo.InvariantCulture, $"p{index + 1}");

    private static void Plug(NetLab lab, string wire, string host, string address)
    {
        // The underlay has its IPv6; only what is made later stays silent.
        NetLab.Sysctl(host, "net/ipv6/conf/default/disable_ipv6", "0");
        lab.Plug(wire, host, "u0");
        NetLab.Sysctl(host, "net/ipv6/conf/default/disable_ipv6", "1");
        NetLab.Address(host, "u0", $"{address}/{(address.Contains(':', StringComparison.Ordinal) ? 64 : 24)}");
    }

    private string Address(int index) => string.Create(CultureInfo.InvariantCulture, $"{(_v6 ? "2001:db8::" : "192.0.2.")}{index + 1}");

    private string Datagram(Node from) => $"{(_v6 ? "ip6" : "ip")} saddr {from.Address} udp dport 4789 @th,224,16 0x{EtherType:x4}";

    private IEnumerable<(string Name, string Device, string Match)> Tenant(Node node) =>
        Nodes.Select(from => ("tenant_" + from.Name, node.Device, $"ether type 0x{EtherType:x4} ether saddr {Mac(from)}"));

    private void StartKernel(string host, string local)
    {
        string[] where = _multicast ? ["group", Group, "ttl", "3"] : [];
        if (!Cmd.Run(null, ["ip", "-n", host, "link", "add", "vx0", "type", "vxlan", "id", "100", "local", local, "dev", "u0", "dstport", "4789", .. where]).Ok)
            throw new SkipTestException("the kernel has no vxlan device");
        NetLab.PlainDevice(host, "vx0");
        if (!_multicast)
        {
            for (var i = 0; i < 5; i++)
            {
                if (Address(i) != local) Cmd.Run(host, "bridge", "fdb", "append", "00:00:00:00:00:00", "dev", "vx0", "dst", Address(i)).OrThrow();
            }
        }

        NetLab.Ip(host, "link", "set", "vx0", "mtu", "1400", "up");
    }

    /// <summary>A VTEP and where its tenant is.</summary>
    internal sealed class Node(string name, string host, string tenant, string device, string address)
    {
        internal string Name => name;

        internal string Host => host;

        internal string Tenant => tenant;

        internal string Device => device;

        internal string Address => address;

        internal NftCounters Wire { get; set; } = null!;

        internal NftCounters Inside { get; set; } = null!;

        internal PacketSocket Socket { get; set; } = null!;

        /// <summary>The tenant sends frames.</summary>
        internal void Send(string destination, int count)
        {
            for (var i = 0; i < count; i++) Socket.Send(TestKit.Net.Wire.Ethernet(destination, Mac(this), EtherType, new byte[64]));
        }
    }
}
