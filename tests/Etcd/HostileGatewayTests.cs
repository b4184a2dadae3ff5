using System.Text;
using Microsoft.AspNetCore.Http;
using Overlay.Control.Etcd.Options;
using Overlay.Control.Etcd.Tests.Support;
using static Overlay.Control.Etcd.Tests.Support.EtcdCluster;

namespace Overlay.Control.Etcd.Tests;

/// <summary>Whatever answers in the store's place, the plane ends neither itself nor what is in force, and is in touch as soon as it can be.</summary>
public sealed class HostileGatewayTests
{
    private const string Header = "\"header\":{\"cluster_id\":\"1\",\"member_id\":\"2\",\"revision\":\"5\",\"raft_term\":\"3\"}";

    public static TheoryData<string, string> Answers => new()
    {
        { "/v3/kv/range", "" },
        { "/v3/kv/range", "null" },
        { "/v3/kv/range", "[]" },
        { "/v3/kv/range", "<html>" },
        { "/v3/kv/range", "{" },
        { "/v3/kv/range", "{}" },
        { "/v3/kv/range", $"{{{Header},\"kvs\":[{{\"key\":\"!!!\"}}]}}" },
        { "/v3/kv/range", $"{{{Header},\"more\":true}}" },
        { "/v3/kv/range", $"{{{Header},\"more\":true,\"kvs\":[{{\"key\":\"AA==\",\"mod_revision\":\"1\"}}]}}" },
        { "/v3/kv/range", "{\"header\":{\"revision\":\"99999999999999999999999\"}}" },
        { "/v3/kv/range", "{\"header\":" + "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[" },
        { "/v3/watch", "" },
        { "/v3/watch", "\n\n\n" },
        { "/v3/watch", "{\"result\":null}\n" },
        { "/v3/watch", "{\"error\":{\"grpc_code\":14,\"message\":\"etcdserver: no leader\"}}\n" },
        { "/v3/watch", $"{{\"result\":{{{Header},\"watch_id\":\"99\",\"events\":[{{}}]}}}}\n" },
        { "/v3/watch", $"{{\"result\":{{{Header},\"watch_id\":\"1\",\"events\":[null,{{\"kv\":null}},{{\"kv\":{{}}}},{{\"type\":\"DELETE\"}}]}}}}\n" },
        { "/v3/watch", $"{{\"result\":{{{Header},\"watch_id\":\"1\",\"canceled\":true,\"cancel_reason\":\"\\u001b[31mno\"}}}}\n" },
        { "/v3/watch", $"{{\"result\":{{{Header},\"watch_id\":\"1\",\"canceled\":true,\"compact_revision\":\"9\"}}}}\n" },
        { "/v3/watch", "half a line" },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task Answers_that_are_none_are_failures_with_a_name(string path, string answer)
    {
        await using FakeGateway gateway = await FakeGateway.StartAsync();
        gateway.Instead[path] = (http, _) => FakeGateway.SayAsync(http, answer);
        await using var script = new Script(Script.Options([gateway.Endpoint]), 100);
        await UntilAsync(() => Task.FromResult(gateway.Requests.Count(r => r.Path == path) > 2), "it was asked");
        Assert.True(script.IsRunning);
        Assert.DoesNotContain(script.Given, static line => line.StartsWith("no ", StringComparison.Ordinal));
        string? failure = script.Plane.Status().ReadFailure;
        Assert.False(failure?.Contains('\u001b', StringComparison.Ordinal) == true, failure);
        _ = gateway.Instead.TryRemove(path, out _);
        await UntilAsync(() => Task.FromResult(script.Plane.Status().State == "in-touch"), "in touch as soon as the answers are good");
    }

    [Fact]
    public async Task Answers_without_an_end_are_cut()
    {
        await using FakeGateway gateway = await FakeGateway.StartAsync();
        byte[] much = new byte[1 << 20];
        Array.Fill(much, (byte)'x');
        async Task Endless(HttpContext http, string body)
        {
            while (!http.RequestAborted.IsCancellationRequested)
            {
                await FakeGateway.SayAsync(http, much);
            }
        }

        gateway.Instead["/v3/kv/range"] = Endless;
        await using var script = new Script(Script.Options([gateway.Endpoint]) with { RequestTimeout = TimeSpan.FromSeconds(20) }, 100);
        await UntilAsync(() => Task.FromResult(script.Plane.Status().ReadFailure is not null), "the answer is cut");
        Assert.StartsWith("response_too_large", script.Plane.Status().ReadFailure, StringComparison.Ordinal);
        _ = gateway.Instead.TryRemove("/v3/kv/range", out _);
        gateway.Instead["/v3/watch"] = Endless;
        await UntilAsync(() => Task.FromResult(script.Count("watches_broken") > 1), "the line is cut");
        gateway.Instead.Clear();
        await UntilAsync(() => Task.FromResult(script.Plane.Status().State == "in-touch"), "in touch");
    }

    [Theory]
    [InlineData("/v3/kv/range")]
    [InlineData("/v3/watch")]
    [InlineData("/v3/lease/grant")]
    [InlineData("/v3/kv/txn")]
    [InlineData("/v3/maintenance/status")]
    public async Task A_gateway_that_says_nothing_is_given_up_in_time(string path)
    {
        await using FakeGateway gateway = await FakeGateway.StartAsync();
        gateway.Instead[path] = static (http, _) => FakeGateway.HangAsync(http);
        await using var script = new Script(Script.Options([gateway.Endpoint]) with { RequestTimeout = TimeSpan.FromMilliseconds(300) }, 100);
        await UntilAsync(() => Task.FromResult(gateway.Requests.Count(r => r.Path == path) > 2), "it was asked again");
        _ = gateway.Instead.TryRemove(path, out _);
        await UntilAsync(() => Task.FromResult(script.Plane.Status() is { State: "in-touch", KeysWritten: 1 }), "in touch");
    }

    [Theory]
    [InlineData(503, "{\"error\":\"etcdserver: no leader\",\"code\":14}", "unavailable")]
    [InlineData(503, "busy", "unavailable")]
    [InlineData(404, "not here", "bad_response")]
    [InlineData(301, "", "bad_response")]
    [InlineData(403, "{\"error\":\"etcdserver: permission denied\",\"message\":\"etcdserver: permission denied\",\"code\":7}", "permission_denied")]
    [InlineData(400, "{\"error\":{\"odd\":true},\"code\":3}", "refused")]
    [InlineData(400, "{\"error\":{\"grpc_code\":7,\"http_code\":403,\"message\":\"etcdserver: permission denied\"}}", "permission_denied")]
    [InlineData(400, "{\"error\":\"etcdserver: revision of auth store is old\",\"code\":3}", "unauthenticated")]
    [InlineData(500, "{\"error\":\"auth: revision in header is old\",\"code\":2}", "unauthenticated")]
    [InlineData(401, "who are you", "unauthenticated")]
    [InlineData(400, "{\"error\":\"\\ud800\",\"code\":3}", "refused")]
    [InlineData(429, "{\"message\":\"etcdserver: too many requests\",\"code\":8}", "unavailable")]
    public async Task Errors_are_told_apart(int status, string body, string name)
    {
        await using FakeGateway gateway = await FakeGateway.StartAsync();
        gateway.Instead["/v3/kv/range"] = (http, _) =>
        {
            http.Response.StatusCode = status;
            return FakeGateway.SayAsync(http, body);
        };
        await using var script = new Script(Script.Options([gateway.Endpoint]), 100);
        await UntilAsync(() => Task.FromResult(script.Plane.Status().ReadFailure is not null), "the failure is seen");
        Assert.StartsWith(name, script.Plane.Status().ReadFailure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_of_an_older_revision_of_users_is_renewed()
    {
        await using FakeGateway gateway = await FakeGateway.StartAsync();
        int tokens = 0;
        gateway.Instead["/v3/auth/authenticate"] = (http, _) => FakeGateway.SayAsync(http, $"{{{Header},\"token\":\"t{Interlocked.Increment(ref tokens)}\"}}");
        gateway.Instead["/v3/kv/range"] = (http, body) =>
        {
            if (http.Request.Headers.Authorization != "t1")
            {
                return FakeGateway.DefaultAsync(http, body);
            }

            http.Response.StatusCode = 400;
            return FakeGateway.SayAsync(http, "{\"error\":\"etcdserver: revision of auth store is old\",\"code\":3}");
        };
        await using var script = new Script(Script.Options([gateway.Endpoint]) with { Username = "vtep", Password = "secret" }, 100);
        await UntilAsync(() => Task.FromResult(script.Plane.Status().State == "in-touch"), "in touch");
        Assert.Equal(2, tokens);
    }

    [Fact]
    public async Task A_watch_that_says_nothing_for_too_long_is_opened_anew()
    {
        await using FakeGateway gateway = await FakeGateway.StartAsync();
        await using var script = new Script(Script.Options([gateway.Endpoint]) with { WatchSilence = TimeSpan.FromMilliseconds(300) }, 100);
        await UntilAsync(() => Task.FromResult(script.Count("watches") >= 3), "opened again and again");
        Assert.True(script.Count("watches_broken") >= 2);
        Assert.DoesNotContain(script.Given, static line => line.StartsWith("no ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_beat_of_the_lease_that_failed_is_followed_by_another_soon()
    {
        await using FakeGateway gateway = await FakeGateway.StartAsync();
        var beats = new System.Collections.Concurrent.ConcurrentQueue<long>();
        gateway.Instead["/v3/lease/keepalive"] = (http, _) =>
        {
            beats.Enqueue(Environment.TickCount64);
            return FakeGateway.SayAsync(http, "{\"error\":{\"error\":\"\\ud800\"}}\n");
        };
        await using var script = new Script(Script.Options([gateway.Endpoint]), 100);
        await UntilAsync(() => Task.FromResult(beats.Count >= 4), "four beats");
        long[] when = [.. beats];

        // Of five seconds: a third apart they would be five seconds from first to last.
        Assert.InRange(when[3] - when[0], 0, 4000);
        Assert.StartsWith("bad_response", script.Plane.Status().Endpoints[0].LastFailure, StringComparison.Ordinal);
        _ = gateway.Instead.TryRemove("/v3/lease/keepalive", out _);
        await UntilAsync(() => Task.FromResult(script.Plane.Status() is { State: "in-touch", LeaseAge.TotalSeconds: < 1 }), "it is renewed");
        Assert.Equal(0, script.Count("leases_lost"));
    }

    [Fact]
    public async Task A_beat_does_not_wait_for_a_member_that_is_silent()
    {
        await using FakeGateway silent = await FakeGateway.StartAsync();
        await using FakeGateway other = await FakeGateway.StartAsync();
        silent.Instead["/v3/lease/keepalive"] = static (http, _) => FakeGateway.HangAsync(http);
        EtcdOptions options = Script.Options([silent.Endpoint, other.Endpoint]) with { RequestTimeout = TimeSpan.FromSeconds(30) };
        await using var script = new Script(options, 100);
        await UntilAsync(() => Task.FromResult(silent.Requests.Any(static r => r.Path == "/v3/lease/keepalive") || other.Requests.Any(static r => r.Path == "/v3/lease/keepalive")), "a beat is due");
        await UntilAsync(() => Task.FromResult(other.Requests.Any(static r => r.Path == "/v3/lease/keepalive")), "the other member has it", 15);
    }

    [Fact]
    public async Task A_flood_of_rubbish_events_is_counted_and_nothing_else()
    {
        await using FakeGateway gateway = await FakeGateway.StartAsync();
        var random = new Random(5);
        gateway.Instead["/v3/watch"] = async (http, body) =>
        {
            for (int i = 1; i < body.Split("create_request").Length; i++)
            {
                await FakeGateway.SayAsync(http, $"{{\"result\":{{{Header},\"watch_id\":\"{i}\",\"created\":true}}}}\n");
            }

            for (int i = 0; i < 3000; i++)
            {
                byte[] key = Encoding.UTF8.GetBytes($"/overlay/v1/{(random.Next(3) == 0 ? "vteps/" : "vnis/100/macs/")}{random.Next()}");
                byte[] value = new byte[random.Next(40)];
                random.NextBytes(value);
                if (random.Next(2) == 0)
                {
                    key[random.Next(key.Length)] = (byte)random.Next(256);
                }

                string type = random.Next(4) == 0 ? "\"type\":\"DELETE\"," : "";
                await FakeGateway.SayAsync(http, $"{{\"result\":{{{Header},\"watch_id\":\"3\",\"events\":[{{{type}\"kv\":{{\"key\":\"{Convert.ToBase64String(key)}\",\"value\":\"{Convert.ToBase64String(value)}\",\"mod_revision\":\"{i + 6}\"}}}}]}}}}\n");
            }

            await FakeGateway.HangAsync(http);
        };
        await using var script = new Script(Script.Options([gateway.Endpoint]), 100);
        await UntilAsync(() => Task.FromResult(script.Count("events_put") + script.Count("events_delete") == 3000), "all are read");
        Assert.Equal("in-touch", script.Plane.Status().State);
        Assert.Empty(script.Table);
        Assert.True(script.Plane.Status().Faults.Sum(static f => f.Count) > 1000);
        Assert.All(script.Plane.Status().Faults, static f => Assert.DoesNotContain(f.Key, static c => c is < ' ' or > '~' and not '…'));
    }
}
