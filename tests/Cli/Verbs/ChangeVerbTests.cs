using System.Text.Json;
using Overlay.Cli.Tests.Kit;
using Xunit;

namespace Overlay.Cli.Tests.Verbs;

/// <summary>Verbs that change the configuration, and events: what they ask the daemon, what they show, and their exit codes.</summary>
public sealed class ChangeVerbTests
{
    private const string Changed = """
        {"revision":5,"etag":"ab-5","dry_run":false,"changes":["port db: added"],
         "effects":[{"kind":"port","name":"db","action":"added","keys":[],"effect":"TAP tap-db is opened, or made if it does not exist","interrupts":false,"needs_restart":false},
                    {"kind":"peer","name":"b","action":"removed","keys":[],"effect":"nothing is sent to it any more, what it sends is dropped as vtep_unknown, and MACs learned from it are forgotten","interrupts":true,"needs_restart":false}],
         "saved":false,"save_error":null,"unsaved":["port db: added"],"warnings":[]}
        """;

    private const string Conflict = """{"error":{"code":"conflict","message":"revision 5 is in force, not 4: somebody else was faster (peer add c at 12:00:00 UTC: peer c: added); nothing was done. Next: overlayctl config diff","field":"If-Match"}}""";

    private static Task<FakeDaemon> Daemon(string request, int status = 200, string body = Changed) => FakeDaemon.StartAsync((request, status, body));

    [Fact]
    public async Task A_change_shows_each_consequence_and_that_it_is_not_saved()
    {
        await using FakeDaemon daemon = await Daemon("POST /v1/ports");
        Ctl ctl = await Ctl.RunAsync("port", "add", "db", "--tap", "tap-db", "--vni", "100", "--socket", daemon.Socket);
        Assert.Equal((0, ""), (ctl.Code, ctl.Error));
        Assert.Equal(
            $"""
            applied  config 5  2 changes
            + port db
                TAP tap-db is opened, or made if it does not exist
            - peer b  interrupts
                nothing is sent to it any more, what it sends is dropped as vtep_unknown,
                and MACs learned from it are forgotten
            ! not saved: a restart loses it. Next: overlayctl --socket {daemon.Socket} config save

            """,
            ctl.Out);
        using JsonDocument body = JsonDocument.Parse(daemon.Bodies.Single());
        Assert.Equal("""{"name":"db","tap":"tap-db","vni":100}""", body.RootElement.GetRawText());
    }

    [Fact]
    public async Task What_is_asked_for_is_asked_for()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(
            ("POST /v1/ports?save=true", 200, Changed), ("POST /v1/peers?dry_run=true", 200, Changed), ("POST /v1/macs", 200, Changed),
            ("DELETE /v1/peers?name=d&with_macs=true&save=true", 200, Changed), ("DELETE /v1/macs?vni=100&mac=02%3A00%3A00%3A00%3A00%3A02", 200, Changed), ("DELETE /v1/ports?name=a b", 200, Changed));
        string[][] lines =
        [
            ["port", "add", "up", "--tap", "t", "--mode", "trunk", "--native", "100", "--vlan", "20:200", "--vlan", "30:300", "--mtu", "auto", "--queues", "2", "--save"],
            ["peer", "add", "d", "-a", "192.0.2.4", "-a", "2001:db8::4", "--encap", "geneve", "--vni", "100", "--vni", "200:vxlan", "--dry-run"],
            ["mac", "add", "02:00:00:00:00:02", "--vni", "100", "--peer", "d", "--ip", "10.0.0.2", "--sticky", "--revision", "7"],
            ["peer", "del", "d", "--with-macs", "--save"],
            ["mac", "del", "02:00:00:00:00:02", "--vni", "100"],
        ];
        foreach (string[] line in lines)
        {
            Ctl ctl = await Ctl.RunAsync([.. line, "--socket", daemon.Socket]);
            Assert.True(ctl.Code == 0, ctl.Error);
        }

