using Overlay.Cli.Tests.Kit;

namespace Overlay.Cli.Tests.Verbs;

public sealed class ScreenTests
{
    [Fact]
    public async Task Status_has_the_verdict_in_its_first_line_and_a_row_for_each_peer()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/status", 200, Samples.Json(Samples.Status)));
        Ctl ctl = await Ctl.RunAsync("status", "--socket", daemon.Socket);
        Assert.Equal(ExitCode.Ok, ctl.Code);
        Assert.StartsWith("ok  vtep-a  overlayd 0.1.0  pid 4242  up 1h02m  config 1\n", ctl.Out, StringComparison.Ordinal);
        Assert.Contains("\nb     vxlan  up     off    -     -  1450  12.3k     0  1m30s  192.0.2.2:4789\n", ctl.Out, StringComparison.Ordinal);
        Assert.DoesNotContain(" \n", ctl.Out, StringComparison.Ordinal);
        Assert.All(ctl.Out.Split('\n'), l => Assert.True(l.Length <= 80, $"'{l}' is longer than 80 columns"));
    }

    [Theory]
    [InlineData("degraded")]
    [InlineData("down")]
    public async Task Status_that_is_not_ok_ends_with_3_and_shows_the_reasons(string verdict)
    {
        string body = Samples.Json(Samples.Status with { Verdict = verdict, Reasons = ["peer b is down. Next: overlayctl drops"] });
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/status", 200, body));
        Ctl ctl = await Ctl.RunAsync("status", "--socket", daemon.Socket);
        Assert.Equal(ExitCode.Degraded, ctl.Code);
        Assert.Equal("! peer b is down. Next: overlayctl drops", ctl.Out.Split('\n')[1]);
    }

    [Fact]
    public async Task Hostile_names_stay_on_their_line()
    {
        string body = Samples.Json(Samples.Status with { Node = "evil\nok  fine\e[2J" });
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/status", 200, body));
        Ctl ctl = await Ctl.RunAsync("status", "--socket", daemon.Socket);
        Assert.StartsWith("ok  evil\\x0aok  fine\\x1b[2J  overlayd", ctl.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_of_an_empty_daemon_says_what_to_configure()
    {
        string body = Samples.Json(Samples.Status with { Peers = [], Vnis = [], Ports = [], Local = [], Planes = [] });
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/status", 200, body));
        Ctl ctl = await Ctl.RunAsync("status", "--socket", daemon.Socket);
        Assert.All(ctl.Out.Split('\n').Where(l => l.StartsWith('!')), l => Assert.Contains(". Next: overlayctl", l, StringComparison.Ordinal));
        Assert.Contains("no peers", ctl.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fdb_show_names_port_or_peer()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/fdb?vni=100", 200, Samples.Json(Samples.Fdb)));
        Ctl ctl = await Ctl.RunAsync("fdb", "show", "--vni", "100", "--socket", daemon.Socket);
        Assert.Equal(ExitCode.Ok, ctl.Code);
        string expected = """
            VNI  MAC                ORIGIN  ENCAP   AGE  FLAGS   TO
            100  02:00:00:00:00:01  local   -        4s  -       port web
            100  02:00:00:00:00:02  static  geneve    -  sticky  peer b [2001:db8::2]:6081

            """;
        Assert.Equal(expected, ctl.Out);
    }

    [Fact]
    public async Task Fdb_why_shows_the_winner_and_why_the_others_lose()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/fdb/why?vni=100&mac=02%3A00%3A00%3A00%3A00%3A02", 200, Samples.Json(Samples.Why)));
        Ctl ctl = await Ctl.RunAsync("fdb", "why", "02:00:00:00:00:02", "--vni", "100", "--socket", daemon.Socket);
        Assert.Equal(ExitCode.Ok, ctl.Code);
        string[] lines = ctl.Out.Split('\n');
        Assert.Equal("VNI 100: to peer b by geneve, because static precedes learned", lines[0]);
        Assert.Equal("moves 3, without a candidate: flood", lines[1]);
        Assert.StartsWith("*  static", lines[4], StringComparison.Ordinal);
        Assert.EndsWith("learned never displaces another origin", lines[5], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fdb_why_in_a_vni_that_is_not_there_is_a_failure()
    {
        string body = Samples.Json(Samples.Why with { Verdict = "VNI 100 is not configured", Winner = null, Candidates = [], OnMiss = null });
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/fdb/why?vni=100&mac=02%3A00%3A00%3A00%3A00%3A02", 200, body));
        Ctl ctl = await Ctl.RunAsync("fdb", "why", "02:00:00:00:00:02", "--vni", "100", "--socket", daemon.Socket);
        Assert.Equal(ExitCode.Failure, ctl.Code);
        Assert.StartsWith("overlayctl: VNI 100 is not configured. Next: overlayctl --socket ", ctl.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Drops_show_totals_reasons_and_the_command_to_run()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/drops", 200, Samples.Json(Samples.Drops)));
        Ctl ctl = await Ctl.RunAsync("drops", "--socket", daemon.Socket);
        Assert.Equal(ExitCode.Ok, ctl.Code);
        Assert.Contains("\nrx        107        100         0        7       0           0\n", ctl.Out, StringComparison.Ordinal);
        Assert.Contains("\nvtep_unknown  rx          3      7       0  12s ago vni 100 from 192.0.2.9\n", ctl.Out, StringComparison.Ordinal);
        Assert.Contains("\n! vtep_unknown rx: The outer source address is not admitted to this VNI. Next: overlayctl ", ctl.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_mtu_names_paths_ports_that_do_not_fit_and_black_holes()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/mtu", 200, Samples.Json(Samples.Mtu)));
        Ctl ctl = await Ctl.RunAsync("doctor", "mtu", "--socket", daemon.Socket);
        Assert.Equal(ExitCode.Failure, ctl.Code);
        string expected = """
            PEER  ADDRESS    ENCAP   LINK MTU  PATH MTU  KNOWN FROM      OVERHEAD  OVERLAY MTU  TOO BIG  TOLD  SILENT  LAST MIN
            b     192.0.2.2  vxlan       1500      1400  network 9s ago        50         1350       70    50      12         0
            c     192.0.2.3  geneve      1500      1500  link                  50         1450       30    20       9         3

            PORT    DEVICE    MTU  SET BY         LEAST OVERLAY MTU  FITS
            db      tap-db   1450  configuration               1350  no
            theirs  t/tap0   1500  auto                        1350  yes
            web     tap-web  1450  auto                        1350  no

            """;
        Assert.StartsWith(expected, ctl.Out, StringComparison.Ordinal);

        // A command that the daemon would undo is not advised: only the device that it may not set is the operator's.
        Assert.Contains("port web has MTU 1450, and the path to peer b takes 1350: senders that can be told are told. Next: if it stays so for a minute a TAP that is in no bridge follows; set ports.web.mtu to 1350", ctl.Out, StringComparison.Ordinal);
        Assert.Contains("port db has MTU 1450, and the path to peer b takes 1350: senders that can be told are told. Next: set ports.db.mtu to 1350 or auto", ctl.Out, StringComparison.Ordinal);
        Assert.Contains("port theirs: its device has MTU 1500 and did not take 1350 from us; what is longer is not taken from it. Next: ip -n t link set tap0 mtu 1350", ctl.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("link set tap-web", ctl.Out, StringComparison.Ordinal);
        Assert.Contains("ICMP says that the path to peer b takes 552, which is under listen.path_mtu_min and not believed", ctl.Out, StringComparison.Ordinal);

        // Others that were told hide no black hole, and what was lost long ago is none.
        Assert.Contains("black hole: 3 frames to peer c in the last minute", ctl.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("frames to peer b in", ctl.Out, StringComparison.Ordinal);

        ctl = await Ctl.RunAsync("doctor", "mtu", "b", "--socket", daemon.Socket);
        Assert.Equal(ExitCode.Ok, ctl.Code);
        Assert.DoesNotContain("192.0.2.3", ctl.Out, StringComparison.Ordinal);
        ctl = await Ctl.RunAsync("doctor", "mtu", "x", "--socket", daemon.Socket);
        Assert.Contains("there is no such peer", ctl.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Neighbors_shows_who_answers_and_how_often_we_did()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/neighbors?vni=100", 200, Samples.Json(Samples.Neighbors)));
        Ctl ctl = await Ctl.RunAsync("neighbors", "--vni", "100", "--socket", daemon.Socket);
        Assert.Equal(ExitCode.Ok, ctl.Code);
        string expected = """
            VNI  ARP  ND   ARP ANSWERED  ARP FLOODED  ND ANSWERED  ND FLOODED
            100  on   off            12            3            0           0

            VNI  ADDRESS   MAC                ORIGIN   AGE  STATE             AT
            100  10.0.0.1  02:00:00:00:00:01  local     4s  answered          port web
            100  10.0.0.2  02:00:00:00:00:02  static     -  no-mac            -
            100  fe80::3   02:00:00:00:00:03  learned   9s  duplicate,router  peer b

            """;
        Assert.StartsWith(expected, ctl.Out, StringComparison.Ordinal);
        Assert.Contains("fe80::3 in VNI 100 is claimed by several MACs in turn. Next: overlayctl", ctl.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Storm_shows_limits_and_drops_of_every_way_in_and_what_to_do_about_a_storm()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/storm?vni=100", 200, Samples.Json(Samples.Storm)));
        Ctl ctl = await Ctl.RunAsync("storm", "--vni", "100", "--socket", daemon.Socket);
        Assert.Equal(ExitCode.Ok, ctl.Code);
        string expected = """
            VNI  FROM      CLASS      LIMIT/S  BURST  PASSED  DROPPED  STORMS  LAST DROP
            100  underlay  broadcast     1000   1000      12        0       0  -
            100  port web  broadcast     1000   1000    4000    96000       1  3s ago
            100  port web  multicast        -      -       5        0       0  -

            """;
        Assert.StartsWith(expected, ctl.Out, StringComparison.Ordinal);
        Assert.Contains("vni 100, port web: 96000 broadcast frames over 1000 a second were dropped", ctl.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_drops_is_said_in_words()
    {
        string body = Samples.Json(Samples.Drops with { Drops = [], Anomalies = [], Kernel = [] });
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/drops", 200, body));
        Ctl ctl = await Ctl.RunAsync("drops", "--socket", daemon.Socket);
        Assert.EndsWith("\nno drops\n", ctl.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("status", "GET /v1/status")]
    [InlineData("drops", "GET /v1/drops")]
    [InlineData("neighbors", "GET /v1/neighbors")]
    [InlineData("fdb show", "GET /v1/fdb")]
    public async Task Json_is_what_the_api_answered_on_one_line(string line, string request)
    {
        string body = request switch
        {
            "GET /v1/status" => Samples.Json(Samples.Status),
            "GET /v1/drops" => Samples.Json(Samples.Drops),
            "GET /v1/neighbors" => Samples.Json(Samples.Neighbors),
            _ => Samples.Json(Samples.Fdb),
        };
        string extended = body.Insert(body.Length - 1, ",\n \"field_of_a_later_version\": 1");
        await using FakeDaemon daemon = await FakeDaemon.StartAsync((request, 200, extended));
        Ctl ctl = await Ctl.RunAsync([.. line.Split(' '), "-o", "json", "--socket", daemon.Socket]);
        Assert.Equal(ExitCode.Ok, ctl.Code);
        Assert.Equal(body[..^1] + ",\"field_of_a_later_version\":1}\n", ctl.Out);
    }

    [Fact]
    public async Task An_error_of_the_api_becomes_one_line()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/fdb?vni=7", 404, FakeDaemon.Error("not_found", "VNI 7 is not configured")));
        Ctl ctl = await Ctl.RunAsync("fdb", "show", "--vni", "7", "--socket", daemon.Socket);
        Assert.Equal(ExitCode.Failure, ctl.Code);
        Assert.StartsWith("overlayctl: VNI 7 is not configured. Next: overlayctl --socket ", ctl.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(200, "<html>")]
    [InlineData(200, "{}")]
    [InlineData(500, "oops")]
    public async Task An_answer_of_somebody_else_is_a_failure_not_a_crash(int status, string body)
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/status", status, body));
        Ctl ctl = await Ctl.RunAsync("status", "--socket", daemon.Socket);
        Assert.Equal(ExitCode.Failure, ctl.Code);
        Assert.Contains("does not understand", ctl.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reload_lists_what_changed()
    {
        const string Body = """{"revision":2,"changes":["peer b: changed"],"warnings":[]}""";
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("POST /v1/config/reload", 200, Body));
        Ctl ctl = await Ctl.RunAsync("config", "reload", "--socket", daemon.Socket);
        Assert.Equal(ExitCode.Ok, ctl.Code);
        Assert.Equal("reloaded  config 2  1 change\n  peer b: changed\n", ctl.Out);
    }

    [Fact]
    public async Task A_refused_reload_names_the_line_and_ends_with_2()
    {
        const string Body = """
            {"error":{"code":"config_invalid","message":"the configuration is refused, the old one stays in force","field":null},
             "errors":[{"file":"/etc/overlay/overlayd.yaml","line":7,"column":3,"key":"vnis[0].id","message":"expected 0 to 16777215"}]}
            """;
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("POST /v1/config/reload", 422, Body));
        Ctl ctl = await Ctl.RunAsync("config", "reload", "--socket", daemon.Socket);
        Assert.Equal(ExitCode.Usage, ctl.Code);
        Assert.Equal("/etc/overlay/overlayd.yaml:7:3: error: vnis[0].id: expected 0 to 16777215\n", ctl.Out);
        Assert.Contains("the old one stays in force. Next: ", ctl.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_warns_of_an_absent_address_and_an_mtu_that_does_not_fit()
    {
        string body = Samples.Json(Samples.Status with
        {
            Local = [Samples.Status.Local[0], Samples.Status.Local[0] with { Address = "2001:db8::1", Present = false, Device = null, Mtu = null }],
            Ports = [Samples.Status.Ports[0] with { Mtu = 1500 }],
        });
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/status", 200, body));
        Ctl ctl = await Ctl.RunAsync("doctor", "--socket", daemon.Socket);
        Assert.Contains("2001:db8::1 is on no device of this host. Next: ip addr add 2001:db8::1/64 dev DEVICE\n", ctl.Out, StringComparison.Ordinal);
        Assert.Contains("carries 1450 at most (1500 less 50). Next: ip link set tap-web mtu 1450\n", ctl.Out, StringComparison.Ordinal);
        string[] troubled = [.. ctl.Out.Split('\n').Where(l => l.StartsWith("warn", StringComparison.Ordinal) || l.StartsWith("fail", StringComparison.Ordinal))];
        Assert.All(troubled, l => Assert.Contains(". Next: ", l, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Doctor_has_json_with_a_verdict()
    {
        Ctl ctl = await Ctl.RunAsync("doctor", "-o", "json", "--socket", "/nonexistent/overlayd.sock");
        using System.Text.Json.JsonDocument report = System.Text.Json.JsonDocument.Parse(ctl.Out);
        Assert.Contains(report.RootElement.GetProperty("verdict").GetString(), (string[])["ok", "warn", "fail"]);
        Assert.Contains(report.RootElement.GetProperty("checks").EnumerateArray(), c => c.GetProperty("check").GetString() == "daemon" && c.GetProperty("state").GetString() == "warn");
    }
}
