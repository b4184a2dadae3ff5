using System.Text;
using System.Text.Json;
using Overlay.Encap;
using Overlay.Host.Configuration;
using Overlay.Host.Configuration.Changes;
using Xunit;

namespace Overlay.Host.Tests.Configuration;

/// <summary>Edits of a configuration's text: the lines concerned change, all others stay as they are, to the last comment.</summary>
public sealed class ConfigurationEditTests
{
    private const string Block = """
        # The header comment.
        node: { name: a, local: [192.0.2.1] }   # who we are

        ports:
          # the web port
          web:
            tap: tap-web   # a TAP
            identity: 7

          box: { veth: eth-host }  # one line
        # between sections
        vnis:
          - id: 100   # the first
            ports: [web]
          - id: 200
            ports:
              - box   # a veth
        peers:
          # b is in the other building
          - name: b
            addresses: [192.0.2.2, "2001:db8::2"]
            vnis: [100]
          - { name: c, addresses: [192.0.2.3], vnis: [100, 200] }
        macs:
          - vni: 100
            mac: "02:00:00:00:00:02"
            peer: b
        # the end

        """;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    private static JsonElement Json(string text) => JsonDocument.Parse(text, Strict).RootElement;

    private static string Edited(EditResult result)
    {
        Assert.True(result.Text is not null, $"{result.Code}: {result.Message}");
        return result.Text!;
    }

    private static OverlayConfig Load(string text)
    {
        var result = ConfigurationLoader.Parse(text);
        Assert.True(result.Value is not null, string.Join('\n', result.Errors) + "\n" + text);
        return result.Value!;
    }

    private static string[] Added(string before, string after) => [.. after.Split('\n').Except(before.Split('\n'))];

    private static string[] Removed(string before, string after) => [.. before.Split('\n').Except(after.Split('\n'))];

    [Fact]
    public void Adding_adds_lines_and_touches_no_other()
    {
        var text = Edited(ConfigurationEdit.AddPort(Block, Json("""{"name":"db","tap":"tap-db","queues":2,"vni":300}""")));
        Assert.Equal(["  db: { tap: tap-db, queues: 2 }", "  - { id: 300, ports: [db] }"], Added(Block, text));
        Assert.Empty(Removed(Block, text));
        var peer = Edited(ConfigurationEdit.AddPeer(text, Json("""{"name":"d","addresses":["192.0.2.4","2001:db8::4"],"vnis":[300,{"id":200,"encap":"geneve"}]}""")));
        Assert.Equal(["""  - { name: d, addresses: [192.0.2.4, "2001:db8::4"], vnis: [300, { id: 200, encap: geneve }] }"""], Added(text, peer));
        var mac = Edited(ConfigurationEdit.AddMac(peer, Json("""{"vni":300,"mac":"02:00:00:00:00:09","peer":"d","sticky":true}""")));
        Assert.Equal(["""  - { vni: 300, mac: "02:00:00:00:00:09", peer: d, sticky: true }"""], Added(peer, mac));
        Assert.EndsWith("# the end\n", mac, StringComparison.Ordinal);
        var config = Load(mac);
        Assert.Equal((3, 3, 3, 2), (config.Topology.Ports.Count, config.Topology.Vnis.Length, config.Routes.Peers.Length, config.Routes.Macs.Length));
    }

    [Fact]
    public void A_port_joins_a_VNI_that_is_there_however_its_list_is_written()
    {
        var flow = Edited(ConfigurationEdit.AddPort(Block, Json("""{"name":"db","tap":"tap-db","vni":100}""")));
        Assert.Contains("    ports: [web, db]", flow, StringComparison.Ordinal);
        var block = Edited(ConfigurationEdit.AddPort(Block, Json("""{"name":"db","tap":"tap-db","vni":200}""")));
        Assert.Contains("      - box   # a veth\n      - db\n", block, StringComparison.Ordinal);
        Assert.All(new[] { flow, block }, text => Assert.Contains("db", Load(text).Topology.Vnis.SelectMany(vni => vni.Ports)));
    }

    [Fact]
    public void Removing_removes_its_lines_and_its_place_in_a_VNI_and_no_other()
    {
        var text = Edited(ConfigurationEdit.RemovePort(Block, "web"));
        Assert.Equal(["  web:", "    tap: tap-web   # a TAP", "    identity: 7", "    ports: [web]"], Removed(Block, text));
        Assert.Equal(["    ports: []"], Added(Block, text));
        Load(text);
        text = Edited(ConfigurationEdit.RemovePort(Block, "box"));
        Assert.Equal(["  box: { veth: eth-host }  # one line", "      - box   # a veth"], Removed(Block, text));
        Load(text);
        text = Edited(ConfigurationEdit.RemovePeer(Block, "c", withMacs: false));
        Assert.Single(Removed(Block, text));
        text = Edited(ConfigurationEdit.RemovePeer(Block, "b", withMacs: true));
        Assert.Equal(6, Removed(Block, text).Length);
        Assert.Contains("  # b is in the other building\n  - { name: c", text, StringComparison.Ordinal);
        Assert.Empty(Load(text).Routes.Macs);
        text = Edited(ConfigurationEdit.RemoveMac(Block, new Vni(100), MacAddress.Parse("02:00:00:00:00:02")));
        Assert.EndsWith("macs:\n# the end\n", text, StringComparison.Ordinal);
        Load(text);
    }

