using System.Buffers;
using Overlay.Control.Evpn.Bgp.Session;
using static Overlay.Control.Evpn.Tests.Session.ScriptedPeer;
using static Overlay.Control.Evpn.Tests.Session.TestSpeaker;

namespace Overlay.Control.Evpn.Tests.Session;

/// <summary>Timers, with a clock that the test moves.</summary>
public sealed class TimerTests
{
    [Fact]
    public async Task A_peer_that_says_nothing_for_the_hold_time_is_told_so()
    {
        var time = new ManualTime();
        string us = NewAddress(), them = NewAddress();
        await using TestSpeaker speaker = Passive(us, them, time);
        using ScriptedPeer peer = await ConnectAsync(them, us);
        await peer.EstablishAsync(Open(hold: 30));
        await speaker.Up(them);
        time.Advance(TimeSpan.FromSeconds(29));
        await peer.SendAsync(Keepalive);
        await Wait.Until(() => speaker.Row(them).Received["keepalive"] == 2, "the keepalive");
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.True(speaker.IsUp(them));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([4, 0], await peer.ReadTypeAsync(3));
        await Wait.Until(() => !speaker.IsUp(them), "the end");
        Assert.Equal(BgpCloseKind.NotificationSent, speaker.Routes.Closes.Single().Kind);
        Assert.False(speaker.Routes.Closes.Single().RemovesRoutes);
    }

    [Fact]
    public async Task Keepalives_come_thrice_a_hold_time()
    {
        var time = new ManualTime();
        string us = NewAddress(), them = NewAddress();
        await using TestSpeaker speaker = Passive(us, them, time);
        using ScriptedPeer peer = await ConnectAsync(them, us);
        await peer.EstablishAsync(Open(hold: 30));
        await speaker.Up(them);
        for (int i = 0; i < 6; i++)
        {
            time.Advance(TimeSpan.FromSeconds(10));
            Assert.NotNull(await peer.ReadTypeAsync(4));
            await peer.SendAsync(Keepalive);
            long expected = 2 + i;
            await Wait.Until(() => speaker.Row(them).Received["keepalive"] == expected, "the keepalive");
        }

        // Sixty seconds with jitter down to three quarters: six to eight, and the first of OpenConfirm.
        Assert.InRange(speaker.Row(them).Sent["keepalive"], 7, 9);
    }

    [Fact]
    public async Task Without_a_hold_time_silence_is_no_fault()
    {
        var time = new ManualTime();
        string us = NewAddress(), them = NewAddress();
        await using TestSpeaker speaker = Passive(us, them, time);
        using ScriptedPeer peer = await ConnectAsync(them, us);
        await peer.EstablishAsync(Open(hold: 0));
        await speaker.Up(them);
        time.Advance(TimeSpan.FromHours(5));
        Assert.True(speaker.IsUp(them));
        Assert.Equal(1, speaker.Row(them).Sent["keepalive"]);
        Assert.Equal(TimeSpan.Zero, speaker.Row(them).HoldTime);
    }

    [Fact]
    public async Task A_connection_without_an_OPEN_ends_after_four_minutes()
    {
        var time = new ManualTime();
        string us = NewAddress(), them = NewAddress();
        await using TestSpeaker speaker = Passive(us, them, time);
        using ScriptedPeer peer = await ConnectAsync(them, us);
        Assert.NotNull(await peer.ReadTypeAsync(1));
        time.Advance(TimeSpan.FromSeconds(239));
        Assert.Equal("open-sent", speaker.Row(them).State);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([4, 0], await peer.ReadTypeAsync(3));
    }

