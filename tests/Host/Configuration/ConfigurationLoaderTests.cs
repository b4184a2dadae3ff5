using Microsoft.Extensions.Logging;
using Overlay.Control;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Overlay.Host.Configuration;
using Xunit;

namespace Overlay.Host.Tests.Configuration;

public sealed class ConfigurationLoaderTests
{
    private const string Minimal = "node: { name: a, local: [192.0.2.1] }\n";

    private static OverlayConfig Accept(string text)
    {
        var result = ConfigurationLoader.Parse(text);
        Assert.True(result.Value is not null, string.Join('\n', result.Errors));
        return result.Value!;
    }

    [Fact]
    public void A_node_is_all_that_is_needed_and_the_rest_is_the_documented_default()
    {
        var config = Accept(Minimal);
        Assert.Equal("a", config.NodeName);
        Assert.Equal(new UnderlaySpec { Local = [UnderlayAddress.Parse("192.0.2.1")] }, config.Underlay);
        Assert.Equal("/run/overlay/overlayd.sock", config.Admin.Socket);
        Assert.Equal(LogLevel.Information, config.Log.Level);
        Assert.Equal("/var/lib/overlay", config.StateDirectory);
        Assert.Equal([FdbOrigin.Static, FdbOrigin.Evpn, FdbOrigin.Ovsdb, FdbOrigin.Etcd, FdbOrigin.Local, FdbOrigin.Learned], config.Precedence);
    }

    [Fact]
    public void Underlay_keys_bind()
    {
        var underlay = Accept("""
            node: { name: a, local: [192.0.2.1, "2001:db8::1"] }
            listen: { vxlan: 14789, geneve: null, source_ports: 50000-50063, checksum: zero-both, df: clear, ttl: inherit, dscp: 46, strict: true, device: eth0 }
            """).Underlay;
        Assert.Equal(
            new UnderlaySpec
            {
                Local = [UnderlayAddress.Parse("192.0.2.1"), UnderlayAddress.Parse("2001:db8::1")],
                VxlanPort = 14789,
                GenevePort = null,
                SourcePortFirst = 50000,
                SourcePortLast = 50063,
                Checksum = ChecksumPolicy.ZeroBoth,
                DontFragment = false,
                Ttl = 0,
                Dscp = 46,
                Strict = true,
                Device = "eth0",
            },
            underlay);
    }

    [Theory]
    [InlineData("", new[] { 100 })]
    [InlineData(", mode: on-demand", new[] { 100, 200 })]
    public void Frames_wait_for_an_answer_in_VNIs_that_etcd_is_asked_for(string mode, int[] asks)
    {
        const string Vnis = "vnis: [{ id: 100, etcd: { mode: on-demand } }, { id: 200 }, { id: 300, etcd: { mode: mirror } }]\n";
        var config = Accept(Minimal + Vnis + $"control: {{ etcd: {{ endpoints: [\"http://127.0.0.1:1\"]{mode} }} }}");
        Assert.Equal(asks, config.Topology.Vnis.Where(vni => vni.AsksOnMiss).Select(vni => (int)vni.Vni.Value));

        // Without anybody to ask nothing waits.
        Assert.DoesNotContain(Accept(Minimal + Vnis).Topology.Vnis, vni => vni.AsksOnMiss);
    }

    [Theory]
    [InlineData("lease: 9s", true)]
    [InlineData("lease: 10s", false)]
    [InlineData("lease: 3s, request_timeout: 1s", false)]
    public void A_lease_that_one_slow_answer_could_cost_is_warned_of(string keys, bool isWarned)
    {
        var result = ConfigurationLoader.Parse(Minimal + $"control: {{ etcd: {{ endpoints: [\"http://127.0.0.1:1\"], {keys} }} }}");
        Assert.Equal(isWarned ? ["control.etcd.lease"] : [], result.Warnings.Select(warning => warning.Key));
    }

