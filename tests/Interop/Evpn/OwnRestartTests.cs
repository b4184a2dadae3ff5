using Overlay.Interop.Restart;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Evpn;

/// <summary>A daemon that is restarted keeps what EVPN told it, and its neighbours keep what it told them, until both have said everything again (RFC 4724).</summary>
[Trait("Category", "Peer")]
public sealed class OwnRestartTests(ITestOutputHelper output)
{
    private const string Reflector = "192.0.2.9";
    private const int Rate = 1000;
    private const int Frames = 10_000;

    // FRR 8.4 helps a neighbour that restarts for families up to VPN, and for EVPN not: its reflector takes the routes back at once.
    [Theory]
    [InlineData("192.0.2.2")]
    [InlineData(Reflector)]
    public void A_planned_restart_loses_no_frame_between_two_sites_that_only_EVPN_joins(string reflector)
    {
        if (reflector == Reflector) Requires.Tools("gobgpd");
        Requires.HostRoot("receive buffers");
        using var lab = new NetLab();
        var underlay = lab.AddSwitch("sw");
        var (hostA, tenantA, host) = (lab.AddHost("a"), lab.AddHost("at"), lab.AddHost("r"));
        var b = new Site(lab, "b", quietTenant: true);
        foreach (var ns in new[] { hostA, tenantA }) NetLab.SilenceNewDevices(ns);
        foreach (var (ns, address) in new[] { (hostA, "192.0.2.1/24"), (b.Host, "192.0.2.2/24"), (host, Reflector + "/24") })
        {
            lab.Plug(underlay, ns, "u0");
            NetLab.Address(ns, "u0", address);
        }

        if (reflector == Reflector)
        {
            GoBgpPeer.Start(lab, host, $"""
                [global.config]
                  as = 65000
                  router-id = "{Reflector}"
                {Neighbor("192.0.2.1")}
                {Neighbor("192.0.2.2")}
                """);
        }

        // Unknown MACs are dropped: what arrives is known.
        const string Drop = ", flood: { unknown_unicast: drop }";
        static string Evpn(string neighbor) => $"{{ as: 65000, neighbors: [{{ address: {neighbor}, as: 65000, connect_retry: 1s }}] }}";
        var a = new Supervisor(lab, hostA, EvpnLab.Yaml("vtep-a", tenantA, "192.0.2.1", 100, Evpn(reflector), Drop) + "\nprivileges: { capabilities: given }\n");
        a.Start();
        a.WaitReady();
        b.Start(EvpnLab.Yaml("vtep-b", b.Tenant, "192.0.2.2", 100, Evpn(reflector == Reflector ? Reflector : "192.0.2.1"), Drop));
        var (macA, macB) = (NetLab.MacOf(tenantA, "t0"), NetLab.MacOf(b.Tenant, "t0"));
        foreach (var tenant in new[] { tenantA, b.Tenant }) NetLab.Ip(tenant, "link", "set", "t0", "up");
        EvpnLab.WaitBehind(b.Daemon, 100, macA, "192.0.2.1");
        Wait.Until(() => (a.Api.Get("/v1/fdb")?.ToJsonString() ?? "").Contains(macB, StringComparison.Ordinal), EvpnLab.Patience, "a knows b's MAC", () => a.Log);
        a.WaitStored(4);

        using var toB = new SteadyFlow(tenantA, b.Tenant, macA, macB, Rate, Frames);
        using var toA = new SteadyFlow(b.Tenant, tenantA, macB, macA, Rate, Frames);
        toB.RunTo(2_000);
        a.Restart();
        a.WaitReady();
        Wait.Until(() => a.Api.Get("/v1/evpn/neighbors")?["neighbors"]?[0] is { } n && (string?)n["state"] == "established" && (bool)n["end_of_rib"]!, EvpnLab.Patience, "the session is back", () => a.Log);
        var (b1, a1) = (toB.Finish(), toA.Finish());
        output.WriteLine($"lost to the wire {b1.Lost} of {Frames}, from it {a1.Lost}; largest gaps {b1.Gap.TotalMilliseconds:0} and {a1.Gap.TotalMilliseconds:0} ms; {Machine.Report()}");
        Assert.True(b1 is { Lost: 0, Twice: 0 } && a1 is { Lost: 0, Twice: 0 }, $"lost {b1.Lost} to the wire, {a1.Lost} from it; twice {b1.Twice}, {a1.Twice}; {Machine.Report()}\n{a.Api.Get("/v1/drops")?["drops"]?.ToJsonString()}\n{a.Log}\n{b.Daemon.Log}");

        // What was kept was told again, and is no longer stale.
        var entry = a.Api.Get("/v1/fdb")!["entries"]!.AsArray().Single(e => (string?)e!["mac"] == macB)!;
        Assert.Equal("evpn", (string?)entry["origin"]);
        Assert.DoesNotContain(entry["flags"]!.AsArray(), flag => (string?)flag == "stale");
    }

    private static string Neighbor(string address) => $"""
        [[neighbors]]
          [neighbors.config]
            neighbor-address = "{address}"
            peer-as = 65000
          [neighbors.transport.config]
            passive-mode = true
          [neighbors.graceful-restart.config]
            enabled = true
            restart-time = 120
          [neighbors.route-reflector.config]
            route-reflector-client = true
            route-reflector-cluster-id = "{Reflector}"
          [[neighbors.afi-safis]]
            [neighbors.afi-safis.config]
              afi-safi-name = "l2vpn-evpn"
            [neighbors.afi-safis.mp-graceful-restart.config]
              enabled = true
        """;
}
