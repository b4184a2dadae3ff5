using System.Collections.Immutable;
using Overlay.Control;
using Overlay.Control.StaticFile;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Overlay.Host.Configuration.Keys;
using Overlay.Host.Configuration.Yaml;

namespace Overlay.Host.Configuration.Sections;

/// <summary><c>peers</c> and <c>macs</c>.</summary>
internal static class PeerSection
{
    private const int MaxPeers = 16_384;

    /// <summary>What is known of the VNIs.</summary>
    /// <param name="Has">It is configured.</param>
    /// <param name="FloodsToGroup">It floods to a multicast group.</param>
    public sealed record Known(Func<Vni, bool> Has, Func<Vni, bool> FloodsToGroup);

    public static StaticRoutes Read(MapReader root, string nodeName, UnderlaySpec underlay, Known vnis)
    {
        var peers = new Dictionary<string, StaticPeer>(StringComparer.Ordinal);
        var owners = new Dictionary<UnderlayAddress, string>();
        var order = ImmutableArray.CreateBuilder<StaticPeer>();
        foreach (var (node, path) in root.List("peers", MaxPeers))
        {
            var map = MapReader.Open(root.Problems, node, "peers[]", path);
            var name = map.Name("name", 63);
            if (name is null && map.Get("name") is null)
            {
                map.Missing("name", "the name of the remote VTEP");
            }
            else if (name == nodeName && name is not null)
            {
                map.Error("name", $"{name} is this node's own name (node.name)");
            }

            var peer = ReadPeer(map, name ?? path, underlay, vnis, owners);
            if (name is null)
            {
                continue;
            }

            if (!peers.TryAdd(name, peer))
            {
                map.Error("name", $"a peer named {name} is there already: merge the two, or rename one");
                continue;
            }

            order.Add(peer);
        }

        return new StaticRoutes(order.ToImmutable(), ReadMacs(root, peers, vnis));
    }

    private static StaticPeer ReadPeer(MapReader map, string name, UnderlaySpec underlay, Known known, Dictionary<UnderlayAddress, string> owners)
    {
        var encap = map.Word("encap", EncapKind.Vxlan, ("vxlan", EncapKind.Vxlan), ("geneve", EncapKind.Geneve));
        map.OnlyOff("bfd", "BFD");
        if (map.Get("addresses") is null or YamlSequence { Items.Count: 0 })
        {
            map.Missing("addresses", "a list of the peer's VTEP addresses");
        }

        var addresses = ReadAddresses(map, "addresses", name, underlay, owners);
        CheckFamilies(map, addresses, underlay);
        if ((encap == EncapKind.Geneve ? underlay.GenevePort : underlay.VxlanPort) is null)
        {
            map.Problems.Warn(map.Blame("encap"), map.PathOf("encap"), $"{Word(encap)} is sent to this peer but not received here (listen.{Word(encap)} is null)");
        }

        return new StaticPeer
        {
            Vtep = new VtepDescription
            {
                Vtep = new VtepEndpoint(name),
                Addresses = addresses,
                AlsoFrom = ReadAddresses(map, "also_from", name, underlay, owners),
                Encap = encap,
                Port = (ushort)map.Number("port", 0, 1, 65535),
                PolicyOption = map.Word("policy_option", PolicyOptionMode.Advisory, ("advisory", PolicyOptionMode.Advisory), ("critical", PolicyOptionMode.Critical)),
            },
            Vnis = ReadVnis(map, known),
        };
    }

    private static ImmutableArray<UnderlayAddress> ReadAddresses(
        MapReader map, string key, string name, UnderlaySpec underlay, Dictionary<UnderlayAddress, string> owners)
    {
        var addresses = ImmutableArray.CreateBuilder<UnderlayAddress>();
        foreach (var (item, path) in map.List(key, key == "addresses" ? 8 : 64))
        {
            if (Scalars.VtepAddress(map.Problems, item, path) is not { } address)
            {
                continue;
            }

            if (underlay.Local.Contains(address))
            {
                map.Problems.Error(item, path, $"{address} is an address of this node (node.local): a peer is somebody else");
            }
            else if (!owners.TryAdd(address, name))
            {
                map.Problems.Error(item, path, owners[address] == name
                    ? $"{address} is listed twice"
                    : $"{address} is an address of peer {owners[address]} already: it would not be known whose frames are whose");
            }
            else
            {
                addresses.Add(address);
            }
        }

        return addresses.ToImmutable();
    }

