using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Probes;

/// <summary>Probes between VTEPs: answered by ours, harmless to others, and never at a tenant's.</summary>
public sealed class ProbeTests
{
    private const string MacA = "02:00:00:00:00:0a";
    private const string MacB = "02:00:00:00:00:0b";

    public static TheoryData<string, string> Combinations() => new() { { "vxlan", "v4" }, { "vxlan", "v6" }, { "geneve", "v4" }, { "geneve", "v6" } };

    [Theory]
    [MemberData(nameof(Combinations))]
    public void A_daemon_answers_in_the_encapsulation_it_was_asked_in_and_no_tenant_sees_it(string encap, string family)
    {
        using var lab = new NetLab();
        var (a, b) = Build(lab, encap, family);
        using var tenantA = new PacketSocket(a.Tenant, "t0", filter: IsProbe);
        using var tenantB = new PacketSocket(b.Tenant, "t0", filter: IsProbe);
        using var wire = new PacketSocket(b.Host, "u0", outgoing: true, filter: frame => Array.Exists(Offsets, at => frame.Length > at + 14 && IsProbe(frame[at..])));

        JsonNode row = null!;
        Wait.Until(() => (string)(row = Probe(a, "b"))["state"]! == "answered", TimeSpan.FromSeconds(60), "the peer answers", () => $"{row} a {a.Daemon.Log} b {b.Daemon.Log}");
        Assert.Equal((encap, 100, 3), ((string)row["encap"]!, (int)row["vni"]!, (int)row["answered"]!));
        Assert.True((double)row["rtt_seconds"]! > 0);
        foreach (var site in new[] { a, b })
        {
            var drops = site.Daemon.SettledDrops();
            Assert.Equal((0L, 0L), (drops.Unaccounted("rx"), drops.Unaccounted("tx")));
            Assert.True(drops.Total("rx", "consumed") >= 3, drops.ToString());
            Assert.DoesNotContain(drops.Drops.Keys, key => key.StartsWith("geneve_oam", StringComparison.Ordinal) || key.StartsWith("inner_source_invalid", StringComparison.Ordinal));
        }

        Assert.Equal(0, tenantA.Count + tenantB.Count);
        Assert.Single(wire.Frames.Select(frame => frame.Data.Length).Distinct());
    }

    [Fact]
    public void A_peer_that_is_not_there_and_one_that_is_unknown_are_told_apart()
    {
        using var lab = new NetLab();
        var (a, b) = Build(lab, "vxlan", "v4");
        Assert.Equal(HttpStatusCode.NotFound, a.Daemon.Api.Send(HttpMethod.Post, "/v1/probe?peer=nobody").Status);
        Assert.Equal(0, b.Daemon.Terminate().ExitCode);
        var row = Probe(a, "b");
        Assert.Equal(("not_answered", 0), ((string)row["state"]!, (int)row["answered"]!));
        Assert.Equal(3, (int)row["sent"]!);
    }

    [Fact]
    [Trait("Category", "Peer")]
    public void A_local_firewall_is_named_as_the_reason()
    {
        Requires.Tools("nft");
        using var lab = new NetLab();
        var (a, _) = Build(lab, "vxlan", "v4");
        Cmd.Run(a.Host, "nft", "add table inet f; add chain inet f o { type filter hook output priority 0; }; add rule inet f o udp dport 4789 drop").OrThrow();
        var row = Probe(a, "b");
        Assert.Equal(("not_sent", "underlay_send_refused"), ((string)row["state"]!, (string)row["reason"]!));
    }

    [Fact]
    [Trait("Category", "Peer")]
    public void A_kernel_vtep_hands_no_probe_to_the_tenants_behind_it_and_learns_nothing_from_it()
    {
        using var lab = new NetLab();
        var site = new Site(lab, "a");
        var right = lab.AddHost("k");
        var tenant = lab.AddHost("kt");
        NetLab.Join(site.Host, "u0", right, "u0");
        NetLab.Join(right, "p0", tenant, "e0", 1450);
        NetLab.Address(site.Host, "u0", "192.0.2.1/24");
        NetLab.Address(right, "u0", "192.0.2.2/24");
        var kernel = KernelVxlanPeer.Create(right, "u0", 100, "192.0.2.2", "192.0.2.1");
        _ = NetLab.Ip(right, "link", "add", "br0", "type", "bridge");
        foreach (var device in new[] { kernel.Device, "p0" })
            _ = NetLab.Ip(right, "link", "set", device, "master", "br0");
        _ = NetLab.Ip(right, "link", "set", "br0", "up");
        NetLab.Address(tenant, "e0", "10.0.0.2/24");
        site.Start(site.Yaml("192.0.2.1", 100, "- { name: k, addresses: [192.0.2.2], encap: vxlan, vnis: [100] }"), "10.0.0.1/24");
        site.WaitForPing("10.0.0.2");

        using var atTenant = new PacketSocket(tenant, "e0", filter: IsProbe);
        using var wire = new PacketSocket(right, "u0", filter: frame => frame.Length > 64 && IsProbe(frame[50..]));
        var row = Probe(site, "k");
        Assert.Equal(("not_answered", 3), ((string)row["state"]!, (int)row["sent"]!));
        Assert.True((long)row["rx_frames"]! > 0, "what is known of it: frames came from it");
        Wait.Until(() => wire.Count >= 3, TimeSpan.FromSeconds(10), "the questions are on the wire");

        // Behind them on the same way: what was sent after the probes has arrived, the probes have not.
        site.WaitForPing("10.0.0.2");
        Assert.Equal(0, atTenant.Count);
        Assert.DoesNotContain("03:4f:56", Cmd.Run(right, "bridge", "fdb", "show").OrThrow().StdOut, StringComparison.OrdinalIgnoreCase);
    }

    private static readonly int[] Offsets = [14 + 20 + 8 + 8, 14 + 40 + 8 + 8];

    private static bool IsProbe(byte[] frame) => frame.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x01, 0x80, 0xc2, 0, 0, 0x0f, 0x03, 0x4f]);

    private static JsonNode Probe(Site site, string peer)
    {
        var (status, body) = site.Daemon.Api.Send(HttpMethod.Post, $"/v1/probe?peer={peer}");
        Assert.Equal(HttpStatusCode.OK, status);
        return Assert.Single(body!["probes"]!.AsArray())!;
    }

    private static (Site A, Site B) Build(NetLab lab, string encap, string family)
    {
        var (ours, theirs, prefix) = family == "v4" ? ("192.0.2.1", "192.0.2.2", 24) : ("2001:db8::1", "2001:db8::2", 64);
        var a = new Site(lab, "a", quietTenant: true);
        var b = new Site(lab, "b", quietTenant: true);
        NetLab.Join(a.Host, "u0", b.Host, "u0");
        NetLab.Address(a.Host, "u0", string.Create(CultureInfo.InvariantCulture, $"{ours}/{prefix}"));
        NetLab.Address(b.Host, "u0", string.Create(CultureInfo.InvariantCulture, $"{theirs}/{prefix}"));
        b.Start(b.Yaml($"\"{theirs}\"", 100, $"- {{ name: a, addresses: [\"{ours}\"], encap: {encap}, vnis: [100] }}", port: $"mac: \"{MacB}\""));
        a.Start(a.Yaml($"\"{ours}\"", 100, $"- {{ name: b, addresses: [\"{theirs}\"], encap: {encap}, vnis: [100] }}", port: $"mac: \"{MacA}\""));
        NetLab.WaitForPing(a.Host, theirs);
        return (a, b);
    }
}
