using System.Collections.Immutable;
using System.Net;
using System.Text;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Control.Evpn.Options;
using Overlay.Encap;
using Overlay.Forwarding.Topology;
using Overlay.Host.Configuration.Yaml;

namespace Overlay.Host.Configuration.Sections;

/// <summary><c>control.evpn</c> and <c>vnis[].evpn</c>.</summary>
internal static class EvpnSection
{
    private const int MaxNeighbors = 1024;
    private const int MaxRouteTargets = 32;

    // AS_TRANS (RFC 6793 §9) stands for an AS that does not fit; nobody has it.
    private const uint AsTrans = 23456;

    // TCP_MD5SIG_MAXKEYLEN.
    private const int MaxPassword = 80;

    private static readonly TimeSpan MaxRestartTime = TimeSpan.FromSeconds(4095);

    /// <summary>The plane's options; null if it is off.</summary>
    public static EvpnOptions? Read(MapReader control, UnderlaySpec underlay, ImmutableDictionary<Vni, EvpnVniOptions> vnis)
    {
        var evpn = control.Map("evpn");
        if (evpn.Node is null or YamlScalar { IsNull: true })
        {
            return null;
        }

        if (ReadAs(evpn, "as") is not { } ours)
        {
            if (evpn.Get("as") is null)
            {
                evpn.Missing("as", "our AS, 1 to 4294967295");
            }

            ours = 1;
        }

        var routerId = ReadRouterId(evpn, underlay);
        var restart = evpn.Map("graceful_restart");
        var options = new EvpnOptions
        {
            As = ours,
            RouterId = routerId,
            ListenAddresses = ReadAddresses(evpn, "listen"),
            ListenPort = (int)evpn.Number("port", 179, 0, 65535),
            RestartTime = restart.Duration("time", TimeSpan.FromSeconds(120), MaxRestartTime),
            StalePathTime = restart.Duration("stale_path_time", TimeSpan.FromSeconds(360), TimeSpan.FromHours(1), TimeSpan.FromSeconds(1)),
            RouteTargets = evpn.Word("route_targets", RouteTargetForm.As2Vni, ("as-vni", RouteTargetForm.As2Vni), ("rfc8365", RouteTargetForm.Rfc8365)),
            Encaps = ReadEncaps(evpn, underlay),
            PreferredFamily = evpn.Word("vtep_family", underlay.Local.IsEmpty ? AddressFamilyKind.IPv4 : underlay.Local[0].Family, ("ipv4", AddressFamilyKind.IPv4), ("ipv6", AddressFamilyKind.IPv6)),
            RouteLimit = (int)evpn.Number("route_limit", 2_000_000, 1, 10_000_000),
            Vnis = vnis,
            VtepAddresses = underlay.Local,
        };

        if (options.RouteTargets == RouteTargetForm.Rfc8365 && ours > ushort.MaxValue)
        {
            evpn.Error("route_targets", $"AS {ours} does not fit into the two octets that an automatic route target of RFC 8365 has for it: use as-vni, or name import and export of each VNI");
        }

        options = options with { Neighbors = ReadNeighbors(evpn, ours), Dynamic = ReadDynamic(evpn, ours) };
        if (options.Neighbors.IsEmpty && options.Dynamic.IsEmpty && evpn.Get("neighbors") is null && evpn.Get("dynamic") is null)
        {
            evpn.Problems.Warn(evpn.Node, evpn.Path, "no neighbors and no dynamic: nobody is told anything, and nobody tells us anything");
        }

        if (options.ListenPort == 0 && !options.Dynamic.IsEmpty)
        {
            evpn.Error("port", "0 does not listen, but dynamic neighbours connect to us");
        }

        return options;
    }

    /// <summary>What one VNI does differently; null for nothing.</summary>
    public static EvpnVniOptions? ReadVni(MapReader vni)
    {
        var evpn = vni.Map("evpn");
        if (evpn.Node is null or YamlScalar { IsNull: true })
        {
            return null;
        }

        RouteDistinguisher? rd = null;
        if (evpn.Text("rd") is { } text && text != "auto")
        {
            if (RouteDistinguisher.TryParse(text, out var parsed))
            {
                rd = parsed;
            }
            else
            {
                evpn.Error("rd", $"expected auto, or a route distinguisher such as 192.0.2.1:100, found '{KeyPath.Printable(text)}'");
            }
        }

        return new EvpnVniOptions
        {
            IsEnabled = evpn.Bool("enabled", true),
            Rd = rd,
            Import = ReadTargets(evpn, "import"),
            Export = ReadTargets(evpn, "export"),
            AdvertiseMacs = evpn.Bool("advertise_macs", true),
            IsGateway = evpn.Bool("default_gateway", false),
        };
    }

