using System.Text.Json.Nodes;
using Overlay.TestKit.Net;

namespace Overlay.Interop.Evpn;

/// <summary>What topologies with BGP EVPN have in common: configurations, and looking at routes and tables.</summary>
internal static class EvpnLab
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>A site's configuration: one port <c>t0</c> in one VNI, and EVPN as the only plane.</summary>
    public static string Yaml(string name, string tenant, string local, int vni, string evpn, string vniExtra = "", string listen = "") => $$"""
        node: { name: {{name}}, local: [{{local}}] }
        listen: { vxlan: 4789, geneve: 6081{{listen}} }
        ports:
          t0: { tap: t0, netns: {{tenant}} }
        vnis:
          - { id: {{vni}}, ports: [t0]{{vniExtra}} }
        control:
          evpn: {{evpn}}
        """;

    /// <summary>Waits until the session with a neighbour is established and its End-of-RIB has come, which speakers without graceful restart do not send.</summary>
    public static void WaitEstablished(OverlaydProcess daemon, string neighbor, bool untilComplete = true) => Wait.Until(
        () => Neighbor(daemon, neighbor) is { } n && (string?)n["state"] == "established" && (!untilComplete || (bool)n["end_of_rib"]!),
        Patience,
        $"the session with {neighbor} is established and complete",
        () => $"{Neighbor(daemon, neighbor)?.ToJsonString()}\n{daemon.Log}");

    /// <summary>One neighbour, or null.</summary>
    public static JsonNode? Neighbor(OverlaydProcess daemon, string name) =>
        daemon.Api.Get("/v1/evpn/neighbors")["neighbors"]!.AsArray().FirstOrDefault(n => (string?)n!["name"] == name);

    /// <summary>Routes by a filter such as <c>?type=2</c>.</summary>
    public static IReadOnlyList<JsonNode> Routes(OverlaydProcess daemon, string query = "") => [.. daemon.Api.Get("/v1/evpn/routes" + query)["routes"]!.AsArray().OfType<JsonNode>()];

    /// <summary>The FDB entry of a MAC, or null.</summary>
    public static JsonNode? Entry(OverlaydProcess daemon, int vni, string mac) =>
        daemon.Api.Get($"/v1/fdb?vni={vni}")["entries"]!.AsArray().FirstOrDefault(e => string.Equals((string?)e!["mac"], mac, StringComparison.OrdinalIgnoreCase));

    /// <summary>Waits until a MAC is behind a VTEP by EVPN.</summary>
    public static void WaitBehind(OverlaydProcess daemon, int vni, string mac, string vtep, TimeSpan? limit = null) => Wait.Until(
        () => Entry(daemon, vni, mac) is { } e && (string?)e["origin"] == "evpn" && (string?)e["address"] == vtep,
        limit ?? Patience,
        $"{mac} is behind {vtep} by EVPN",
        () => $"{Entry(daemon, vni, mac)?.ToJsonString()}\n{daemon.Api.Get($"/v1/evpn/routes?mac={mac}").ToJsonString()}\n{daemon.Log}");

    /// <summary>A gratuitous ARP: what a host says when it appears.</summary>
    public static byte[] Announcement(string mac, string address)
    {
        var source = Convert.FromHexString(mac.Replace(":", "", StringComparison.Ordinal));
        var ip = System.Net.IPAddress.Parse(address).GetAddressBytes();
        byte[] arp = [0, 1, 8, 0, 6, 4, 0, 1, .. source, .. ip, 0, 0, 0, 0, 0, 0, .. ip];
        return [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, .. source, 8, 6, .. arp, .. new byte[18]];
    }
}
