using Overlay.Cli.Tests.Kit;

namespace Overlay.Cli.Tests.Verbs;

/// <summary><c>fdb moves|flush|unfreeze</c> and <c>vni show</c>.</summary>
public sealed class LearnedVerbTests
{
    private const string Moves = """
        {"moves":[
          {"vni":100,"mac":"02:00:00:00:00:02","from":"port web","to":"port db","place":"port web","in_window":5,"moves":9,"seconds_ago":3,"frozen_seconds":27,"freezes":1},
          {"vni":100,"mac":"02:00:00:00:00:03","from":"peer b","to":"peer c","place":"peer c","in_window":1,"moves":1,"seconds_ago":75,"frozen_seconds":null,"freezes":0}],
         "truncated":false}
        """;

    private const string Vnis = """
        {"vnis":[{"vni":100,"ports":["web","db"],"fdb_entries":12,"local":3,"learned":5,"counted":8,"limit":8,"vtep_limit":16384,"refused":40,"age_seconds":300,"remote_learning":true,
          "remote_learning_mode":"auto","moves":9,"frozen":1,"flood_mode":"head-end","flood_peers":2,"arp_suppress":true,"nd_suppress":false,"storm_broadcast":1000,"storm_unknown_unicast":0,"unknown_unicast":"flood","allowed_sources":2,"allow":["10.0.0.0/8"],"transparent":false,"gateway":false}],
         "learning":{"in_force":8,"limit":1048576,"learned":20,"moved":9,"aged":3,"flushed":0,"frozen":1,"refused_by_limit":{"vni":40,"port":0,"vtep":0,"total":0},"refused_by_rule":{"static":2}}}
        """;

