using Overlay.Host.Configuration;
using Overlay.Host.Configuration.Keys;
using Xunit;

namespace Overlay.Host.Tests.Configuration;

public sealed class ConfigurationDiffTests
{
    private const string Text = """
        node: { name: a, local: [192.0.2.1] }
        ports: { web: { tap: tap-web } }
        vnis: [{ id: 100, ports: [web] }]
        peers: [{ name: b, addresses: [192.0.2.2], vnis: [100] }]
        macs: [{ vni: 100, mac: "02:00:00:00:00:02", peer: b }]
        control: { evpn: { as: 65001, router_id: 192.0.2.1, encap: [vxlan], neighbors: [{ address: 192.0.2.9, as: 65001 }] }, etcd: { endpoints: ["https://127.0.0.1:1"], encap: [vxlan], certificate: /c, key: /k, username: u, password: p } }
        """;

    /// <summary>For each key that needs a restart, a value that differs from the default.</summary>
    public static TheoryData<string, string> RestartKeys() => new()
    {
        { "node.name", "z" },
        { "node.local", "[192.0.2.9]" },
        { "listen.vxlan", "4790" },
        { "listen.geneve", "null" },
        { "listen.source_ports", "50000-60000" },
        { "listen.source_port_count", "32" },
        { "listen.checksum", "zero" },
        { "listen.df", "clear" },
        { "listen.path_mtu_min", "1280" },
        { "listen.ttl", "inherit" },
        { "listen.dscp", "0" },
        { "listen.strict", "true" },
        { "listen.device", "eth0" },
        { "workers.count", "3" },
        { "workers.cpus", "[0]" },
        { "workers.spin", "30us" },
        { "workers.lane", "off" },
        { "admin.socket", "/tmp/x.sock" },
        { "privileges.capabilities", "auto" },
        { "state.directory", "/tmp/x" },
        { "control.precedence", "[evpn, static, ovsdb, etcd, local, learned]" },
        { "control.etcd.endpoints", "[\"https://127.0.0.1:2\"]" },
        { "control.etcd.prefix", "/else/" },
        { "control.etcd.lease", "30s" },
        { "control.etcd.encap", "[geneve]" },
        { "control.etcd.ca", "/ca" },
        { "control.etcd.certificate", "/d" },
        { "control.etcd.key", "/l" },
        { "control.etcd.server_name", "etcd" },
        { "control.etcd.username", "v" },
        { "control.etcd.password", "q" },
        { "control.etcd.password_file", "/p" },
        { "control.etcd.connect_timeout", "3s" },
        { "control.etcd.request_timeout", "3s" },
        { "control.etcd.health_interval", "3s" },
        { "control.etcd.answer_time", "3s" },
        { "control.etcd.negative_time", "3s" },
        { "control.etcd.answer_limit", "3" },
        { "control.etcd.miss_queue", "3" },
        { "control.evpn.as", "65002" },
        { "control.evpn.router_id", "192.0.2.7" },
        { "control.evpn.listen", "[192.0.2.1]" },
        { "control.evpn.port", "1179" },
        { "control.evpn.route_limit", "1000" },
        { "options.preset", "experimental" },
        { "options.policy.class", "0xfff0" },
        { "options.policy.type", "9" },
        { "options.telemetry.class", "0xfff0" },
        { "options.telemetry.type", "9" },
        { "options.identity.class", "0xfff0" },
        { "options.identity.type", "9" },
    };

    private static OverlayConfig Load(string text, params (string Name, string Value)[] overrides)
    {
        var result = ConfigurationLoader.Parse(text, "file", overrides.ToDictionary(o => o.Name, o => o.Value));
        Assert.True(result.Value is not null, string.Join('\n', result.Errors));
        return result.Value!;
    }

    [Theory]
    [MemberData(nameof(RestartKeys))]
    public void A_change_of_a_key_that_needs_a_restart_is_named(string key, string value)
    {
        var diff = ConfigurationDiff.Compare(Load(Text), Load(Text, ("OVERLAY__" + key.Replace(".", "__", StringComparison.Ordinal), value)));
        Assert.NotEmpty(diff.RestartKeys);
        Assert.All(diff.RestartKeys, named => Assert.True(key.StartsWith(named, StringComparison.Ordinal) || key == "options.preset", named));
        Assert.Empty(diff.Changes);
    }

    [Theory]
    [InlineData("control.guard.enabled", "false", "control.guard: off")]
    [InlineData("control.guard.share", "5%", "control.guard: more than 5% and 64 entries are held 30 s")]
    [InlineData("control.guard.hold", "1500ms", "control.guard: more than 20% and 64 entries are held 1.5 s")]
    [InlineData("control.stale_hold", "10m", "control.stale_hold: 600 s")]
    public void What_control_planes_may_take_back_is_changed_by_a_reload(string key, string value, string change)
    {
        var diff = ConfigurationDiff.Compare(Load(Text), Load(Text, ("OVERLAY__" + key.Replace(".", "__", StringComparison.Ordinal), value)));
        Assert.Empty(diff.RestartKeys);
        Assert.Equal([change], diff.Changes);
    }

    [Fact]
    public void The_table_covers_every_key_that_is_marked_so_and_can_be_set()
    {
        var covered = RestartKeys().Select(row => row.Data.Item1).ToHashSet(StringComparer.Ordinal);
        var marked = ConfigKeys.All.Where(key => !key.Reload && ConfigKeys.Children(key.Path).Count == 0 && !key.Description.Contains("is supported in this version", StringComparison.Ordinal));
        Assert.Empty(marked.Select(key => key.Path).Except(covered));
        Assert.Empty(covered.Except(ConfigKeys.All.Where(key => !key.Reload).Select(key => key.Path)));
    }

    [Fact]
    public void The_same_text_changes_nothing()
    {
        var diff = ConfigurationDiff.Compare(Load(Text), Load("# comment\n" + Text));
        Assert.Empty(diff.RestartKeys);
        Assert.Empty(diff.Changes);
    }

    [Fact]
    public void The_mode_of_etcd_is_changed_by_a_reload()
    {
        var diff = ConfigurationDiff.Compare(Load(Text), Load(Text, ("OVERLAY__control__etcd__mode", "on-demand")));
        Assert.Empty(diff.RestartKeys);
        Assert.Equal(["control.etcd.mode: on-demand", "vni 100: changed"], diff.Changes);
    }

    [Fact]
    public void Changes_are_named_one_by_one()
    {
        var diff = ConfigurationDiff.Compare(Load(Text), Load("""
            node: { name: a, local: [192.0.2.1] }
            log: { level: debug }
            ports: { web: { tap: tap-web, mtu: 1400 }, db: { tap: tap-db } }
            vnis: [{ id: 200, ports: [web, db] }]
            peers: [{ name: b, addresses: [192.0.2.3], vnis: [200] }]
            control: { evpn: { as: 65001, router_id: 192.0.2.1, encap: [vxlan], neighbors: [{ address: 192.0.2.8, as: 65001 }, { address: 192.0.2.9, as: 65001, hold_time: 9s }] }, etcd: { endpoints: ["https://127.0.0.1:1"], encap: [vxlan], certificate: /c, key: /k, username: u, password: p } }
            """));
        Assert.Empty(diff.RestartKeys);
        Assert.Equal(
            ["log.level: debug", "port db: added", "port web: changed", "vni 200: added", "vni 100: removed", "peer b: changed", "mac 02:00:00:00:00:02 in vni 100: removed", "evpn neighbor 192.0.2.8: added", "evpn neighbor 192.0.2.9: changed"],
            diff.Changes);
    }
}