    [Fact]
    public void The_guard_and_the_hold_of_stale_routes_bind()
    {
        var absent = Accept(Minimal);
        Assert.Equal((new GuardOptions(), (TimeSpan?)null), (absent.Guard, absent.StaleHold));
        var config = Accept("""
            node: { name: a, local: [192.0.2.1] }
            control: { stale_hold: 10m, guard: { enabled: false, share: 5%, entries: 0, hold: 2m } }
            """);
        Assert.Equal(new GuardOptions { Enabled = false, Share = 5, Entries = 0, Hold = TimeSpan.FromMinutes(2) }, config.Guard);
        Assert.Equal(TimeSpan.FromMinutes(10), config.StaleHold);
        Assert.Equal(TimeSpan.Zero, Accept(Minimal + "\ncontrol: { stale_hold: 0s }\n").StaleHold);
        Assert.Null(Accept(Minimal + "\ncontrol: { stale_hold: never }\n").StaleHold);
    }

    [Fact]
    public void JSON_is_a_configuration_too()
    {
        var config = Accept("""
            {"node": {"name": "a", "local": ["192.0.2.1"]}, "listen": {"vxlan": 4790, "dscp": "inherit", "geneve": null},
             "ports": {"up": {"tap": "tap-t", "mode": "trunk", "native": 100, "vlans": {"20": 200}}},
             "vnis": [{"id": 100}, {"id": 200, "learning": {"age": "5m", "remote": true}}],
             "peers": [{"name": "b", "addresses": ["192.0.2.2"], "encap": "vxlan", "vnis": [100, {"id": 200, "encap": "vxlan"}]}],
             "options": {"policy": {"class": 258, "type": 1}}}
            """);
        Assert.Equal(new Vni(200), config.Topology.Ports["up"].Vlans[20]);
        Assert.Equal((ushort)4790, config.Underlay.VxlanPort);
    }

    [Fact]
    public void Ports_vnis_peers_and_macs_bind()
    {
        var config = Accept(File.ReadAllText(RepositoryFiles.PathOf("deploy", "overlayd.example.yaml")));
        var trunk = config.Topology.Ports["uplink"];
        Assert.Equal((PortMode.Trunk, new Vni(100), 2), (trunk.Mode, trunk.NativeVni, trunk.Vlans.Count));
        Assert.Equal(new Vni(300), trunk.Vlans[30]);
        Assert.Equal(7u, config.Topology.Ports["web"].Identity);
        Assert.Equal((PortDeviceKind.Tap, "tap-web"), (config.Topology.Ports["web"].Kind, config.Topology.Ports["web"].Device));
        Assert.Equal((PortDeviceKind.Veth, "eth-host", 1), (config.Topology.Ports["box"].Kind, config.Topology.Ports["box"].Device, config.Topology.Ports["box"].Queues));
        Assert.Equal([100u, 200u, 300u], config.Topology.Vnis.Select(vni => vni.Vni.Value));
        Assert.Equal(17u, config.Topology.Vnis[0].PolicyId);
        Assert.Null(config.Topology.Vnis[0].RemoteLearning);
        var c = config.Routes.Peers[1];
        Assert.Equal((EncapKind.Vxlan, (ushort)8472), (c.Vtep.Encap, c.Vtep.Port));
        Assert.Equal([null, EncapKind.Geneve], c.Vnis.Select(vni => vni.Encap));
        var mac = Assert.Single(config.Routes.Macs);
        Assert.Equal((MacAddress.Parse("02:00:00:00:00:02"), "b", 1), (mac.Mac, mac.Peer.Name, mac.Addresses.Length));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("16777215")]
    public void The_first_and_the_last_vni_are_legal_with_a_warning(string id)
    {
        var result = ConfigurationLoader.Parse(Minimal + $"vnis: [{{ id: {id} }}]\n");
        Assert.NotNull(result.Value);
        Assert.Equal("vnis[0].id", Assert.Single(result.Warnings).Key);
    }