    [Fact]
    public async Task What_waits_for_us_to_read_it_is_not_silence_and_our_keepalives_go_on()
    {
        var time = new ManualTime();
        string us = NewAddress(), them = NewAddress();
        using var release = new ManualResetEventSlim();
        using var entered = new ManualResetEventSlim();
        await using TestSpeaker speaker = Passive(us, them, time);
        speaker.Routes.OnUpdate = (_, _) =>
        {
            entered.Set();
            release.Wait();
            return null;
        };
        using ScriptedPeer peer = await ConnectAsync(them, us);
        await peer.EstablishAsync(Open(hold: 9));
        await speaker.Up(them);
        await peer.SendAsync([.. Message(2, 0, 0, 0, 0), .. Keepalive, .. Keepalive]);
        await Wait.Until(() => entered.IsSet, "the routes at work");
        for (int i = 0; i < 20; i++)
        {
            time.Advance(TimeSpan.FromSeconds(3));
            Assert.NotNull(await peer.ReadTypeAsync(4));
        }

        Assert.True(speaker.IsUp(them));
        release.Set();
        await Wait.Until(() => speaker.Row(them).Received["keepalive"] == 3, "the rest is read");
        time.Advance(TimeSpan.FromSeconds(12));
        Assert.Equal([4, 0], await peer.ReadTypeAsync(3));
    }

    [Theory]
    [InlineData(90)]
    [InlineData(0)]
    public async Task A_peer_that_takes_nothing_costs_one_buffer_and_is_dropped_after_eight_minutes(ushort hold)
    {
        var time = new ManualTime();
        string us = NewAddress(), them = NewAddress(), other = NewAddress();
        await using TestSpeaker speaker = TestSpeaker.Start(OptionsOf(us, sessions: [Neighbor(them) with { IsPassive = true }, Neighbor(other) with { IsPassive = true }]), time);
        time.Advance(TimeSpan.FromMilliseconds(1));
        byte[] update = Message(2, new byte[4000]);
        int filled = 0;
        speaker.Routes.OnFill = (session, output) =>
        {
            if (session.Name != them)
                return false;
            Interlocked.Increment(ref filled);
            for (int i = 0; i < 16; i++)
            {
                output.Write(update);
            }

            return true;
        };
        using ScriptedPeer good = await ConnectAsync(other, us);
        await good.EstablishAsync(Open(hold: 0, routerId: 1));
        await speaker.Up(other);
        using ScriptedPeer peer = await ConnectAsync(them, us, prepare: static s => s.ReceiveBufferSize = 4096);
        await peer.SendAsync([.. Open(hold: hold), .. Keepalive]);
        await speaker.Up(them);
        int settled = await Settled(() => Volatile.Read(ref filled));

        // It keeps saying that it is there.
        for (int i = 0; i < 14; i++)
        {
            time.Advance(TimeSpan.FromSeconds(32));
            Assert.True(speaker.IsUp(them), speaker.Describe());
            await peer.SendAsync(Keepalive);
            long expected = 2 + i;
            await Wait.Until(() => speaker.Row(them).Received["keepalive"] == expected, "the keepalive");
        }

        Assert.Equal(settled, Volatile.Read(ref filled));
        time.Advance(TimeSpan.FromSeconds(32));
        await Wait.Until(() => !speaker.IsUp(them), "the end", speaker.Describe);
        Assert.Contains("8/0", speaker.Row(them).LastError);
        Assert.True(speaker.IsUp(other));
    }

    [Fact]
    public async Task Keepalives_go_out_between_the_updates_of_a_long_sync()
    {
        var time = new ManualTime();
        string us = NewAddress(), them = NewAddress();
        await using TestSpeaker speaker = Passive(us, them, time);
        byte[] update = Message(2, new byte[4000]);
        int rounds = 0;
        speaker.Routes.OnFill = (_, output) =>
        {
            output.Write(update);
            int round = Interlocked.Increment(ref rounds);
            if (round is 100 or 200)
                time.Advance(TimeSpan.FromSeconds(30));
            return round < 400;
        };
        using ScriptedPeer peer = await ConnectAsync(them, us);
        await peer.EstablishAsync(Open(hold: 90));
        int updates = 0;
        var keepalives = new List<int>();
        while (updates < 400)
        {
            (byte type, _) = (await peer.ReadAsync())!.Value;
            if (type == 2)
                updates++;
            else
                keepalives.Add(updates);
        }

        Assert.Equal([100, 200], keepalives);
    }

