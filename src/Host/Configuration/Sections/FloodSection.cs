using Overlay.Encap;
using Overlay.Forwarding.Topology;
using Overlay.Host.Configuration.Yaml;

namespace Overlay.Host.Configuration.Sections;

/// <summary><c>vnis[].flood</c> and <c>vnis[].storm</c>.</summary>
internal static class FloodSection
{
    private const byte DefaultTtl = 1;
    private static readonly string[] StormKeys = ["broadcast", "unknown_unicast", "multicast"];
    private static readonly string[] GroupKeys = ["group", "device", "ttl", "encap"];

    /// <summary>What a VNI says about flooding; the rest of the specification is left at its defaults.</summary>
    public static VniSpec Read(MapReader map, UnderlaySpec underlay)
    {
        var flood = map.Map("flood");
        var storm = map.Map("storm");
        var isGateway = map.Get("gateway") is YamlScalar { Value: "true" };
        foreach (var key in isGateway ? StormKeys.Where(key => storm.Has(key) && storm.Get(key) is null) : [])
        {
            map.Problems.Warn(storm.Blame(key), storm.PathOf(key), "a gateway passes floods on: without a limit, a loop among gateways that are not overlayd takes all there is; give it one, such as 1000");
        }

        return new VniSpec
        {
            Vni = default,
            Group = ReadGroup(map, flood, underlay),
            UnknownUnicast = flood.Word("unknown_unicast", UnknownUnicast.Flood, ("flood", UnknownUnicast.Flood), ("drop", UnknownUnicast.Drop)),
            ArpSuppress = flood.Bool("arp_suppress", false),
            NdSuppress = flood.Bool("nd_suppress", false),
            Storm = new StormLimits(
                ReadRate(storm, "broadcast", StormLimits.Default.Broadcast),
                ReadRate(storm, "unknown_unicast", StormLimits.Default.UnknownUnicast),
                ReadRate(storm, "multicast", isGateway ? StormLimits.Gateway.Multicast : StormLimits.Default.Multicast)),
        };
    }

    private static int? ReadRate(MapReader storm, string key, int? absent) =>
        storm.Has(key) ? (int?)storm.NumberOrNull(key, 0, StormLimits.MaxRate) : absent;

    private static FloodGroup? ReadGroup(MapReader map, MapReader flood, UnderlaySpec underlay)
    {
        var isMulticast = flood.Word("mode", false, ("head-end", false), ("multicast", true));
        var device = flood.Device("device");
        var ttl = flood.NumberOrNull("ttl", 1, 255) ?? DefaultTtl;
        if (!isMulticast)
        {
            foreach (var key in GroupKeys.Where(key => flood.Get(key) is not null).Take(1))
            {
                flood.Error(key, $"only flooding to a group has {key}: set mode: multicast, or remove {key}");
            }

            return null;
        }

        var address = ReadAddress(flood, underlay);
        var encap = ReadEncap(flood, underlay);
        if (device is null && flood.Get("device") is null)
        {
            flood.Missing("device", "the device that the group is joined on and sent by");
        }
        else if (device is not null && underlay.Device is { } bound && bound != device)
        {
            flood.Error("device", $"all sockets are bound to {bound} (listen.device): the group cannot be on {device}");
        }

        if (map.Get("gateway") is YamlScalar { Value: "true" })
        {
            map.Error("gateway", "a gateway would send what comes from the group to the group again: use flood.mode: head-end, or remove gateway");
        }

        if (address is null || device is null)
        {
            return null;
        }

        if (map.Get("allow") is null or YamlSequence { Items.Count: 0 })
        {
            map.Problems.Warn(flood.Blame("group"), flood.PathOf("group"), "nobody is admitted to the VNI: list the prefixes of the group's VTEPs under its allow");
        }

        return new FloodGroup(address.Value, device, (byte)ttl, encap);
    }

    private static EncapKind ReadEncap(MapReader flood, UnderlaySpec underlay)
    {
        var encap = flood.Word("encap", underlay.VxlanPort is null ? EncapKind.Geneve : EncapKind.Vxlan, ("vxlan", EncapKind.Vxlan), ("geneve", EncapKind.Geneve));
        if ((encap == EncapKind.Vxlan ? underlay.VxlanPort : underlay.GenevePort) is null)
        {
            var name = encap == EncapKind.Vxlan ? "vxlan" : "geneve";
            flood.Error("encap", $"listen.{name} is null: the group's members could not be heard in the encapsulation they are sent; give it a port, or choose the other");
        }

        return encap;
    }

    private static UnderlayAddress? ReadAddress(MapReader flood, UnderlaySpec underlay)
    {
        if (flood.Get("group") is null)
        {
            flood.Missing("group", "a multicast address such as 239.1.1.1 or ff05::100");
            return null;
        }

        var text = flood.Text("group");
        if (text is null)
        {
            return null;
        }

        if (UnderlayAddress.IsV4MappedText(text) || !UnderlayAddress.TryParse(text, out var address, out var zone) || !address.IsMulticast)
        {
            flood.Error("group", $"expected a multicast address such as 239.1.1.1 or ff05::100, found '{KeyPath.Printable(text)}'");
            return null;
        }

        var fault =
            zone is not null ? $"leave %{KeyPath.Printable(zone)} out: the interface is device"
            : address.IsIPv4 && address.IPv4Value >> 8 == 0xE00000 ? $"{address} is one of 224.0.0.0/24, which belong to routing protocols: choose one of 239.0.0.0/8"
            : address.IsIPv6 && (address.Hi >> 48 & 0xF) <= 1 ? $"{address} never leaves its host: choose a wider scope, such as ff05::/16"
            : !underlay.Local.IsEmpty && underlay.Local.All(local => local.Family != address.Family) ? $"node.local has no {(address.IsIPv4 ? "IPv4" : "IPv6")} address to send to the group from: add one there, or choose a group of the other family"
            : null;
        if (fault is not null)
        {
            flood.Error("group", fault);
            return null;
        }

        return address;
    }
}
