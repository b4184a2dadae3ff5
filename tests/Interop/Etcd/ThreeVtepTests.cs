using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Etcd;

/// <summary>
/// Three overlayd that know nothing but an etcd cluster:
/// <code>
///   at--[a]--+
///   bt--[b]--+--sw--[e: three members]
///   ct--[c]--+
/// </code>
/// </summary>
[Trait("Category", "Peer")]
public sealed class ThreeVtepTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void Three_daemons_form_a_network_from_nothing_but_etcd()
    {
        using var lab = new NetLab();
        var underlay = lab.AddSwitch("sw");
        Site[] sites = [new(lab, "a", quietTenant: true), new(lab, "b", quietTenant: true), new(lab, "c", quietTenant: true)];
        var store = lab.AddHost("e");
        foreach (var (name, number) in sites.Select((s, i) => (s.Host, i + 1)).Append((store, 9)))
        {
            lab.Plug(underlay, name, "u0");
            NetLab.Address(name, "u0", $"192.0.2.{number}/24");
        }

        var etcd = EtcdPeer.Start(lab, store, "192.0.2.9");
        for (var i = 0; i < sites.Length; i++)
        {
            sites[i].Start($$"""
                node: { name: vtep-{{i + 1}}, local: [192.0.2.{{i + 1}}] }
                ports:
                  t0: { tap: t0, netns: {{sites[i].Tenant}} }
                vnis:
                  - { id: 100, ports: [t0] }
                control:
                  etcd: { endpoints: {{etcd.Endpoints}}, lease: 5s, health_interval: 1s, request_timeout: 3s }
                """, $"10.0.0.{i + 1}/24");
        }

        sites[0].WaitForPing("10.0.0.2");
        sites[1].WaitForPing("10.0.0.3");
        sites[2].WaitForPing("10.0.0.1");
        var macB = NetLab.MacOf(sites[1].Tenant, "t0");
        Wait.Until(() => Origin(sites[0], macB) == "etcd", Patience, $"{macB} is behind vtep-2 by etcd", () => sites[0].Daemon.Log);
        Assert.Equal("in-touch", (string?)sites[0].Daemon.Api.Get("/v1/etcd/status")["state"]);
        Assert.Contains("vteps/vtep-3", sites[0].Daemon.Ctl("etcd", "dump").OrThrow().StdOut, StringComparison.Ordinal);
        Assert.Contains("in-touch", sites[0].Daemon.Ctl("etcd", "status").OrThrow().StdOut, StringComparison.Ordinal);

        // A member goes, then the quorum; frames go on.
        etcd.Kill(0);
        sites[0].WaitForPing("10.0.0.3");
        Wait.Until(() => (string?)sites[0].Daemon.Api.Get("/v1/etcd/status")["state"] == "in-touch", Patience, "it goes on at another member");

        // A VTEP is killed, and what it said goes with its lease.
        sites[2].Daemon.Dispose();
        Wait.Until(() => !sites[0].Daemon.Api.Get("/v1/etcd/dump")["keys"]!.AsArray().Any(k => (string?)k!["vtep"] == "vtep-3"), Patience, "its keys expire");
        etcd.Kill(1);
        Wait.Until(() => (string?)sites[0].Daemon.Api.Get("/v1/etcd/status")["state"] == "out-of-touch", Patience, "the quorum is lost");
        Assert.Equal("etcd", Origin(sites[0], macB));
        TcpTransfer.Run(sites[0].Tenant, sites[1].Tenant, "10.0.0.2");
    }

    private static string? Origin(Site site, string mac) =>
        (string?)site.Daemon.Api.Get("/v1/fdb?vni=100")["entries"]!.AsArray().FirstOrDefault(e => string.Equals((string?)e!["mac"], mac, StringComparison.OrdinalIgnoreCase))?["origin"];
}
