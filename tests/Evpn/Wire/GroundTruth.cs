using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Tests.Wire;

/// <summary>Writes what we decoded in the words of the <c>.bgp.tsv</c> files, an element an entry.</summary>
internal static class GroundTruth
{
    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;

    public static List<string> Of(OpenMessage open)
    {
        List<string> parts = [string.Create(Culture, $"OPEN v={open.Version} as={open.As2} hold={open.HoldTime.TotalSeconds} id={UnderlayAddress.FromIPv4(open.RouterId)}")];
        foreach (BgpCapability capability in open.Capabilities)
        {
            ReadOnlySpan<byte> value = capability.Value.Span;
            parts.Add(capability.Code switch
            {
                BgpCapability.Multiprotocol => string.Create(Culture, $"MP({BinaryPrimitives.ReadUInt16BigEndian(value)}/{value[3]})"),
                BgpCapability.RouteRefresh => "RREFRESH",
                BgpCapability.EnhancedRefresh => "ENH_RREFRESH",
                BgpCapability.ExtendedMessage => "EXTMSG",
                BgpCapability.Fqdn => "FQDN",
                BgpCapability.FourOctetAs => string.Create(Culture, $"AS4={BinaryPrimitives.ReadUInt32BigEndian(value)}"),
                BgpCapability.GracefulRestart => Of(GracefulRestartCapability.TryParse(value)!),
                _ => string.Create(Culture, $"CAP{capability.Code}={Convert.ToHexStringLower(value)}"),
            });
        }

        return parts;
    }

    public static List<string> Of(NotificationMessage notification) =>
        [string.Create(Culture, $"NOTIFICATION code={(byte)notification.Error.Code} sub={notification.Error.Subcode} data={Convert.ToHexStringLower(notification.Error.Data.Span)}")];

    public static List<string> Of(RouteRefreshMessage refresh) => [string.Create(Culture, $"ROUTE-REFRESH afi={refresh.Afi} subtype={refresh.Subtype} safi={refresh.Safi}")];

    /// <summary>Routes of EVPN and the attributes; those of other families are not decoded and not written.</summary>
    public static List<string> Of(UpdateResult result)
    {
        List<string> parts = ["UPDATE"];
        if (result.Attributes is PathAttributes attributes)
        {
            parts.Add($"MP_REACH afi=25 safi=70 nh={attributes.NextHop}");
            parts.AddRange(Messages.Read(result.Reach).Select(static route => "ADV " + Of(in route)));
            parts.AddRange(Of(attributes));
        }

        List<EvpnNlri> withdrawn = Messages.Read(result.Unreach);
        if (result.IsEndOfRib)
        {
            parts.Add("MP_UNREACH afi=25 safi=70 (End-of-RIB)");
        }
        else if (withdrawn.Count > 0)
        {
            parts.Add("MP_UNREACH afi=25 safi=70");
            parts.AddRange(withdrawn.Select(static route => "WDR " + Of(in route)));
        }

        return parts;
    }

    public static List<string> Of(PathAttributes attributes)
    {
        List<string> parts = [string.Create(Culture, $"ORIGIN={(byte)attributes.Origin}"), "AS_PATH=" + Of(attributes.AsPath)];
        if (attributes.Med is uint med)
        {
            parts.Add(string.Create(Culture, $"MED={med}"));
        }

        if (attributes.LocalPreference is uint preference)
        {
            parts.Add(string.Create(Culture, $"LOCAL_PREF={preference}"));
        }

        if (attributes.ExtendedCommunities.Length > 0)
        {
            parts.Add("EXTCOMM=" + string.Join(',', attributes.ExtendedCommunities.Select(Of)));
        }

        if (attributes.Pmsi is PmsiTunnel pmsi)
        {
            parts.Add(string.Create(Culture, $"PMSI flags={pmsi.Flags} type={pmsi.TunnelType} {Label(pmsi.Label)} id={pmsi.Endpoint}"));
        }

        return parts;
    }

    private static string Of(GracefulRestartCapability restart)
    {
        string families = string.Join(' ', restart.Families.Select(static family => string.Create(Culture, $"{family.Afi}/{family.Safi}/F{(family.IsForwarding ? 1 : 0)}")));
        return string.Create(Culture, $"GR(R={(restart.IsRestarting ? 1 : 0)},N={(restart.HandlesNotification ? 1 : 0)},time={restart.RestartTime.TotalSeconds},{families})");
    }

    private static string Of(ImmutableArray<AsSegment> path) => string.Join(' ', path.Select(static segment =>
        (segment.Kind == 2 ? "SEQ" : segment.Kind == 1 ? "SET" : segment.Kind.ToString(Culture)) + "[" + string.Join(' ', segment.Numbers) + "]"));

    private static string Of(ExtendedCommunity community) => community switch
    {
        _ when community.ToRouteTargetText() is string target => "RT:" + target,
        _ when community.TryGetEncapsulation(out ushort tunnel) => string.Create(Culture, $"ENCAP:{tunnel}"),
        _ when community.TryGetRouterMac(out MacAddress mac) => $"RMAC:{mac}",
        _ when community.TryGetMacMobility(out uint sequence, out bool sticky) => string.Create(Culture, $"MACMOB:seq={sequence},sticky={(sticky ? 1 : 0)}"),
        _ => community.ToText(),
    };

    private static string Of(in EvpnNlri route)
    {
        string address = route.HasAddress ? route.Address.ToString() : string.Empty;
        int bits = route.HasAddress ? 8 * route.Address.Length : 0;
        string head = string.Create(Culture, $"T{(byte)route.Type} len={EvpnNlriWriter.LengthOf(in route) - 2} rd={route.Rd.ToText()}");
        return route.Type switch
        {
            EvpnRouteType.EthernetAutoDiscovery => string.Create(Culture, $"{head} esi={route.Esi} etag={route.EthernetTag} {Label(route.Label)}"),
            EvpnRouteType.MacIp => string.Create(Culture, $"{head} esi={route.Esi} etag={route.EthernetTag} maclen=48 mac={route.Mac} iplen={bits} ip={address} label1:{Label(route.Label)}")
                + (route.Label2 is uint second ? " label2:" + Label(second) : string.Empty),
            EvpnRouteType.InclusiveMulticast => string.Create(Culture, $"{head} etag={route.EthernetTag} iplen={bits} ip={address}"),
            EvpnRouteType.EthernetSegment => string.Create(Culture, $"{head} esi={route.Esi} iplen={bits} ip={address}"),
            _ => string.Create(Culture, $"{head} esi={route.Esi} etag={route.EthernetTag} prefix={address}/{route.PrefixLength} gw={route.Gateway} {Label(route.Label)}"),
        };
    }

    private static string Label(uint label) => string.Create(Culture, $"vni={label}(mpls={label >> 4})");
}