    [Fact]
    public void A_remark_about_something_else_is_not_cut_with_the_last_of_a_list()
    {
        const string Text = """
            node: { name: a, local: [192.0.2.1] }
            ports: { web: { tap: t0 }, box: { tap: t1 } }
            vnis:
              - id: 100
                ports: [
                  web,   # not to be touched
                  box
                ]

            """;
        Load(Text);
        Assert.Null(ConfigurationEdit.RemovePort(Text, "box").Text);
        Assert.NotNull(ConfigurationEdit.RemovePort(Text.Replace("   # not to be touched", "", StringComparison.Ordinal), "box").Text);
    }

    [Fact]
    public void What_is_added_and_removed_again_leaves_the_text_as_it_was()
    {
        var text = Edited(ConfigurationEdit.AddPort(Block, Json("""{"name":"db","tap":"tap-db","vni":100}""")));
        Assert.Equal(Block, Edited(ConfigurationEdit.RemovePort(text, "db")));
        text = Edited(ConfigurationEdit.AddPeer(Block, Json("""{"name":"d","addresses":["192.0.2.4"]}""")));
        Assert.Equal(Block, Edited(ConfigurationEdit.RemovePeer(text, "d", false)));
    }

    [Theory]
    [InlineData("node: { name: a, local: [192.0.2.1] }\nvnis: [{ id: 100 }]")]
    [InlineData("node: { name: a, local: [192.0.2.1] }\nvnis: [{ id: 100 }]\nports:\npeers: # none yet\nmacs: ~\n")]
    [InlineData("node: { name: a, local: [192.0.2.1] }\r\nvnis:\r\n- id: 100\r\nports: {}\r\npeers: []\r\nmacs: [ ]\r\n")]
    [InlineData("---\nnode: { name: a, local: [192.0.2.1] }\nvnis:\n  - id: 100\n    ports: null\nports: null   # null\n# \U0001F600 beyond the basic plane\n")]
    [InlineData("""{"node":{"name":"a","local":["192.0.2.1"]},"vnis":[{"id":100}]}""")]
    [InlineData("{\n  \"node\": {\"name\": \"a\", \"local\": [\"192.0.2.1\"]}, # c\n  \"vnis\": [\n    {\"id\": 100}, # one\n  ],\n}\n")]
    public void Any_way_to_write_it_can_be_edited(string before)
    {
        var text = Edited(ConfigurationEdit.AddPort(before, Json("""{"name":"web","tap":"tap-web","vni":100}""")));
        text = Edited(ConfigurationEdit.AddPeer(text, Json("""{"name":"b","addresses":["192.0.2.2"],"vnis":[100]}""")));
        text = Edited(ConfigurationEdit.AddMac(text, Json("""{"vni":100,"mac":"02:00:00:00:00:02","peer":"b"}""")));
        var config = Load(text);
        Assert.Equal((1, 1, 1, "web"), (config.Topology.Ports.Count, config.Routes.Peers.Length, config.Routes.Macs.Length, config.Topology.Vnis.Single().Ports.Single()));
        Assert.All(before.Split('#').Skip(1), comment => Assert.Contains(comment.Split('\n')[0].TrimEnd('\r'), text, StringComparison.Ordinal));
        text = Edited(ConfigurationEdit.RemovePeer(text, "b", withMacs: true));
        text = Edited(ConfigurationEdit.RemovePort(text, "web"));
        config = Load(text);
        Assert.Equal((0, 0, 0), (config.Topology.Ports.Count, config.Routes.Peers.Length, config.Routes.Macs.Length));
    }

    [Fact]
    public void The_annotated_example_can_be_edited_and_keeps_its_comments()
    {
        var example = File.ReadAllText(RepositoryFiles.PathOf("deploy", "overlayd.example.yaml"));
        var text = Edited(ConfigurationEdit.AddPort(example, Json("""{"name":"db","tap":"tap-db","vni":200}""")));
        text = Edited(ConfigurationEdit.AddPeer(text, Json("""{"name":"d","addresses":["192.0.2.4"],"vnis":[200]}""")));
        text = Edited(ConfigurationEdit.RemovePeer(text, "d", false));
        text = Edited(ConfigurationEdit.RemovePort(text, "db"));
        Assert.Equal(example.Split('\n').Length + 1, text.Split('\n').Length);
        Assert.Equal(["    ports: []"], Added(example, text));
        Load(text);
    }