    [Theory]
    [InlineData("300s", 300_000)]
    [InlineData("5m", 300_000)]
    [InlineData("0s", 0)]
    [InlineData("1500ms", 1_500)]
    [InlineData("24h", 86_400_000)]
    public void A_duration_has_a_unit(string text, int milliseconds)
    {
        var vni = Assert.Single(Accept(Minimal + $"vnis: [{{ id: 5, learning: {{ age: {text} }} }}]\n").Topology.Vnis);
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), vni.Age);
    }

    [Theory]
    [InlineData("300")]
    [InlineData("s")]
    [InlineData("-5s")]
    [InlineData("1.5s")]
    [InlineData("25h")]
    [InlineData("9999999999s")]
    public void Anything_else_is_no_duration(string text) =>
        Assert.Equal("vnis[0].learning.age", Assert.Single(ConfigurationLoader.Parse(Minimal + $"vnis: [{{ id: 5, learning: {{ age: {text} }} }}]\n").Errors).Key);

    [Fact]
    public void All_mistakes_are_reported_at_once_in_the_order_of_the_file()
    {
        var result = ConfigurationLoader.Parse("""
            node: { name: a, local: [192.0.2.1] }
            listen: { vxlan: 0, ttl: 256 }
            vnis:
              - id: 16777216
            peers:
              - { name: b, addresses: [nowhere] }
            """);
        Assert.Equal(["listen.vxlan", "listen.ttl", "vnis[0].id", "peers[0].addresses[0]"], result.Errors.Select(error => error.Key));
        Assert.Equal([2, 2, 4, 6], result.Errors.Select(error => error.Line));
    }

    [Fact]
    public void A_misspelt_key_gets_a_suggestion()
    {
        var error = Assert.Single(ConfigurationLoader.Parse(Minimal + "lsiten: { vxlan: 4789 }\n").Errors);
        Assert.EndsWith("did you mean 'listen'?", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_trunk_declares_the_vnis_it_maps_and_says_so()
    {
        var result = ConfigurationLoader.Parse(Minimal + "vnis: [{ id: 5, learning: { limit: 7 } }]\n" +
            "ports: { up: { tap: t0, mode: trunk, native: 5, vlans: { 20: 200 } } }\npeers: [{ name: b, addresses: [192.0.2.2], vnis: [200] }]\n");
        Assert.Equal([(5u, 7), (200u, 65_536)], result.Value!.Topology.Vnis.Select(vni => (vni.Vni.Value, vni.LearnLimit)));
        Assert.Equal("ports.up.vlans.20", Assert.Single(result.Warnings).Key);
    }

    [Theory]
    [InlineData("gateway: true", 1000, 1000, 1000, 0)]
    [InlineData("gateway: false", 1000, 1000, null, 0)]
    [InlineData("gateway: true, storm: { multicast: 50 }", 1000, 1000, 50, 0)]
    [InlineData("gateway: true, storm: { broadcast: null, multicast: null }", null, 1000, null, 2)]
    [InlineData("storm: { multicast: null }", 1000, 1000, null, 0)]
    public void A_gateway_floods_without_a_limit_only_where_that_is_said_and_then_there_is_a_warning(string keys, int? broadcast, int? unknown, int? multicast, int warnings)
    {
        var result = ConfigurationLoader.Parse(Minimal + $"vnis: [{{ id: 5, {keys} }}]\n");
        Assert.Equal(new StormLimits(broadcast, unknown, multicast), Assert.Single(result.Value!.Topology.Vnis).Storm);
        Assert.Equal(warnings, result.Warnings.Count);
        Assert.All(result.Warnings, warning => Assert.StartsWith("vnis[0].storm.", warning.Key, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("", "", EncapKind.Vxlan)]
    [InlineData("", ", encap: geneve", EncapKind.Geneve)]
    [InlineData("listen: { vxlan: null }\n", "", EncapKind.Geneve)]
    [InlineData("listen: { geneve: null }\n", ", encap: vxlan", EncapKind.Vxlan)]
    public void A_group_is_sent_VXLAN_unless_something_else_is_said_or_VXLAN_is_off(string listen, string encap, EncapKind expected)
    {
        var vni = Assert.Single(Accept(Minimal + listen + $"vnis: [{{ id: 5, allow: [192.0.2.0/24], flood: {{ mode: multicast, group: 239.1.1.1, device: eth0{encap} }} }}]\n").Topology.Vnis);
        Assert.Equal(new FloodGroup(UnderlayAddress.Parse("239.1.1.1"), "eth0", 1, expected), vni.Group);
    }

    [Theory]
    [InlineData("", 0x8100)]
    [InlineData(", tag: dot1q", 0x8100)]
    [InlineData(", tag: dot1ad", 0x88a8)]
    public void A_trunk_says_which_tags_select(string tag, int type) =>
        Assert.Equal(type, Accept(Minimal + $"vnis: [{{ id: 5 }}]\nports: {{ up: {{ tap: t0, mode: trunk, vlans: {{ 20: 5 }}{tag} }} }}\n").Topology.Ports["up"].TagType);

    [Fact]
    public void As_many_groups_as_can_be_joined_are_accepted_and_VNIs_that_share_one_are_no_more_of_them()
    {
        var vnis = Enumerable.Range(1, 600).Select(i => $"  - {{ id: {i}, allow: [192.0.2.0/24], flood: {{ mode: multicast, group: 239.1.1.{i % 128}, device: eth{i % 2}, ttl: {1 + (i % 3)} }} }}\n");
        Assert.Equal(600, Accept(Minimal + "vnis:\n" + string.Concat(vnis)).Topology.Vnis.Length);
    }

    [Fact]
    public void A_dual_stack_peer_with_one_usable_family_is_a_warning()
    {
        var result = ConfigurationLoader.Parse(Minimal + "vnis: [{ id: 5 }]\npeers: [{ name: b, addresses: [192.0.2.2, '2001:db8::2'], vnis: [5] }]\n");
        Assert.NotNull(result.Value);
        Assert.Equal("peers[0].addresses", Assert.Single(result.Warnings).Key);
    }

    [Fact]
    public void A_zone_names_an_interface_of_this_host()
    {
        var config = Accept("node: { name: a, local: ['fe80::1%lo'] }\n");
        Assert.NotEqual(0u, config.Underlay.Local[0].ScopeId);
        var error = Assert.Single(ConfigurationLoader.Parse("node: { name: a, local: ['fe80::1%no-such-dev'] }\n").Errors);
        Assert.Contains("ip -br link", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_experimental_preset_moves_all_three_options()
    {
        var topology = Accept(Minimal + "options: { preset: experimental }\n").Topology;
        Assert.Equal((0xfff0, 0xfff1, 0xfff2), (topology.PolicyOption.Class, topology.TelemetryOption.Class, topology.IdentityOption.Class));
    }

    [Fact]
    public void Quoting_does_not_change_what_a_name_is()
    {
        var config = Accept("'node': { \"name\": 'true', local: ['192.0.2.1'] }\n");
        Assert.Equal("true", config.NodeName);
    }

    [Fact]
    public void Equal_files_give_equal_configurations()
    {
        var text = File.ReadAllText(RepositoryFiles.PathOf("deploy", "overlayd.example.yaml"));
        var (first, second) = (Accept(text), Accept("# a comment more\n" + text));
        Assert.Equal(first.Underlay, second.Underlay);
        Assert.Equal(first.Workers, second.Workers);
        Assert.Equal(first.Topology.Ports.Values, second.Topology.Ports.Values);
        Assert.Equal(first.Topology.Vnis, second.Topology.Vnis);
        Assert.Equal(first.Routes.Peers, second.Routes.Peers);
        Assert.Equal(first.Routes.Macs, second.Routes.Macs);
    }
}