        Assert.Equal(
            [
                """{"name":"up","tap":"t","mode":"trunk","mtu":"auto","queues":2,"native":100,"vlans":{"20":200,"30":300}}""",
                """{"name":"d","addresses":["192.0.2.4","2001:db8::4"],"encap":"geneve","vnis":[100,{"id":200,"encap":"vxlan"}]}""",
                """{"vni":100,"mac":"02:00:00:00:00:02","peer":"d","sticky":true,"ip":["10.0.0.2"]}""",
                "",
                "",
            ],
            daemon.Bodies);
        Assert.Equal(["", "", "7", "", ""], daemon.Matches);
    }

    [Theory]
    [InlineData("port", "add", "x")]
    [InlineData("port", "add", "x", "--tap", "a", "--veth", "b")]
    [InlineData("port", "add", "x", "--tap", "a", "--vlan", "20")]
    [InlineData("peer", "add", "x")]
    [InlineData("peer", "add", "x", "-a", "192.0.2.1", "--vni", "x")]
    [InlineData("mac", "add", "02:00", "--vni", "1", "--peer", "b")]
    [InlineData("mac", "del", "02:00:00:00:00:02")]
    [InlineData("events", "--since", "5")]
    [InlineData("config", "apply")]
    public async Task What_cannot_be_meant_is_refused_before_the_daemon_is_asked(params string[] line)
    {
        Ctl ctl = await Ctl.RunAsync(line);
        Assert.Equal(2, ctl.Code);
        Assert.Contains("Next: overlayctl ", ctl.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_second_of_two_operators_is_told_who_was_faster_and_what_to_run()
    {
        await using FakeDaemon daemon = await Daemon("POST /v1/peers", 409, Conflict);
        Ctl ctl = await Ctl.RunAsync("peer", "add", "d", "-a", "192.0.2.4", "--revision", "4", "--socket", daemon.Socket);
        Assert.Equal((1, "", "overlayctl: revision 5 is in force, not 4: somebody else was faster (peer add c at 12:00:00 UTC: peer c: added); nothing was done. Next: overlayctl config diff\n"), (ctl.Code, ctl.Out, ctl.Error));
        Ctl json = await Ctl.RunAsync("peer", "add", "d", "-a", "192.0.2.4", "-o", "json", "--socket", daemon.Socket);
        Assert.Equal((1, "conflict"), (json.Code, JsonDocument.Parse(json.Out).RootElement.GetProperty("error").GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Applying_replaces_exactly_what_was_in_force_when_it_was_asked()
    {
        string file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, "node: {}\n");
            const string Invalid = """{"error":{"code":"config_invalid","message":"node.name: required; what ran keeps running. Next: overlayctl config diff","field":"node.name"},"errors":[{"file":"(request)","line":1,"column":7,"key":"node.name","message":"required, and missing"}]}""";
            await using FakeDaemon daemon = await FakeDaemon.StartAsync(
                ("GET /v1/config", 200, """{"revision":4,"yaml":"","source":"/etc/x","etag":"ab-4","saved":true}"""),
                ("PUT /v1/config?save=true", 200, Changed), ("PUT /v1/config", 422, Invalid));
            Ctl ctl = await Ctl.RunAsync("config", "apply", file, "--save", "--socket", daemon.Socket);
            Assert.Equal((0, "ab-4", "node: {}\n"), (ctl.Code, daemon.Matches[^1], daemon.Bodies[^1]));
            ctl = await Ctl.RunAsync("config", "apply", file, "--revision", "9", "--socket", daemon.Socket);
            Assert.Equal((2, "9", $"{file}:1:7: error: node.name: required, and missing\n"), (ctl.Code, daemon.Matches[^1], ctl.Out));
            Assert.Equal(2, (await Ctl.RunAsync("config", "apply", file + ".none", "--socket", daemon.Socket)).Code);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task A_change_that_could_not_be_saved_is_a_failure_that_says_so()
    {
        await using FakeDaemon daemon = await Daemon("POST /v1/ports?save=true", 200, Changed.Replace("\"save_error\":null", "\"save_error\":\"/etc/x is read-only (444), so it was left alone. Next: chmod u+w /etc/x\"", StringComparison.Ordinal));
        Ctl ctl = await Ctl.RunAsync("port", "add", "db", "--tap", "t", "--save", "--socket", daemon.Socket);
        Assert.Equal(1, ctl.Code);
        Assert.Equal($"overlayctl: in force, but not saved: /etc/x is read-only (444), so it was left alone. Next: chmod u+w /etc/x; then overlayctl --socket {daemon.Socket} config save\n", ctl.Error);
    }

    [Fact]
    public async Task A_diff_says_what_a_reload_changes_what_is_not_saved_and_what_to_run()
    {
        const string Body = """
            {"revision":4,"etag":"ab-4","source":"/etc/overlay/overlayd.yaml","file_valid":true,"file_edited":true,"errors":[],
             "reload":[{"kind":"peer","name":"b","action":"changed","keys":["encap"],"effect":"what is sent to it changes between two frames","interrupts":false,"needs_restart":false},
                       {"kind":"key","name":"listen.vxlan","action":"changed","keys":[],"effect":"needs a restart","interrupts":false,"needs_restart":true}],
             "unsaved":[{"kind":"port","name":"db","action":"added","keys":[],"effect":"TAP tap-db is opened","interrupts":false,"needs_restart":false}],"reload_refused":true}
            """;
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/config/diff", 200, Body));
        Ctl ctl = await Ctl.RunAsync("config", "diff", "--socket", daemon.Socket);
        Assert.Equal(
            (2, $"""
            differs  config 4  /etc/overlay/overlayd.yaml  edited since it was read

            A reload of the file would change:
            ~ peer b  encap
                what is sent to it changes between two frames
            ~ key listen.vxlan  needs a restart

            In force and not saved; a reload undoes it, a restart loses it:
            + port db
                TAP tap-db is opened

            ! a reload would be refused whole: a key needs a restart. Next: systemctl restart overlayd
            ! to keep what is in force, and lose the edits of the file. Next: overlayctl --socket {daemon.Socket} config save --force

            """),
            (ctl.Code, ctl.Out));
    }

    [Fact]
    public async Task Events_are_a_line_each_and_json_lines_for_programs()
    {
        const string Stream = "retry: 2000\n\nid: ab-1\nevent: port.up\ndata: {\"id\":\"ab-1\",\"event\":\"port.up\",\"time\":\"2026-11-22T12:00:01.250Z\",\"subject\":\"web\",\"message\":\"port web is \\u001b[31mup\",\"fields\":{}}\n\n: alive\n\n";
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/events?since=1m&follow=false", 200, Stream), ("GET /v1/events?since=720h&follow=false", 200, "retry: 2000\n\n"));
        Ctl ctl = await Ctl.RunAsync("events", "--since", "1m", "--socket", daemon.Socket);
        Assert.Equal((0, "2026-11-22 12:00:01Z  port.up           port web is \\x1b[31mup\n"), (ctl.Code, ctl.Out));
        Ctl json = await Ctl.RunAsync("events", "--since", "1m", "-o", "json", "--socket", daemon.Socket);
        Assert.Equal("web", JsonDocument.Parse(json.Out).RootElement.GetProperty("subject").GetString());
        Ctl nothing = await Ctl.RunAsync("events", "--socket", daemon.Socket);
        Assert.Equal((0, $"! nothing happened. Next: overlayctl --socket {daemon.Socket} events --follow\n"), (nothing.Code, nothing.Out));
    }

    [Fact]
    public async Task Lists_are_lists_in_json()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(
            ("GET /v1/status", 200, Samples.Json(Samples.Status)), ("GET /v1/fdb", 200, """{"entries":[{"vni":100,"mac":"02:00:00:00:00:02","origin":"static","flags":[],"peer":"b","address":"192.0.2.2","udp_port":4789},{"vni":100,"mac":"02:00:00:00:00:03","origin":"learned","flags":[]}],"truncated":false}"""));
        foreach (string noun in new[] { "port", "peer", "mac" })
        {
            Ctl ctl = await Ctl.RunAsync(noun, "list", "-o", "json", "--socket", daemon.Socket);
            Assert.Equal((0, JsonValueKind.Array), (ctl.Code, JsonDocument.Parse(ctl.Out).RootElement.ValueKind));
            Assert.True((await Ctl.RunAsync(noun, "list", "--socket", daemon.Socket)).Out.Length > 0);
        }

        Assert.Equal(1, JsonDocument.Parse((await Ctl.RunAsync("mac", "list", "-o", "json", "--socket", daemon.Socket)).Out).RootElement.GetArrayLength());
    }
}
