using Overlay.Interop.Restart;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Etcd;

/// <summary>A daemon that is restarted keeps what the store told it, and its keys stay in force for the others, until it is back.</summary>
[Trait("Category", "Peer")]
public sealed class OwnRestartTests(ITestOutputHelper output)
{
    private const int Rate = 1000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void A_planned_restart_loses_no_frame_even_while_the_store_is_away()
    {
        Requires.HostRoot("receive buffers");
        using var lab = new NetLab();
        var underlay = lab.AddSwitch("sw");
        var (hostA, tenantA, store) = (lab.AddHost("a"), lab.AddHost("at"), lab.AddHost("e"));
        var b = new Site(lab, "b", quietTenant: true);
        foreach (var ns in new[] { hostA, tenantA }) NetLab.SilenceNewDevices(ns);
        foreach (var (ns, address) in new[] { (hostA, "192.0.2.1/24"), (b.Host, "192.0.2.2/24"), (store, "192.0.2.9/24") })
        {
            lab.Plug(underlay, ns, "u0");
            NetLab.Address(ns, "u0", address);
        }

        var etcd = EtcdPeer.Start(lab, store, "192.0.2.9");
        var a = new Supervisor(lab, hostA, Yaml("vtep-a", tenantA, "192.0.2.1", etcd) + "\nprivileges: { capabilities: given }\n");
        a.Start();
        a.WaitReady();
        b.Start(Yaml("vtep-b", b.Tenant, "192.0.2.2", etcd));
        var (macA, macB) = (NetLab.MacOf(tenantA, "t0"), NetLab.MacOf(b.Tenant, "t0"));
        foreach (var tenant in new[] { tenantA, b.Tenant }) NetLab.Ip(tenant, "link", "set", "t0", "up");
        Wait.Until(() => Knows(a.Api, macB) && Knows(b.Daemon.Api, macA), Patience, "the two know each other", () => a.Log);
        a.WaitStored(4);

        using var toB = new SteadyFlow(tenantA, b.Tenant, macA, macB, Rate);
        using var toA = new SteadyFlow(b.Tenant, tenantA, macB, macA, Rate);
        toB.RunTo(1_000);
        a.Restart();
        a.WaitReady();
        Wait.Until(() => State(a.Api) == "in-touch" && !IsStale(a.Api, macB), Patience, "the store has told it again", () => a.Log);

        // Without a quorum nothing can be told: what was kept is all there is.
        etcd.Kill(0);
        etcd.Kill(1);
        Wait.Until(() => State(a.Api) == "out-of-touch", Patience, "the quorum is lost", () => a.Log);
        a.WaitStored(4);
        a.Restart();
        a.WaitReady();
        Wait.Until(() => IsStale(a.Api, macB), Patience, "what is known is stale", () => a.Log);
        toB.AwaitMore(Rate, () => a.Log);
        toA.AwaitMore(Rate, () => a.Log);
        var (b1, a1) = (toB.Finish(now: true), toA.Finish(now: true));
        output.WriteLine($"lost to the wire {b1.Lost} of {toB.Sent}, from it {a1.Lost} of {toA.Sent}; largest gaps {b1.Gap.TotalMilliseconds:0} and {a1.Gap.TotalMilliseconds:0} ms; {Machine.Report()}");
        Assert.True(b1 is { Lost: 0, Twice: 0 } && a1 is { Lost: 0, Twice: 0 }, $"lost {b1.Lost} to the wire, {a1.Lost} from it; twice {b1.Twice}, {a1.Twice}; {Machine.Report()}\n{a.Api.Get("/v1/drops")?["drops"]?.ToJsonString()}\n{a.Log}\n{b.Daemon.Log}");
    }

    // Unknown MACs are dropped: what arrives is known.
    private static string Yaml(string name, string tenant, string address, EtcdPeer etcd) => $$"""
        node: { name: {{name}}, local: [{{address}}] }
        ports:
          t0: { tap: t0, netns: {{tenant}} }
        vnis:
          - { id: 100, ports: [t0], flood: { unknown_unicast: drop } }
        control:
          etcd: { endpoints: {{etcd.Endpoints}}, lease: 10s, health_interval: 1s, request_timeout: 2s }
        """;

    private static string? State(OverlaydApi api) => (string?)api.Get("/v1/etcd/status")?["state"];

    private static bool Knows(OverlaydApi api, string mac) => Entry(api, mac) is { } entry && (string?)entry["origin"] == "etcd";

    private static bool IsStale(OverlaydApi api, string mac) => Entry(api, mac)?["flags"]?.AsArray().Any(static flag => (string?)flag == "stale") == true;

    private static System.Text.Json.Nodes.JsonNode? Entry(OverlaydApi api, string mac) =>
        api.Get("/v1/fdb?vni=100")?["entries"]?.AsArray().FirstOrDefault(e => string.Equals((string?)e!["mac"], mac, StringComparison.OrdinalIgnoreCase));
}