    private static ImmutableArray<EvpnNeighborOptions> ReadNeighbors(MapReader evpn, uint ours)
    {
        var all = ImmutableArray.CreateBuilder<EvpnNeighborOptions>();
        foreach (var (node, path) in evpn.List("neighbors", MaxNeighbors))
        {
            var map = MapReader.Open(evpn.Problems, node, "control.evpn.neighbors[]", path);
            if (map.Get("address") is not { } written)
            {
                map.Missing("address", "the neighbour's IPv4 or IPv6 address");
                continue;
            }

            if (Scalars.VtepAddress(map.Problems, written, map.PathOf("address")) is not { } address)
            {
                continue;
            }

            if (all.Any(other => other.Address == address))
            {
                map.Error("address", $"{address} is listed twice");
                continue;
            }

            var shutdown = map.Text("shutdown") ?? "false";
            if (Encoding.UTF8.GetByteCount(shutdown) > 128)
            {
                map.Error("shutdown", "a shutdown communication has at most 128 octets (RFC 9003)");
            }

            var neighbor = new EvpnNeighborOptions
            {
                Address = address,
                Port = (int)map.Number("port", 179, 1, 65535),
                Description = map.Text("description"),
                IsShutdown = shutdown != "false",
                ShutdownText = shutdown is "false" or "true" ? null : shutdown,
                ConnectRetry = map.Duration("connect_retry", TimeSpan.FromSeconds(5), TimeSpan.FromHours(1), TimeSpan.FromSeconds(1)),
                IsPassive = map.Bool("passive", false),
            };
            neighbor = ReadSession(neighbor, map, ours, address.Family);
            if (neighbor.LocalAddress == address)
            {
                map.Error("local_address", $"{address} is the neighbour itself");
            }

            all.Add(neighbor);
        }

        return all.ToImmutable();
    }

    private static ImmutableArray<EvpnDynamicOptions> ReadDynamic(MapReader evpn, uint ours)
    {
        var all = ImmutableArray.CreateBuilder<EvpnDynamicOptions>();
        foreach (var (node, path) in evpn.List("dynamic", 64))
        {
            var map = MapReader.Open(evpn.Problems, node, "control.evpn.dynamic[]", path);
            if (map.Get("prefix") is not { } written)
            {
                map.Missing("prefix", "a prefix such as 192.0.2.0/24");
                continue;
            }

            if (Scalars.Prefix(map.Problems, written, map.PathOf("prefix")) is not { } prefix)
            {
                continue;
            }

            if (all.Any(other => other.Prefix == prefix.Address && other.PrefixLength == prefix.Length))
            {
                map.Error("prefix", $"{prefix} is listed twice");
                continue;
            }

            all.Add(ReadSession(
                new EvpnDynamicOptions { Prefix = prefix.Address, PrefixLength = prefix.Length, Limit = (int)map.Number("limit", 100, 1, 10_000), IsPassive = true },
                map,
                ours,
                prefix.Address.Family));
        }

        return all.ToImmutable();
    }

    private static T ReadSession<T>(T options, MapReader map, uint ours, AddressFamilyKind family)
        where T : EvpnSessionOptions
    {
        uint theirs = 0;
        if (map.Text("as") is not "external")
        {
            if (ReadAs(map, "as") is { } read)
            {
                theirs = read;
            }
            else if (map.Get("as") is null)
            {
                map.Missing("as", $"the neighbour's AS, ours ({ours}) for iBGP, or external");
            }
        }

        var localAs = map.Get("local_as") is null ? 0 : ReadAs(map, "local_as") ?? 0;
        var hold = map.Duration("hold_time", TimeSpan.FromSeconds(90), TimeSpan.FromSeconds(65535));
        if (hold > TimeSpan.Zero && hold < TimeSpan.FromSeconds(3))
        {
            map.Error("hold_time", "expected 0s for none, or 3s and more (RFC 4271 §4.2)");
        }

        var hops = (int)map.NumberOr("ttl_security", "off", null, 1, 254).GetValueOrDefault();
        var multihop = (int)map.Number("multihop", 0, 0, 255);
        if (hops > 0 && multihop > 0)
        {
            map.Error("multihop", "ttl_security says how far the neighbour is already (RFC 5082): remove one of the two");
        }

        var password = map.Text("password");
        if (password is not null && Encoding.UTF8.GetByteCount(password) is 0 or > MaxPassword)
        {
            map.Error("password", $"expected 1 to {MaxPassword} octets");
        }

        var local = map.Get("local_address") is { } node ? Scalars.VtepAddress(map.Problems, node, map.PathOf("local_address")) ?? default : default;
        if (local != default && local.Family != family)
        {
            map.Error("local_address", $"{local} is of another family than the neighbour");
        }

        return options with
        {
            As = theirs,
            LocalAs = localAs,
            Password = password,
            HoldTime = hold,
            TtlSecurityHops = hops,
            Multihop = multihop,
            LocalAddress = local,
            MaxPrefixes = (int)map.Number("max_prefixes", 0, 0, 10_000_000),
        };
    }