    [Fact]
    public void What_is_there_or_not_there_or_used_is_said()
    {
        Assert.Equal("exists", ConfigurationEdit.AddPort(Block, Json("""{"name":"web","tap":"t"}""")).Code);
        Assert.Equal("exists", ConfigurationEdit.AddPeer(Block, Json("""{"name":"b"}""")).Code);
        Assert.Equal("exists", ConfigurationEdit.AddMac(Block, Json("""{"vni":100,"mac":"02:00:00:00:00:02","peer":"c"}""")).Code);
        Assert.Equal("not_found", ConfigurationEdit.RemovePort(Block, "nobody").Code);
        Assert.Equal("not_found", ConfigurationEdit.RemovePeer(Block, "nobody", true).Code);
        Assert.Equal("not_found", ConfigurationEdit.RemoveMac(Block, new Vni(200), MacAddress.Parse("02:00:00:00:00:02")).Code);
        Assert.Equal("in_use", ConfigurationEdit.RemovePeer(Block, "b", withMacs: false).Code);
        Assert.Equal("bad_request", ConfigurationEdit.AddPort(Block, Json("""{"tap":"t"}""")).Code);
        Assert.Equal("bad_request", ConfigurationEdit.AddPort(Block, Json("""{"name":"x","tap":"t","vni":"100"}""")).Code);
    }

    [Theory]
    [InlineData("""{"name":"x: { tap: y }, z","tap":"t"}""")]
    [InlineData("""{"name":"x\n  evil","tap":"t"}""")]
    [InlineData("""{"name":"x","tap":"t }, evil: { tap: u"}""")]
    [InlineData("""{"name":"x","tap":"t # no","mtu":"1400"}""")]
    [InlineData("""{"name":"x","tap":"\u0085\u2028\u0000","mtu":1e400}""")]
    [InlineData("""{"name":"x","tap":["&a",{"*a":"!t"}],"netns":"<<"}""")]
    [InlineData("""{"name":"null","tap":"~","mode":"yes"}""")]
    [InlineData("""{"name":"\ud83d\ude00","tap":"t"}""")]
    public void Hostile_values_stay_values(string body)
    {
        var result = ConfigurationEdit.AddPort(Block, Json(body));
        if (result.Text is { } text)
        {
            Assert.Equal(Block.Split('\n').Length + 1, text.Split('\n').Length);
            var loaded = ConfigurationLoader.Parse(text);
            Assert.True(loaded.Value is null || loaded.Value.Topology.Ports.Count == 3);
        }
    }

    [Fact]
    public void No_text_makes_an_edit_throw_or_change_more_than_it_should()
    {
        var random = new Random(20261122);
        var alphabet = "abc:{}[],-#'\"|>&*!%@`? \n\n  \t~0:-".ToCharArray();
        var body = Json("""{"name":"x","tap":"tap-x","vni":100}""");
        for (var round = 0; round < 400; round++)
        {
            var text = new StringBuilder(Block);
            for (var hit = random.Next(1, 6); hit > 0; hit--)
            {
                var at = random.Next(text.Length);
                if (random.Next(2) == 0)
                {
                    text.Remove(at, Math.Min(random.Next(1, 20), text.Length - at));
                }
                else
                {
                    text.Insert(at, alphabet[random.Next(alphabet.Length)]);
                }
            }

            var before = text.ToString();
            foreach (var result in new[] { ConfigurationEdit.AddPort(before, body), ConfigurationEdit.RemovePort(before, "web"), ConfigurationEdit.RemovePeer(before, "b", true) })
            {
                Assert.True(result.Text is not null || result.Code.Length > 0);
            }

            if (ConfigurationLoader.Parse(before).Value is { } old && ConfigurationEdit.AddPort(before, body).Text is { } after && ConfigurationLoader.Parse(after).Value is { } now)
            {
                Assert.All(ConfigurationDiff.Compare(old, now).Changes, change => Assert.True(change is "port x: added" or "vni 100: changed" or "vni 100: added", change + "\n" + after));
            }
        }
    }

    [Fact]
    public void The_file_is_replaced_with_its_mode_and_no_trace_beside_it()
    {
        var folder = Directory.CreateTempSubdirectory("overlay-save-").FullName;
        try
        {
            var file = Path.Combine(folder, "overlayd.yaml");
            var link = Path.Combine(folder, "link.yaml");
            File.WriteAllText(file, "old");
            File.CreateSymbolicLink(link, file);
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
            Assert.Null(ConfigurationFile.Write(link, "new\n"));
            Assert.Equal(("new\n", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead), (File.ReadAllText(file), File.GetUnixFileMode(file)));
            Assert.NotNull(new FileInfo(link).LinkTarget);
            Assert.Equal(2, Directory.GetFileSystemEntries(folder).Length);
            File.SetUnixFileMode(file, UnixFileMode.UserRead);
            Assert.Contains("read-only", ConfigurationFile.Write(file, "newer"), StringComparison.Ordinal);
            Assert.Contains("cannot be written", ConfigurationFile.Write("/proc/overlayd.yaml", "x"), StringComparison.Ordinal);
            Assert.Equal("new\n", File.ReadAllText(file));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
