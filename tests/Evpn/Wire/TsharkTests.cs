using System.Collections.Immutable;
using System.Diagnostics;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Tests.Wire;

/// <summary>An independent dissector reads a session that we wrote: no complaint, and the fields that we meant.</summary>
public sealed class TsharkTests
{
    private const string Tshark = "/usr/bin/tshark";

    private static readonly byte[] Open1 = Messages.Written(OpenMessage.Create(
        65001,
        TimeSpan.FromSeconds(90),
        0xC0000201,
        [
            BgpCapability.OfFamily(EvpnFamily.Afi, EvpnFamily.Safi), BgpCapability.Of(BgpCapability.RouteRefresh), BgpCapability.Of(BgpCapability.EnhancedRefresh),
            BgpCapability.Of(BgpCapability.ExtendedMessage), BgpCapability.OfAs(65001),
            new GracefulRestartCapability
            {
                IsRestarting = true,
                HandlesNotification = true,
                RestartTime = TimeSpan.FromSeconds(120),
                Families = [new GracefulRestartFamily(EvpnFamily.Afi, EvpnFamily.Safi, true)],
            }.ToCapability(),
            BgpCapability.OfFqdn("leaf-1", "example.net"),
        ]).WriteTo);

    private static readonly byte[] Open2 = Messages.Written(OpenMessage.Create(
        4_200_000_002, TimeSpan.FromSeconds(9), 0xC0000202, [BgpCapability.OfFamily(EvpnFamily.Afi, EvpnFamily.Safi), BgpCapability.Of(BgpCapability.ExtendedMessage)]).WriteTo);

    private static readonly string[] Fields =
    [
        "bgp.type", "bgp.length", "bgp.open.myas", "bgp.open.holdtime", "bgp.open.identifier", "bgp.cap.type", "bgp.cap.4as", "bgp.cap.mp.afi", "bgp.cap.mp.safi",
        "bgp.cap.gr.timers.restart_time", "bgp.cap.gr.timers.restart_flag", "bgp.cap.orf.fqdn.hostname", "bgp.cap.orf.fqdn.domain_name",
        "bgp.evpn.nlri.rt", "bgp.evpn.nlri.rd", "bgp.evpn.nlri.mac_addr", "bgp.evpn.nlri.ip.addr", "bgp.evpn.nlri.ipv6.addr", "bgp.evpn.nlri.vni",
        "bgp.update.path_attribute.origin", "bgp.update.path_attribute.as_path_segment.as4", "bgp.update.path_attribute.mp_reach_nlri.next_hop.ipv4",
        "bgp.update.path_attribute.mp_unreach_nlri.afi", "bgp.update.path_attribute.pmsi.tunnel.type", "bgp.update.path_attribute.pmsi.ingress_rep_ip",
        "bgp.ext_com.tunnel_type", "bgp.ext_com_evpn.mmac.seq", "bgp.ext_com_evpn.esi.router_mac",
        "bgp.notify.major_error", "bgp.notify.minor_error_cease", "bgp.notify.communication", "bgp.route_refresh.afi", "bgp.route_refresh.subtype", "bgp.route_refresh.safi",
    ];