    private static uint? ReadAs(MapReader map, string key)
    {
        if (map.NumberOrNull(key, 1, uint.MaxValue) is not { } number)
        {
            return null;
        }

        if (number == AsTrans)
        {
            map.Error(key, $"{AsTrans} is nobody's AS: it stands for one that does not fit into two octets (RFC 6793 §9)");
            return null;
        }

        return (uint)number;
    }

    private static uint ReadRouterId(MapReader evpn, UnderlaySpec underlay)
    {
        if (evpn.Text("router_id") is { } text)
        {
            if (UnderlayAddress.TryParse(text, out var id) && id is { IsIPv4: true, IsUnspecified: false } && IPAddress.TryParse(text, out _))
            {
                return id.IPv4Value;
            }

            evpn.Error("router_id", $"expected a number in the form of an IPv4 address, not 0.0.0.0, found '{KeyPath.Printable(text)}'");
            return 1;
        }

        if (underlay.Local.FirstOrDefault(local => local.IsIPv4) is { IPv4Value: > 0 } own && underlay.Local.Any(local => local.IsIPv4))
        {
            return own.IPv4Value;
        }

        evpn.Missing("router_id", "a number of this node's own in the form of an IPv4 address; node.local has none to take");
        return 1;
    }

    /// <summary><c>encap</c> of a plane: what we receive, in the order of preference.</summary>
    internal static ImmutableArray<EncapKind> ReadEncaps(MapReader evpn, UnderlaySpec underlay)
    {
        var all = ImmutableArray.CreateBuilder<EncapKind>();
        foreach (var (item, path) in evpn.List("encap", 2))
        {
            EncapKind? kind = (item as YamlScalar)?.Value switch
            {
                "geneve" => EncapKind.Geneve,
                "vxlan" => EncapKind.Vxlan,
                _ => null,
            };
            if (kind is null || all.Contains(kind.Value))
            {
                evpn.Problems.Error(item, path, kind is null ? "expected vxlan or geneve" : "listed twice");
            }
            else if ((kind == EncapKind.Geneve ? underlay.GenevePort : underlay.VxlanPort) is null)
            {
                evpn.Problems.Error(item, path, $"it is not received here: listen.{(kind == EncapKind.Geneve ? "geneve" : "vxlan")} is null, so it cannot be advertised");
            }
            else
            {
                all.Add(kind.Value);
            }
        }

        if (evpn.Get("encap") is null)
        {
            if (underlay.GenevePort is not null)
            {
                all.Add(EncapKind.Geneve);
            }

            if (underlay.VxlanPort is not null)
            {
                all.Add(EncapKind.Vxlan);
            }
        }
        else if (all.Count == 0 && !evpn.Problems.HasErrors)
        {
            evpn.Error("encap", "name vxlan, geneve or both");
        }

        return all.ToImmutable();
    }

    private static ImmutableArray<UnderlayAddress> ReadAddresses(MapReader evpn, string key)
    {
        var all = ImmutableArray.CreateBuilder<UnderlayAddress>();
        foreach (var (item, path) in evpn.List(key, 16))
        {
            if (Scalars.VtepAddress(evpn.Problems, item, path) is { } address)
            {
                all.Add(address);
            }
        }

        return all.ToImmutable();
    }

    private static ImmutableArray<ExtendedCommunity> ReadTargets(MapReader evpn, string key)
    {
        var all = ImmutableArray.CreateBuilder<ExtendedCommunity>();
        foreach (var (item, path) in evpn.List(key, MaxRouteTargets))
        {
            if (item is YamlScalar scalar && ExtendedCommunity.TryParseRouteTarget(scalar.Value, out var target))
            {
                all.Add(target);
            }
            else
            {
                evpn.Problems.Error(item, path, "expected a route target such as \"65001:100\" or \"192.0.2.1:100\", in quotes");
            }
        }

        return all.ToImmutable();
    }
}