    [Fact]
    public async Task Moves_show_the_frozen_ones_and_how_to_let_them_go()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/fdb/moves", 200, Moves));
        Ctl ctl = await Ctl.RunAsync("fdb", "moves", "--socket", daemon.Socket);
        Assert.Equal(ExitCode.Ok, ctl.Code);
        Assert.StartsWith(
            """
            VNI  MAC                STATE       MOVES    AGO  FROM      TO       IS AT
            100  02:00:00:00:00:02  frozen 27s      9     3s  port web  port db  port web
            100  02:00:00:00:00:03  free            1  1m15s  peer b    peer c   peer c

            """,
            ctl.Out,
            StringComparison.Ordinal);
        Assert.Contains("fdb unfreeze MAC --vni N", ctl.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Moves_show_what_is_contested_and_what_pins_it()
    {
        const string Contested = """
            {"moves":[{"vni":100,"mac":"02:00:00:00:00:02","from":"peer b","to":"port web","place":"port web","in_window":1,"moves":1,"seconds_ago":60,"frozen_seconds":null,"freezes":0,"contested_by":"peer b"}],
             "truncated":false}
            """;
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/fdb/moves", 200, Contested));
        Ctl ctl = await Ctl.RunAsync("fdb", "moves", "--socket", daemon.Socket);
        Assert.Equal(ExitCode.Ok, ctl.Code);
        Assert.Contains("contested by peer b", ctl.Out, StringComparison.Ordinal);
        Assert.Contains("sticky", ctl.Out, StringComparison.Ordinal);
        Assert.Contains("fdb why MAC --vni N", ctl.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--vni 100 --port web", "?vni=100&port=web")]
    [InlineData("--peer b", "?peer=b")]
    [InlineData("--mac 02:00:00:00:00:02", "?mac=02%3A00%3A00%3A00%3A00%3A02")]
    [InlineData("--all", "?all=true")]
    public async Task Flush_asks_for_what_is_named_and_says_how_many(string options, string query)
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(($"POST /v1/fdb/flush{query}", 200, "{\"removed\":3}"));
        Ctl ctl = await Ctl.RunAsync(["fdb", "flush", .. options.Split(' '), "--socket", daemon.Socket]);
        Assert.Equal((ExitCode.Ok, "flushed 3 learned MACs\n"), (ctl.Code, ctl.Out));
        ctl = await Ctl.RunAsync(["fdb", "flush", .. options.Split(' '), "-o", "json", "--socket", daemon.Socket]);
        Assert.Equal("{\"removed\":3}\n", ctl.Out);
    }

    [Fact]
    public async Task Flushing_what_is_not_there_is_a_failure()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("POST /v1/fdb/flush?port=gone", 404, FakeDaemon.Error("not_found", "there is no port 'gone'")));
        Ctl ctl = await Ctl.RunAsync("fdb", "flush", "--port", "gone", "--socket", daemon.Socket);
        Assert.Equal(ExitCode.Failure, ctl.Code);
        Assert.StartsWith("overlayctl: there is no port 'gone'. Next: ", ctl.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unfreeze_says_how_many_may_move_again()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(
            ("POST /v1/fdb/unfreeze?vni=100&mac=02%3A00%3A00%3A00%3A00%3A02", 200, "{\"unfrozen\":1}"),
            ("POST /v1/fdb/unfreeze?all=true", 200, "{\"unfrozen\":0}"));
        Ctl ctl = await Ctl.RunAsync("fdb", "unfreeze", "02:00:00:00:00:02", "--vni", "100", "--socket", daemon.Socket);
        Assert.Equal((ExitCode.Ok, "1 MAC may move again\n"), (ctl.Code, ctl.Out));
        ctl = await Ctl.RunAsync("fdb", "unfreeze", "--all", "--socket", daemon.Socket);
        Assert.Equal((ExitCode.Ok, "nothing that was named is frozen\n"), (ctl.Code, ctl.Out));
    }

    [Fact]
    public async Task Vni_show_has_a_row_for_each_and_says_what_is_full_or_frozen()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/vnis", 200, Vnis), ("GET /v1/vnis?vni=100", 200, Vnis));
        Ctl ctl = await Ctl.RunAsync("vni", "show", "--socket", daemon.Socket);
        Assert.Equal(ExitCode.Ok, ctl.Code);
        Assert.Contains("\n100   12        8      8  5m00s  learns      9       1       40  flood    head-end, 2 VTEPs  arp       1000/0/-     web,db\n", ctl.Out, StringComparison.Ordinal);
        Assert.Contains("\nlearned MACs 8 of 1048576; since the start: learned 20, moved 9, aged 3, flushed 0, frozen 1\nnot learned, limit reached: vni 40\nnot learned, by rule: static 2\n", ctl.Out, StringComparison.Ordinal);
        Assert.Contains("fdb moves --vni 100", ctl.Out, StringComparison.Ordinal);
        ctl = await Ctl.RunAsync("vni", "show", "--vni", "100", "--socket", daemon.Socket);
        Assert.Contains("\nlimit            8 of 8; from one peer 16384; refused 40\n", ctl.Out, StringComparison.Ordinal);
        Assert.Contains("prefixes 10.0.0.0/8\n", ctl.Out, StringComparison.Ordinal);
        Assert.Contains("\nstorm limits     broadcast 1000 a second, unknown unicast 0 a second, multicast no limit\n", ctl.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"flood_mode\":\"multicast\",\"group\":\"239.1.1.1\",\"group_device\":\"eth0\",\"group_encap\":\"geneve\",\"flood_peers\":0", "multicast 239.1.1.1%eth0", ", sent as geneve")]
    [InlineData("\"flood_mode\":\"head-end\",\"flood_peers\":0", "none", "")]
    [InlineData("\"flood_mode\":\"head-end\",\"flood_peers\":1", "head-end, 1 VTEP", "")]
    public async Task Vni_show_says_where_a_broadcast_goes(string json, string shown, string more)
    {
        string answer = Vnis.Replace("\"flood_mode\":\"head-end\",\"flood_peers\":2", json, StringComparison.Ordinal);
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/vnis", 200, answer), ("GET /v1/vnis?vni=100", 200, answer));
        Ctl ctl = await Ctl.RunAsync("vni", "show", "--socket", daemon.Socket);
        Assert.Contains($"  flood    {shown}  ", ctl.Out, StringComparison.Ordinal);
        ctl = await Ctl.RunAsync("vni", "show", "--vni", "100", "--socket", daemon.Socket);
        Assert.Contains($"\nflood            {shown}{more}\n", ctl.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fdb moves", "GET /v1/fdb/moves", Moves)]
    [InlineData("vni show", "GET /v1/vnis", Vnis)]
    public async Task Json_is_what_the_api_answered(string line, string request, string body)
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync((request, 200, body));
        Ctl ctl = await Ctl.RunAsync([.. line.Split(' '), "-o", "json", "--socket", daemon.Socket]);
        Assert.Equal(ExitCode.Ok, ctl.Code);
        Assert.Equal(System.Text.Json.Nodes.JsonNode.Parse(body)!.ToJsonString(), System.Text.Json.Nodes.JsonNode.Parse(ctl.Out)!.ToJsonString());
        Assert.Single(ctl.Out.TrimEnd().Split('\n'));
    }
}