    [Fact]
    public async Task After_failures_a_neighbour_is_left_alone_for_longer_each_time_and_its_connection_waits()
    {
        var time = new ManualTime();
        string us = NewAddress(), them = NewAddress();
        await using TestSpeaker speaker = Passive(us, them, time);
        int[] waits = [1, 2, 4];
        foreach (int seconds in waits)
        {
            using ScriptedPeer peer = await ConnectAsync(them, us);
            await peer.SendAsync(Open(number: 65009));
            Assert.Equal([2, 2], await peer.ReadTypeAsync(3));
            using ScriptedPeer next = await ConnectAsync(them, us);
            await Assert.ThrowsAsync<OperationCanceledException>(async () => await Silence(next));
            time.Advance(TimeSpan.FromSeconds(seconds));
            Assert.NotNull(await next.ReadTypeAsync(1));
        }

        using ScriptedPeer good = await ConnectAsync(them, us);
        await good.EstablishAsync();
        await speaker.Up(them);
    }

    [Fact]
    public async Task Connecting_is_tried_again_after_the_time_configured()
    {
        var time = new ManualTime();
        string us = NewAddress(), them = NewAddress();
        await using TestSpeaker speaker = TestSpeaker.Start(OptionsOf(us, sessions: Neighbor(them, us) with { ConnectRetry = TimeSpan.FromSeconds(20) }), time);
        time.Advance(TimeSpan.FromMilliseconds(1));
        await Wait.Until(() => speaker.Row(them).State == "active", "the attempt failed", speaker.Describe);
        Assert.Equal("cannot connect: connection refused", speaker.Row(them).LastError);
        using System.Net.Sockets.Socket listener = Listen(them);
        time.Advance(TimeSpan.FromSeconds(14));
        Assert.Equal("active", speaker.Row(them).State);
        time.Advance(TimeSpan.FromSeconds(6));
        using ScriptedPeer peer = await AcceptAsync(listener);
        await peer.EstablishAsync();
        await speaker.Up(them);
        Assert.Single(speaker.Log, static l => l.Contains(" 3202 "));
    }

    [Fact]
    public void A_timer_pushed_back_fires_at_its_last_deadline_only()
    {
        var time = new ManualTime();
        int fired = 0;
        BgpTimer? made = null;
        using var timer = new BgpTimer(time, () => fired += made!.TakeExpiry() ? 1 : 0);
        made = timer;
        timer.Start(TimeSpan.FromSeconds(10));
        time.Advance(TimeSpan.FromSeconds(9));
        timer.Start(TimeSpan.FromSeconds(10));
        time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.Equal(0, fired);
        time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(1, fired);
        Assert.False(timer.IsRunning);
        timer.Start(TimeSpan.FromSeconds(100));
        timer.Start(TimeSpan.FromSeconds(1));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(2, fired);
        timer.Start(TimeSpan.FromSeconds(1));
        timer.Stop();
        time.Advance(TimeSpan.FromSeconds(100));
        Assert.Equal(2, fired);
    }

    private static TestSpeaker Passive(string us, string them, ManualTime time)
    {
        TestSpeaker speaker = TestSpeaker.Start(OptionsOf(us, sessions: Neighbor(them) with { IsPassive = true }), time);
        time.Advance(TimeSpan.FromMilliseconds(1));
        return speaker;
    }

    private static async Task Silence(ScriptedPeer peer)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await peer.Socket.ReceiveAsync(new byte[1].AsMemory(), System.Net.Sockets.SocketFlags.Peek, limit.Token);
    }

    /// <summary>The value after it has stayed the same for a while.</summary>
    private static async Task<int> Settled(Func<int> read)
    {
        int last = -1, same = 0;
        while (same < 20)
        {
            int now = read();
            same = now == last && now > 0 ? same + 1 : 0;
            last = now;
            await Task.Delay(20);
        }

        return last;
    }
}
