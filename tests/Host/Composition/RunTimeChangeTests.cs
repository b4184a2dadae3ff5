using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Overlay.Host.Tests.Composition;

/// <summary>Changes at run time, of a whole process: what is in force, what is in the file, and what operators are told.</summary>
public sealed class RunTimeChangeTests : IAsyncLifetime
{
    private readonly RunningDaemon _daemon = new();

    public ValueTask InitializeAsync()
    {
        var (vxlan, geneve) = RunningDaemon.FreePorts();
        _daemon.Configure(vxlan, geneve);
        File.WriteAllText(_daemon.File, "# keep me\n" + _daemon.Text);
        _daemon.Start();
        _daemon.Notified("READY=1");
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _daemon.DisposeAsync();

    private Task<(int Status, JsonNode Body)> Call(HttpMethod method, string resource, string? body = null, string? ifMatch = null) => _daemon.CallAsync(method, resource, body, ifMatch);

    private static string[] Lines(JsonNode node) => [.. node.AsArray().Select(line => (string)line!)];

    [Fact]
    public async Task A_change_is_in_force_unsaved_saved_and_undone_by_the_file_as_said()
    {
        var (status, added) = await Call(HttpMethod.Post, "v1/peers", """{"name":"c","addresses":["127.0.0.3"],"vnis":[100]}""");
        Assert.Equal((200, 2, false), (status, (int)added["revision"]!, (bool)added["saved"]!));
        Assert.Equal(["peer c: added"], Lines(added["changes"]!));
        Assert.Equal(["peer c: added"], Lines((await Call(HttpMethod.Get, "v1/status")).Body["unsaved"]!));
        Assert.DoesNotContain("127.0.0.3", File.ReadAllText(_daemon.File), StringComparison.Ordinal);
        var diff = (await Call(HttpMethod.Get, "v1/config/diff")).Body;
        Assert.Equal(("c", "removed", "c", "added"), ((string)diff["reload"]![0]!["name"]!, (string)diff["reload"]![0]!["action"]!, (string)diff["unsaved"]![0]!["name"]!, (string)diff["unsaved"]![0]!["action"]!));

        // The file wins, and the answer says what it undid.
        var (_, reload) = await Call(HttpMethod.Post, "v1/config/reload");
        Assert.Equal(["peer c: removed"], Lines(reload["undone"]!));
        Assert.Empty(Lines((await Call(HttpMethod.Get, "v1/status")).Body["unsaved"]!));

        var (_, saved) = await Call(HttpMethod.Post, "v1/peers?save=true", """{"name":"c","addresses":["127.0.0.3"],"vnis":[100]}""");
        Assert.True((bool)saved["saved"]!);
        Assert.StartsWith("# keep me\n", File.ReadAllText(_daemon.File), StringComparison.Ordinal);
        Assert.Contains("{ name: c, addresses: [127.0.0.3], vnis: [100] }", File.ReadAllText(_daemon.File), StringComparison.Ordinal);
        Assert.Empty(Lines((await Call(HttpMethod.Post, "v1/config/reload")).Body["changes"]!));
    }

    [Fact]
    public async Task Of_two_writers_the_second_is_told_and_nothing_of_it_is_done()
    {
        var etag = (string)(await Call(HttpMethod.Get, "v1/config")).Body["etag"]!;
        Assert.Equal(200, (await Call(HttpMethod.Post, "v1/peers", """{"name":"c","addresses":["127.0.0.3"]}""", etag)).Status);
        var (status, refused) = await Call(HttpMethod.Post, "v1/peers", """{"name":"d","addresses":["127.0.0.4"]}""", $"\"{etag}\"");
        Assert.Equal((409, "conflict"), (status, (string)refused["error"]!["code"]!));
        Assert.Contains("peer add c", (string)refused["error"]!["message"]!, StringComparison.Ordinal);
        var texts = await Task.WhenAll(Enumerable.Range(10, 8).Select(i => Call(HttpMethod.Post, "v1/peers", $$"""{"name":"p{{i}}","addresses":["127.0.0.{{i}}"]}""", "2")));
        Assert.Equal(1, texts.Count(answer => answer.Status == 200));
        Assert.Equal(7, texts.Count(answer => answer.Status == 409));
        Assert.Equal((3, 3), ((int)(await Call(HttpMethod.Get, "v1/status")).Body["revision"]!, (await Call(HttpMethod.Get, "v1/status")).Body["peers"]!.AsArray().Count));
    }

    [Fact]
    public async Task What_is_refused_leaves_everything_as_it_was()
    {
        var before = (await Call(HttpMethod.Get, "v1/config")).Body.ToJsonString();
        var (status, invalid) = await Call(HttpMethod.Post, "v1/peers", """{"name":"c","addresses":["127.0.0.2"],"encap":"gre","x":1}""");
        Assert.Equal((422, "config_invalid"), (status, (string)invalid["error"]!["code"]!));
        Assert.Equal(["peers[1].addresses[0]", "peers[1].encap", "peers[1].x"], invalid["errors"]!.AsArray().Select(error => (string)error!["key"]!).Order());
        var (restart, needs) = await Call(HttpMethod.Put, "v1/config", _daemon.Text.Replace("name: a,", "name: z,", StringComparison.Ordinal), "*");
        Assert.Equal((422, "restart_required", "node.name"), (restart, (string)needs["error"]!["code"]!, (string)needs["error"]!["field"]!));
        Assert.Equal(422, (await Call(HttpMethod.Put, "v1/config", "node: [", "*")).Status);
        Assert.Equal(422, (await Call(HttpMethod.Post, "v1/macs", """{"vni":100,"mac":"02:00:00:00:00:09","peer":"nobody"}""")).Status);
        Assert.Equal(422, (await Call(HttpMethod.Post, "v1/ports", """{"name":"p","tap":"t-none","netns":"there-is-no-such-namespace"}""")).Status);
        Assert.Equal(404, (await Call(HttpMethod.Delete, "v1/ports?name=nobody")).Status);
        Assert.Equal(before, (await Call(HttpMethod.Get, "v1/config")).Body.ToJsonString());
    }

    [Fact]
    public async Task A_whole_configuration_with_comments_is_in_force_and_a_dry_run_is_not()
    {
        var text = _daemon.Text + "# mine\nmacs: [{ vni: 100, mac: \"02:00:00:00:00:09\", peer: b }]\n";
        var (_, dry) = await Call(HttpMethod.Put, "v1/config?dry_run=true", text);
        Assert.Equal((true, 1), ((bool)dry["dry_run"]!, (int)dry["revision"]!));
        Assert.Contains("peer b", (string)dry["effects"]![0]!["effect"]!, StringComparison.Ordinal);
        Assert.Equal(200, (await Call(HttpMethod.Put, "v1/config", text, "1")).Status);
        Assert.Equal(text, (string)(await Call(HttpMethod.Get, "v1/config")).Body["yaml"]!);
        Assert.Single((await Call(HttpMethod.Get, "v1/fdb")).Body["entries"]!.AsArray());
    }

    [Fact]
    public async Task A_file_that_was_edited_meanwhile_is_not_overwritten_and_one_that_cannot_be_written_is_told()
    {
        File.AppendAllText(_daemon.File, "# an edit\n");
        var (status, edited) = await Call(HttpMethod.Post, "v1/peers?save=true", """{"name":"c","addresses":["127.0.0.3"]}""");
        Assert.Equal((409, "file_edited"), (status, (string)edited["error"]!["code"]!));
        Assert.Single((await Call(HttpMethod.Get, "v1/status")).Body["peers"]!.AsArray());
        Assert.Equal(200, (await Call(HttpMethod.Post, "v1/config/save?force=true")).Status);
        Assert.DoesNotContain("an edit", File.ReadAllText(_daemon.File), StringComparison.Ordinal);

        File.SetUnixFileMode(_daemon.File, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        var (inForce, unsaved) = await Call(HttpMethod.Post, "v1/peers?save=true", """{"name":"c","addresses":["127.0.0.3"]}""");
        Assert.Equal((200, false), (inForce, (bool)unsaved["saved"]!));
        Assert.Contains("read-only", (string)unsaved["save_error"]!, StringComparison.Ordinal);
        Assert.Equal((500, "save_failed"), ((await Call(HttpMethod.Post, "v1/config/save")) is var (s, b) ? (s, (string)b["error"]!["code"]!) : default));
        File.SetUnixFileMode(_daemon.File, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.Equal(200, (await Call(HttpMethod.Post, "v1/config/save")).Status);
        Assert.Contains("127.0.0.3", File.ReadAllText(_daemon.File), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_an_operator_does_and_what_is_refused_are_events()
    {
        await Call(HttpMethod.Post, "v1/peers", """{"name":"c","addresses":["127.0.0.3"]}""");
        await Call(HttpMethod.Delete, "v1/peers?name=nobody");
        await Call(HttpMethod.Delete, "v1/peers?name=c");
        await Call(HttpMethod.Post, "v1/config/save");
        var names = (await _daemon.TextAsync("v1/events?follow=false")).Split('\n').Where(line => line.StartsWith("event: ", StringComparison.Ordinal)).Select(line => line[7..]).ToList();
        Assert.Equal(
            ["started", "ready", "config.applied", "peer.added", "config.refused", "config.applied", "peer.removed", "config.saved"],
            names.Where(name => name is not ("peer.up" or "peer.unusable" or "alarm.raised")));
    }
}
