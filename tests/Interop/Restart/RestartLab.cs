using System.Globalization;
using Overlay.TestKit.Net;

namespace Overlay.Interop.Restart;

/// <summary>Two hosts with a tenant each, whose daemons a supervisor starts and starts again. Unknown MACs are dropped, so that a frame arrives only where its MAC is learned.</summary>
internal sealed class RestartLab : IDisposable
{
    public const string MacA = "02:00:00:00:00:0a";
    public const string MacB = "02:00:00:00:00:0b";

    public RestartLab(string encap = "vxlan", string family = "ipv4", string more = "", string? stateOfA = null)
    {
        Net = new NetLab();
        var (a, b, prefix) = family == "ipv4" ? ("192.0.2.1", "192.0.2.2", 24) : ("2001:db8::1", "2001:db8::2", 64);
        (HostA, TenantA, HostB, TenantB) = (Net.AddHost("a"), Net.AddHost("at"), Net.AddHost("b"), Net.AddHost("bt"));
        NetLab.Join(HostA, "u0", HostB, "u0");
        NetLab.Address(HostA, "u0", string.Create(CultureInfo.InvariantCulture, $"{a}/{prefix}"));
        NetLab.Address(HostB, "u0", string.Create(CultureInfo.InvariantCulture, $"{b}/{prefix}"));
        foreach (var ns in new[] { HostA, TenantA, HostB, TenantB }) NetLab.SilenceNewDevices(ns);
        YamlOfA = Yaml(TenantA, a, b, MacA, encap, more);
        A = new Supervisor(Net, HostA, YamlOfA, stateOfA);
        B = new Supervisor(Net, HostB, Yaml(TenantB, b, a, MacB, encap, more));
    }

    public NetLab Net { get; }

    public Supervisor A { get; }

    public Supervisor B { get; }

    public string HostA { get; }

    public string HostB { get; }

    public string TenantA { get; }

    public string TenantB { get; }

    public string YamlOfA { get; }

    /// <summary>Starts both daemons.</summary>
    public RestartLab Start()
    {
        A.Start();
        B.Start();
        A.WaitReady();
        B.WaitReady();
        return this;
    }

    /// <summary>Lets each learn the other's MAC: a broadcast each way.</summary>
    public void Learn()
    {
        using var a = new PacketSocket(TenantA, "t0");
        using var b = new PacketSocket(TenantB, "t0");
        var fromA = Wire.Ethernet("ff:ff:ff:ff:ff:ff", MacA, 0x88b5, new byte[46]);
        var fromB = Wire.Ethernet("ff:ff:ff:ff:ff:ff", MacB, 0x88b5, new byte[46]);
        Wait.Until(
            () =>
            {
                a.Offer(fromA);
                b.Offer(fromB);
                return Has(A) && Has(B) && a.Count > 0 && b.Count > 0;
            }, TimeSpan.FromSeconds(10), "both MACs at both", () => A.Log + B.Log);

        static bool Has(Supervisor daemon)
        {
            var text = daemon.Api.Get("/v1/fdb")?.ToJsonString() ?? "";
            return text.Contains(MacA, StringComparison.Ordinal) && text.Contains(MacB, StringComparison.Ordinal);
        }
    }

    public void Dispose() => Net.Dispose();

    private static string Yaml(string tenant, string local, string remote, string mac, string encap, string more)
    {
        // A service manager gives what is needed and no more; a daemon that has all of root's capabilities starts twice to lose them.
        // The tenant's MAC is not the device's: what is learned of it is lost with the process, unless it is handed over.
        var device = mac.Replace("02:", "06:", StringComparison.Ordinal);
        return $$"""
            node: { name: vtep, local: ["{{local}}"] }
            privileges: { capabilities: given }
            listen: { vxlan: 4789, geneve: 6081 }
            ports:
              t0: { tap: t0, netns: {{tenant}}, mac: "{{device}}" }
            vnis:
              - { id: 100, ports: [t0], flood: { unknown_unicast: drop } }
            peers:
              - { name: peer, addresses: ["{{remote}}"], encap: {{encap}}, vnis: [100] }
            {{more}}
            """;
    }
}
