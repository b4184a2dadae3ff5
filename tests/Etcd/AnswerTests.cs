using System.Diagnostics;
using Overlay.Control.Etcd.Options;
using Overlay.Control.Etcd.Tests.Support;
using static Overlay.Control.Etcd.Tests.Support.EtcdCluster;

namespace Overlay.Control.Etcd.Tests;

/// <summary>How misses are asked for, and how long answers hold, at a gateway that says what the test wants.</summary>
public sealed class AnswerTests
{
    [Fact]
    public async Task However_many_frames_miss_a_mac_it_is_asked_for_once()
    {
        await using FakeGateway gateway = await FakeGateway.StartAsync();
        var reads = new FakeReads(gateway);
        reads.Values[Key(1)] = Value("x");
        await using var script = new Script(Options(gateway), 100);
        await InTouchAsync(script);
        reads.Hold();
        script.Miss(100, 1);
        await UntilAsync(() => Task.FromResult(reads.Asked.Contains(Key(1))), "asked");
        for (int i = 0; i < 49; i++)
        {
            script.Miss(100, 1);
        }

        await UntilAsync(() => Task.FromResult(script.Count("misses") == 50), "all have missed it");
        reads.LetGo();
        await UntilAsync(() => Task.FromResult(script.Place(1) == "x"), "answered");
        Assert.Equal(1, reads.Asked.Count(static k => k == Key(1)));
        Assert.Equal((1, 49), (script.Count("misses_answered"), script.Count("misses_joined")));
    }

    [Fact]
    public async Task An_answer_is_asked_for_again_before_it_goes_and_only_the_stores_no_ends_it()
    {
        await using FakeGateway gateway = await FakeGateway.StartAsync();
        var reads = new FakeReads(gateway);
        reads.Values[Key(1)] = Value("x");
        await using var script = new Script(Options(gateway) with { AnswerTime = TimeSpan.FromSeconds(1) }, 100);
        await InTouchAsync(script);
        script.Miss(100, 1);
        await UntilAsync(() => Task.FromResult(reads.Asked.Count(static k => k == Key(1)) >= 3), "asked for again and again");
        Assert.Equal("x", script.Place(1));
        reads.IsFailing = true;
        int asked = reads.Asked.Count;
        await UntilAsync(() => Task.FromResult(reads.Asked.Count >= asked + 2), "asked for while there is no answer");
        Assert.Equal("x", script.Place(1));
        Assert.DoesNotContain(script.Given, static line => line.StartsWith("no mac", StringComparison.Ordinal));
        reads.IsFailing = false;

        // What the watch did not tell is found out too.
        reads.Values[Key(1)] = Value("y");
        await UntilAsync(() => Task.FromResult(script.Place(1) == "y"), "it moved without a word of the watch");
        _ = reads.Values.TryRemove(Key(1), out _);
        await UntilAsync(() => Task.FromResult(script.Place(1) is null), "denied");
        Assert.Equal(0, script.Plane.Status().Answers);
    }

    [Fact]
    public async Task The_oldest_answer_makes_room()
    {
        await using FakeGateway gateway = await FakeGateway.StartAsync();
        var reads = new FakeReads(gateway);
        await using var script = new Script(Options(gateway) with { AnswerLimit = 10 }, 100);
        await InTouchAsync(script);
        for (int i = 1; i <= 15; i++)
        {
            int mac = i;
            reads.Values[Key(mac)] = Value("x");
            script.Miss(100, mac);
            await UntilAsync(() => Task.FromResult(script.Place(mac) == "x"), "answered");
        }

        Assert.Equal(10, script.Plane.Status().Answers);
        Assert.Null(script.Place(5));
        Assert.Equal("x", script.Place(6));
    }

    [Fact]
    public async Task An_answer_that_a_table_chokes_on_does_not_end_the_asking()
    {
        await using FakeGateway gateway = await FakeGateway.StartAsync();
        var reads = new FakeReads(gateway);
        reads.Values[Key(1)] = Value("x");
        reads.Values[Key(2)] = Value("x");
        await using var script = new Script(Options(gateway), 100);
        await InTouchAsync(script);

        // Twice, for two ask.
        for (int i = 0; i < 2; i++)
        {
            script.IsThrowing = true;
            await UntilAsync(
                () =>
                {
                    script.Miss(100, 1);
                    return Task.FromResult(!script.IsThrowing);
                },
                "thrown");
        }

        script.Miss(100, 2);
        await UntilAsync(() => Task.FromResult(script.Place(2) == "x"), "another is answered");
        await UntilAsync(
            () =>
            {
                script.Miss(100, 1);
                return Task.FromResult(script.Place(1) == "x");
            },
            "and the same, when it is missed again");
    }

    [Fact]
    public async Task New_answers_are_gathered_before_a_watch_is_opened_for_them()
    {
        await using FakeGateway gateway = await FakeGateway.StartAsync();
        var reads = new FakeReads(gateway);
        await using var script = new Script(Options(gateway), 100);
        await InTouchAsync(script);
        int before = gateway.Requests.Count(static r => r.Path == "/v3/watch");
        long began = Stopwatch.GetTimestamp();
        for (int i = 1; i <= 60; i++)
        {
            int mac = i;
            reads.Values[Key(mac)] = Value("x");
            script.Miss(100, mac);
            await UntilAsync(() => Task.FromResult(script.Place(mac) == "x"), "answered");

            // Slower than the answers of a loopback, so that each would open it anew.
            await Task.Delay(20);
        }

        int opened = gateway.Requests.Count(static r => r.Path == "/v3/watch") - before;
        Assert.InRange(opened, 1, 3 + (Stopwatch.GetElapsedTime(began).TotalSeconds * 2));
    }

    private static string Key(int mac) => $"/overlay/v1/vnis/100/macs/{Node.Mac(mac)}";

    private static string Value(string vtep) => $$"""{"version":1,"vtep":"{{vtep}}"}""";

    private static EtcdOptions Options(FakeGateway gateway) => Script.Options([gateway.Endpoint]) with { DefaultMode = EtcdVniMode.OnDemand, NegativeTime = TimeSpan.FromSeconds(30) };

    private static Task InTouchAsync(Script script) => UntilAsync(() => Task.FromResult(script.Plane.Status() is { State: "in-touch", KeysWritten: 1 }), "in touch");
}
