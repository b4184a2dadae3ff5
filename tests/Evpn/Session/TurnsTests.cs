using Overlay.Control.Evpn.Bgp.Session;
using static Overlay.Control.Evpn.Tests.Session.ScriptedPeer;
using static Overlay.Control.Evpn.Tests.Session.TestSpeaker;

namespace Overlay.Control.Evpn.Tests.Session;

public sealed class TurnsTests
{
    [Fact]
    public async Task Who_waits_longest_is_next()
    {
        var turns = new Turns(2);
        Assert.True(turns.EnterAsync().IsCompleted);
        Assert.True(turns.EnterAsync().IsCompleted);
        Task third = turns.EnterAsync(), fourth = turns.EnterAsync();
        Assert.False(third.IsCompleted || fourth.IsCompleted);
        turns.Leave();
        await third;
        Assert.False(fourth.IsCompleted);
        turns.Leave();
        await fourth;
        turns.Leave();
        turns.Leave();
        Assert.True(turns.EnterAsync().IsCompleted);
    }

    [Fact]
    public async Task Many_sessions_that_wait_for_those_above_do_not_hold_up_keepalives()
    {
        string us = NewAddress();
        string[] them = [.. Enumerable.Range(0, 24).Select(static _ => NewAddress())];
        using var release = new ManualResetEventSlim();
        int inside = 0, most = 0;
        await using TestSpeaker speaker = TestSpeaker.Start(OptionsOf(us, sessions: EstablishTests.Prefix("127.0.0.0", 8) with { HoldTime = TimeSpan.FromSeconds(3) }));
        speaker.Routes.OnUpdate = (_, _) =>
        {
            int now = Interlocked.Increment(ref inside);
            InterlockedMax(ref most, now);
            release.Wait();
            Interlocked.Decrement(ref inside);
            return null;
        };
        ScriptedPeer[] peers = await Task.WhenAll(them.Select(async (address, i) =>
        {
            ScriptedPeer peer = await ConnectAsync(address, us);
            await peer.EstablishAsync(Open(routerId: (uint)(i + 1)));
            await speaker.Up(address);
            return peer;
        }));
        foreach (ScriptedPeer peer in peers)
        {
            await peer.SendAsync(Message(2, 0, 0, 0, 0));
        }

        await Wait.Until(() => Volatile.Read(ref inside) > 0, "somebody at work");
        foreach (ScriptedPeer peer in peers)
        {
            for (int i = 0; i < 4; i++)
            {
                Assert.NotNull(await peer.ReadTypeAsync(4));
            }
        }

        // Nothing was read for longer than the hold time, and nobody was cut off for it.
        Assert.All(them, address => Assert.True(speaker.IsUp(address)));
        Assert.InRange(most, 1, Math.Max(1, Environment.ProcessorCount - 1));
        release.Set();
        await Wait.Until(() => speaker.Routes.Updates.Count == them.Length, "all updates");
        foreach (ScriptedPeer peer in peers)
        {
            peer.Dispose();
        }
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (int seen = Volatile.Read(ref most); seen < value; seen = Volatile.Read(ref most))
        {
            Interlocked.CompareExchange(ref most, value, seen);
        }
    }
}