    [Fact]
    public void A_session_is_dissected_without_complaint()
    {
        if (!File.Exists(Tshark))
        {
            Assert.Skip("tshark is not installed: apt-get install tshark");
        }

        string path = Path.Combine(Path.GetTempPath(), $"overlay-bgp-{Guid.NewGuid():n}.pcap");
        try
        {
            Write(path);
            Assert.Equal(string.Empty, Run(path, "-Y", "_ws.malformed || _ws.expert.severity >= 0x600000", "-T", "fields", "-e", "frame.number", "-e", "_ws.expert.message"));
            Dictionary<string, string[]>[] messages = [.. Run(path, ["-Y", "bgp", "-T", "fields", .. Fields.SelectMany(static field => new[] { "-e", field })])
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(static line => Fields.Zip(line.Split('\t')).ToDictionary(
                    static pair => pair.First, static pair => pair.Second.Split(',', StringSplitOptions.RemoveEmptyEntries), StringComparer.Ordinal))];
            Types(messages);
            Opens(messages);
            Routes(messages);
            Attributes(messages);
            Ends(messages);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void Types(Dictionary<string, string[]>[] messages)
    {
        // Each message by itself, none more and none less: all are framed as they were meant.
        string[] expected = ["1", "1", "4", "4", .. Enumerable.Repeat("2", Messages.EveryRoute.Length + 1 + 2), .. Enumerable.Repeat("2", 5), "5", "5", "5", "3"];
        Assert.Equal(expected, Values(messages, "bgp.type"));
        Assert.Contains(Values(messages, "bgp.length"), static length => int.Parse(length) is > BgpHeader.MaxMessageLength - EvpnNlriWriter.MaxLength and <= BgpHeader.MaxMessageLength);
    }

    private static void Opens(Dictionary<string, string[]>[] messages)
    {
        Assert.Equal(["65001", "23456"], Values(messages, "bgp.open.myas"));
        Assert.Equal(["90", "9"], Values(messages, "bgp.open.holdtime"));
        Assert.Equal(["192.0.2.1", "192.0.2.2"], Values(messages, "bgp.open.identifier"));
        Assert.Equal(["65001", "4200000002"], Values(messages, "bgp.cap.4as"));
        Assert.Equal(["1", "2", "70", "6", "65", "64", "73", "1", "6", "65"], Values(messages, "bgp.cap.type"));
        Assert.Equal(["25", "25"], Values(messages, "bgp.cap.mp.afi"));
        Assert.Equal(["70", "70"], Values(messages, "bgp.cap.mp.safi"));
        Assert.Equal(["120"], Values(messages, "bgp.cap.gr.timers.restart_time"));
        Assert.Equal(["1"], Values(messages, "bgp.cap.gr.timers.restart_flag"));
        Assert.Equal(["leaf-1"], Values(messages, "bgp.cap.orf.fqdn.hostname"));
        Assert.Equal(["example.net"], Values(messages, "bgp.cap.orf.fqdn.domain_name"));
    }

    private static void Routes(Dictionary<string, string[]>[] messages)
    {
        Dictionary<string, string[]>[] few = [.. messages.Where(static message => int.Parse(message["bgp.length"][0]) < 1000)];
        Assert.Equal([.. Expected.Select(static route => ((int)route.Type).ToString())], Values(few, "bgp.evpn.nlri.rt"));
        Assert.Equal([.. Expected.Select(static route => $"{route.Rd.Value:x16}")], Values(few, "bgp.evpn.nlri.rd"));
        Assert.Equal([.. Expected.Where(static route => route.Type == EvpnRouteType.MacIp).Select(static route => route.Mac.ToString())], Values(few, "bgp.evpn.nlri.mac_addr"));
        foreach (bool v4 in new[] { true, false })
        {
            string[] addresses = [.. Expected.Where(route => route.HasAddress && route.Address.IsIPv4 == v4).Select(static route => route.Address.ToString())];
            Assert.Equal(addresses, Values(few, v4 ? "bgp.evpn.nlri.ip.addr" : "bgp.evpn.nlri.ipv6.addr"));
        }
    }

    private static void Attributes(Dictionary<string, string[]>[] messages)
    {
        Dictionary<string, string[]> imet = Assert.Single(messages, static message => message["bgp.update.path_attribute.pmsi.tunnel.type"].Length > 0);
        Assert.Equal(["6"], imet["bgp.update.path_attribute.pmsi.tunnel.type"]);
        Assert.Equal(["192.0.2.2"], imet["bgp.update.path_attribute.pmsi.ingress_rep_ip"]);
        Assert.Equal(["192.0.2.2"], imet["bgp.update.path_attribute.mp_reach_nlri.next_hop.ipv4"]);
        Assert.Equal(["4200000002"], imet["bgp.update.path_attribute.as_path_segment.as4"]);
        Assert.Equal(["0"], imet["bgp.update.path_attribute.origin"]);
        Assert.Equal(["8", "19"], imet["bgp.ext_com.tunnel_type"]);
        Assert.Equal(["7"], Values(messages, "bgp.ext_com_evpn.mmac.seq").Distinct());
        Assert.Equal(["02:00:00:00:00:09"], Values(messages, "bgp.ext_com_evpn.esi.router_mac").Distinct());
    }

    private static void Ends(Dictionary<string, string[]>[] messages)
    {
        Assert.Equal(["6"], Values(messages, "bgp.notify.major_error"));
        Assert.Equal(["2"], Values(messages, "bgp.notify.minor_error_cease"));
        Assert.Equal(["maintenance"], Values(messages, "bgp.notify.communication"));
        Assert.Equal(["0", "1", "2"], Values(messages, "bgp.route_refresh.subtype"));
        Assert.Equal(["25", "25", "25"], Values(messages, "bgp.route_refresh.afi"));
        Assert.Equal(["70", "70", "70"], Values(messages, "bgp.route_refresh.safi"));

        // End-of-RIB: MP_UNREACH_NLRI of the family with nothing in it.
        Dictionary<string, string[]> end = Assert.Single(messages, static message => message["bgp.type"][0] == "2" && message["bgp.length"][0] == "29");
        Assert.Equal(["25"], end["bgp.update.path_attribute.mp_unreach_nlri.afi"]);
        Assert.Empty(end["bgp.evpn.nlri.rt"]);
    }

    /// <summary>What <see cref="Write"/> sends in short messages: every route, one again, and every route withdrawn.</summary>
    private static ImmutableArray<EvpnNlri> Expected { get; } = [.. Messages.EveryRoute, Messages.EveryRoute[8], .. Messages.EveryRoute];

    private static void Write(string path)
    {
        using FileStream stream = File.Create(path);
        var capture = new BgpCapture(stream);
        capture.Send(0, Open1);
        capture.Send(1, Open2);
        capture.Send(0, Messages.Written(KeepaliveMessage.Write));
        capture.Send(1, Messages.Written(KeepaliveMessage.Write));
        PathAttributesBuilder builder = new()
        {
            NextHop = Messages.Vtep4,
            AsPath = [new AsSegment(2, [4_200_000_002])],
            ExtendedCommunities =
            [
                ExtendedCommunity.RouteTargetOfAs2(65001, 100), ExtendedCommunity.RouteTargetOfAs4(4_200_000_002, 100), ExtendedCommunity.RouteTargetOfIPv4(0xC0000202, 100),
                ExtendedCommunity.Encapsulation(TunnelType.Vxlan), ExtendedCommunity.Encapsulation(TunnelType.Geneve), ExtendedCommunity.DefaultGateway,
            ],
        };
        PathAttributes plain = builder.Build();
        foreach (EvpnNlri route in Messages.EveryRoute)
        {
            capture.Send(1, Messages.Update(plain, route));
        }

        ImmutableArray<ExtendedCommunity> others =
        [
            ExtendedCommunity.MacMobility(7, sticky: true), ExtendedCommunity.RouterMac(new MacAddress(0x020000000009)), ExtendedCommunity.EsiLabel(100, true),
            ExtendedCommunity.EsImport(new MacAddress(0x112233445566)), ExtendedCommunity.ArpNd(ArpNdFlags.Router),
        ];
        PathAttributes moved = (builder with { ExtendedCommunities = others }).Build();
        PathAttributes multicast = (builder with { Pmsi = new PmsiTunnel(0, PmsiTunnel.IngressReplication, 100, Messages.Vtep4) }).Build();
        capture.Send(1, Messages.Update(multicast, Messages.EveryRoute[8]));
        capture.Send(1, Messages.Written(output =>
        {
            var writer = new UpdateWriter(output, BgpHeader.MaxMessageLength);
            writer.BeginWithdraw();
            foreach (EvpnNlri route in Messages.EveryRoute)
            {
                writer.Add(in route);
            }

            writer.End();
        }));
        capture.Send(1, Messages.Written(UpdateWriter.WriteEndOfRib));
        capture.Send(1, Messages.Update(moved, [.. Enumerable.Range(0, 500).Select(static i => Messages.Mac((ulong)i))]));
        for (byte subtype = 0; subtype <= 2; subtype++)
        {
            capture.Send(0, Messages.Written(RouteRefreshMessage.OfEvpn(subtype).WriteTo));
        }

        capture.Send(0, Messages.Written(output => NotificationMessage.Write(output, NotificationMessage.Cease(NotificationMessage.AdministrativeShutdown, "maintenance"))));
        capture.Close();
    }

    private static string[] Values(Dictionary<string, string[]>[] messages, string field) => [.. messages.SelectMany(message => message[field])];

    private static string Run(string path, params string[] arguments)
    {
        var start = new ProcessStartInfo(Tshark) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (string argument in (string[])["-n", "-r", path, "-o", "tcp.check_checksum:TRUE", .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error.Result);
        return output;
    }
}