    private static void CheckFamilies(MapReader map, ImmutableArray<UnderlayAddress> addresses, UnderlaySpec underlay)
    {
        if (addresses.IsEmpty || underlay.Local.IsEmpty)
        {
            return;
        }

        var path = map.PathOf("addresses");
        var usable = addresses.Count(address => underlay.Local.Any(local => local.Family == address.Family));
        if (usable == addresses.Length)
        {
            return;
        }

        var family = addresses.First(address => underlay.Local.All(local => local.Family != address.Family)).IsIPv4 ? "IPv4" : "IPv6";
        if (usable == 0)
        {
            map.Problems.Error(map.Blame("addresses"), path, $"the peer is reached by {family} only and node.local has no {family} address: add one there, or give the peer one of the other family");
        }
        else
        {
            map.Problems.Warn(map.Blame("addresses"), path, $"node.local has no {family} address: the peer's {family} addresses are not used");
        }
    }

    private static ImmutableArray<StaticPeerVni> ReadVnis(MapReader map, Known known)
    {
        var result = ImmutableArray.CreateBuilder<StaticPeerVni>();
        foreach (var (item, path) in map.List("vnis", 16_384))
        {
            var idNode = item;
            var idPath = path;
            EncapKind? encap = null;
            if (item is YamlMapping)
            {
                var inner = MapReader.Open(map.Problems, item, "peers[].vnis[]", path);
                encap = inner.Word<EncapKind?>("encap", null, ("vxlan", EncapKind.Vxlan), ("geneve", EncapKind.Geneve));
                idPath = inner.PathOf("id");
                if (inner.Get("id") is not { } id)
                {
                    inner.Missing("id", $"a VNI from 0 to {Vni.MaxValue}");
                    continue;
                }

                idNode = id;
            }

            if (Scalars.Number(map.Problems, idNode, idPath, 0, Vni.MaxValue) is not { } number)
            {
                continue;
            }

            var vni = new Vni((uint)number);
            if (!known.Has(vni))
            {
                map.Problems.Error(idNode, idPath, $"VNI {vni} is not configured: add '- id: {vni}' under vnis");
            }
            else if (known.FloodsToGroup(vni))
            {
                map.Problems.Error(
                    idNode,
                    idPath,
                    $"VNI {vni} floods to its multicast group, and a peer listed for it would get every broadcast twice: remove it here, and admit the peer's address under that VNI's allow");
            }
            else if (result.Any(other => other.Vni == vni))
            {
                map.Problems.Error(idNode, idPath, $"VNI {vni} is listed twice");
            }
            else
            {
                result.Add(new StaticPeerVni(vni, encap));
            }
        }

        if (map.Get("vnis") is null or YamlSequence { Items.Count: 0 })
        {
            map.Problems.Warn(map.Blame("vnis"), map.PathOf("vnis"), "the peer is in no VNI: nothing is flooded to it and nothing is accepted from it");
        }

        return result.ToImmutable();
    }

    private static ImmutableArray<StaticMac> ReadMacs(MapReader root, Dictionary<string, StaticPeer> peers, Known known)
    {
        var macs = ImmutableArray.CreateBuilder<StaticMac>();
        var seen = new HashSet<(Vni, MacAddress)>();
        foreach (var (node, path) in root.List("macs"))
        {
            var map = MapReader.Open(root.Problems, node, "macs[]", path);
            foreach (var (key, expected) in new[] { ("vni", "a VNI"), ("mac", "a MAC"), ("peer", "the name of a peer") })
            {
                if (map.Get(key) is null)
                {
                    map.Missing(key, expected);
                }
            }

            var vni = map.Vni("vni");
            var mac = map.Mac("mac");
            var peerName = map.Text("peer");
            var sticky = map.Bool("sticky", false);
            StaticPeer? peer = null;
            if (vni is { } number && !known.Has(number))
            {
                map.Error("vni", $"VNI {number} is not configured: add '- id: {number}' under vnis");
            }

            if (peerName is not null && !peers.TryGetValue(peerName, out peer))
            {
                map.Error("peer", $"there is no peer '{KeyPath.Printable(peerName)}' under peers{Suggest.Clause(peerName, peers.Keys)}");
            }

            var addresses = ImmutableArray.CreateBuilder<UnderlayAddress>();
            foreach (var (item, itemPath) in map.List("ip", 64))
            {
                if (Scalars.TenantAddress(map.Problems, item, itemPath) is { } address)
                {
                    addresses.Add(address);
                }
            }

            if (vni is not { } v || mac is not { } m || peer is null)
            {
                continue;
            }

            if (!seen.Add((v, m)))
            {
                map.Error("mac", $"{m} in VNI {v} is placed twice: a MAC is in one place");
                continue;
            }

            if (!known.FloodsToGroup(v) && peer.Vnis.All(other => other.Vni != v))
            {
                root.Problems.Warn(map.Blame("peer"), map.PathOf("peer"), $"peer {peerName} is not in VNI {v}: frames to this MAC reach it, floods do not; add the VNI to its vnis");
            }

            macs.Add(new StaticMac(v, m, new VtepEndpoint(peerName!), addresses.ToImmutable()) { Sticky = sticky });
        }

        return macs.ToImmutable();
    }

    private static string Word(EncapKind encap) => encap == EncapKind.Geneve ? "geneve" : "vxlan";
}
