using System.Net.Sockets;
using Overlay.Control.Evpn.Bgp.Session;
using static Overlay.Control.Evpn.Tests.Session.ScriptedPeer;
using static Overlay.Control.Evpn.Tests.Session.TestSpeaker;

namespace Overlay.Control.Evpn.Tests.Session;

/// <summary>Two connections with one neighbour (RFC 4271 §6.8, RFC 4724 §4.2).</summary>
public sealed class CollisionTests
{
    private const uint OurId = 0x02000000;

    [Theory]
    [InlineData(0x01000000u, true)]
    [InlineData(0x03000000u, false)]
    public async Task Of_two_in_OpenConfirm_the_one_opened_by_the_higher_router_id_is_kept(uint theirId, bool keepsOurs)
    {
        string us = NewAddress(), them = NewAddress();
        using Socket listener = Listen(them);
        await using TestSpeaker speaker = TestSpeaker.Start(OptionsOf(us, routerId: OurId, sessions: Neighbor(them, us)));
        using ScriptedPeer ours = await AcceptAsync(listener);
        using ScriptedPeer theirs = await ConnectAsync(them, us);
        Assert.NotNull(await ours.ReadTypeAsync(1));
        Assert.NotNull(await theirs.ReadTypeAsync(1));
        await ours.SendAsync(Open(routerId: theirId));
        Assert.NotNull(await ours.ReadTypeAsync(4));
        await theirs.SendAsync(Open(routerId: theirId));

        ScriptedPeer loser = keepsOurs ? theirs : ours, winner = keepsOurs ? ours : theirs;
        Assert.Equal([6, 7], await loser.ReadTypeAsync(3));
        await winner.SendAsync(Keepalive);
        await speaker.Up(them);
        Assert.Null(speaker.Row(them).LastError);
    }

    [Theory]
    [InlineData(65000, true)]
    [InlineData(65002, false)]
    public async Task Of_equal_router_ids_the_higher_AS_decides(uint theirAs, bool keepsOurs)
    {
        string us = NewAddress(), them = NewAddress();
        using Socket listener = Listen(them);
        await using TestSpeaker speaker = TestSpeaker.Start(OptionsOf(us, routerId: OurId, sessions: Neighbor(them, us, theirAs)));
        using ScriptedPeer ours = await AcceptAsync(listener);
        Assert.NotNull(await ours.ReadTypeAsync(1));
        using ScriptedPeer theirs = await ConnectAsync(them, us);
        await theirs.SendAsync(Open(number: theirAs, routerId: OurId));
        Assert.NotNull(await theirs.ReadTypeAsync(4));
        await ours.SendAsync(Open(number: theirAs, routerId: OurId));
        Assert.Equal([6, 7], await (keepsOurs ? theirs : ours).ReadTypeAsync(3));
        await (keepsOurs ? ours : theirs).SendAsync(Keepalive);
        await speaker.Up(them);
    }

    [Fact]
    public async Task A_session_ends_the_connection_beside_it_when_its_OPEN_comes_and_loses()
    {
        string us = NewAddress(), them = NewAddress();
        using Socket listener = Listen(them);
        await using TestSpeaker speaker = TestSpeaker.Start(OptionsOf(us, routerId: OurId, sessions: Neighbor(them, us)));
        using ScriptedPeer ours = await AcceptAsync(listener);
        Assert.NotNull(await ours.ReadTypeAsync(1));
        using ScriptedPeer theirs = await ConnectAsync(them, us);
        await theirs.EstablishAsync(Open(routerId: OurId + 1));
        await speaker.Up(them);
        await ours.SendAsync(Open(routerId: OurId + 1));
        Assert.Equal([6, 7], await ours.ReadTypeAsync(3));
        Assert.True(speaker.IsUp(them));
    }

    [Fact]
    public async Task A_connection_that_is_lost_beside_a_session_is_not_opened_again()
    {
        var time = new ManualTime();
        string us = NewAddress(), them = NewAddress();
        using Socket listener = Listen(them);
        await using TestSpeaker speaker = TestSpeaker.Start(OptionsOf(us, routerId: OurId, sessions: Neighbor(them, us)), time);
        time.Advance(TimeSpan.FromMilliseconds(1));
        using ScriptedPeer ours = await AcceptAsync(listener);
        Assert.NotNull(await ours.ReadTypeAsync(1));
        using ScriptedPeer theirs = await ConnectAsync(them, us);
        await theirs.EstablishAsync(Open(hold: 0));
        await speaker.Up(them);
        ours.Dispose();
        await Wait.Until(() => speaker.Log.Any(static l => l.Contains("in Active led to Idle")), "the end of the other", speaker.Describe);
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.DoesNotContain(speaker.Log, static l => l.Contains("ConnectRetryExpired"));
        Assert.Single(speaker.Log, static l => l.Contains("led to Connect "));
        Assert.True(speaker.IsUp(them));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_session_that_was_faster_than_the_decision_of_the_peer_gives_way_to_what_the_peer_keeps(bool closesFirst)
    {
        string us = NewAddress(), them = NewAddress();
        using Socket listener = Listen(them);
        await using TestSpeaker speaker = TestSpeaker.Start(OptionsOf(us, routerId: OurId, sessions: Neighbor(them, us)));
        using ScriptedPeer ours = await AcceptAsync(listener);
        Assert.NotNull(await ours.ReadTypeAsync(1));
        using ScriptedPeer theirs = await ConnectAsync(them, us);
        await theirs.EstablishAsync(Open(routerId: OurId - 1));
        await speaker.Up(them);
        IBgpSession first = speaker.Routes.Sessions[them];
        if (closesFirst)
            await theirs.SendAsync(Message(3, 6, 7));
        await ours.SendAsync([.. Open(routerId: OurId - 1), .. Keepalive]);
        await Wait.Until(() => speaker.Routes.Sessions.TryGetValue(them, out IBgpSession? now) && now != first, "the other", speaker.Describe);
        Assert.Equal(3, speaker.Routes.Calls.Count);
        while (await theirs.ReadAsync() is not null)
        {
            // To the end.
        }
    }

    [Fact]
    public async Task Beside_a_session_without_graceful_restart_a_new_connection_is_refused()
    {
        var time = new ManualTime();
        string us = NewAddress(), them = NewAddress();
        await using TestSpeaker speaker = TestSpeaker.Start(OptionsOf(us, sessions: Neighbor(them) with { IsPassive = true }), time);
        time.Advance(TimeSpan.FromSeconds(1));
        using ScriptedPeer first = await ConnectAsync(them, us);
        await first.EstablishAsync();
        await speaker.Up(them);
        time.Advance(TimeSpan.FromSeconds(5));
        using ScriptedPeer second = await ConnectAsync(them, us);
        await second.SendAsync(Open());
        Assert.Equal([6, 7], await second.ReadTypeAsync(3));

        // The old one is asked whether it still lives.
        Assert.NotNull(await first.ReadTypeAsync(4));
        Assert.True(speaker.IsUp(them));
    }

    [Fact]
    public async Task With_graceful_restart_a_new_connection_takes_the_place_of_the_session_without_a_word()
    {
        string us = NewAddress(), them = NewAddress();
        byte[] open = Open(capabilities: [.. EvpnCapability, .. As4(65001), .. GracefulRestart(0x8078)]);
        await using TestSpeaker speaker = TestSpeaker.Start(OptionsOf(us, sessions: Neighbor(them) with { IsPassive = true }));
        using ScriptedPeer first = await ConnectAsync(them, us);
        await first.EstablishAsync(open);
        await speaker.Up(them);
        IBgpSession before = speaker.Routes.Sessions[them];
        Assert.Equal(new PeerGracefulRestart(IsRestarting: true, HandlesNotification: false, TimeSpan.FromSeconds(120), HasFamily: true, IsForwarding: true), before.Facts.GracefulRestart);

        using ScriptedPeer second = await ConnectAsync(them, us);
        await second.EstablishAsync(open);
        await Wait.Until(() => speaker.Routes.Sessions.TryGetValue(them, out IBgpSession? now) && now != before, "the new session", speaker.Describe);
        Assert.Equal([$"opened {them}", $"closed {them} Replaced", $"opened {them}"], speaker.Routes.Calls);
        Assert.Null(await first.ReadTypeAsync(3));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_connection_that_the_peer_closes_by_itself_does_not_end_the_session(bool isGraceful)
    {
        // It waited to be accepted while the other became the session: the peer's OPEN is on it, and behind it the NOTIFICATION of the collision.
        string us = NewAddress(), them = NewAddress();
        byte[] open = isGraceful ? Open(capabilities: [.. EvpnCapability, .. As4(65001), .. GracefulRestart(0x0078)]) : Open();
        await using TestSpeaker speaker = TestSpeaker.Start(OptionsOf(us, sessions: Neighbor(them) with { IsPassive = true }));
        using ScriptedPeer first = await ConnectAsync(them, us);
        await first.EstablishAsync(open);
        await speaker.Up(them);
        using ScriptedPeer second = await ConnectAsync(them, us);
        await second.SendAsync([.. open, .. Message(3, 6, 7)]);
        while (await second.ReadAsync() is not null)
        {
            // To the end.
        }

        Assert.True(speaker.IsUp(them));
        Assert.Equal([$"opened {them}"], speaker.Routes.Calls);
    }

    [Fact]
    public async Task A_connection_that_says_nothing_does_not_end_a_session_with_graceful_restart()
    {
        string us = NewAddress(), them = NewAddress();
        await using TestSpeaker speaker = TestSpeaker.Start(OptionsOf(us, sessions: Neighbor(them) with { IsPassive = true }));
        using ScriptedPeer first = await ConnectAsync(them, us);
        await first.EstablishAsync(Open(capabilities: [.. EvpnCapability, .. As4(65001), .. GracefulRestart(0x8078)]));
        await speaker.Up(them);
        using ScriptedPeer second = await ConnectAsync(them, us);
        Assert.NotNull(await second.ReadTypeAsync(1));
        await second.SendAsync(Open(number: 65009));
        Assert.Equal([2, 2], await second.ReadTypeAsync(3));
        Assert.True(speaker.IsUp(them));
        await first.SendAsync(Message(2, 0, 0, 0, 0));
        await Wait.Until(() => !speaker.Routes.Updates.IsEmpty, "the session goes on");
    }

    [Fact]
    public async Task A_new_session_waits_until_those_above_know_of_the_end_of_the_old_one()
    {
        string us = NewAddress(), them = NewAddress();
        byte[] open = Open(capabilities: [.. EvpnCapability, .. As4(65001), .. GracefulRestart(0x8078)]);
        using var release = new ManualResetEventSlim();
        using var entered = new ManualResetEventSlim();
        await using TestSpeaker speaker = TestSpeaker.Start(OptionsOf(us, sessions: Neighbor(them) with { IsPassive = true }));
        speaker.Routes.OnUpdate = (_, _) =>
        {
            entered.Set();
            release.Wait();
            return null;
        };
        using ScriptedPeer first = await ConnectAsync(them, us);
        await first.EstablishAsync(open);
        await first.SendAsync(Message(2, 0, 0, 0, 0));
        await Wait.Until(() => entered.IsSet, "the routes at work");
        using ScriptedPeer second = await ConnectAsync(them, us);
        await second.EstablishAsync(open);
        await Wait.Until(() => speaker.Row(them).Established == 2, "the second session");
        Assert.Equal([$"opened {them}"], speaker.Routes.Calls);
        release.Set();
        await Wait.Until(() => speaker.Routes.Calls.Count == 3, "both calls");
        Assert.Equal([$"opened {them}", $"closed {them} Replaced", $"opened {them}"], speaker.Routes.Calls);
    }

    [Fact]
    public async Task Speakers_that_start_at_one_moment_agree_at_the_first_attempt()
    {
        // Back-off after a failure is a second at least: nobody has to wait for one.
        var pairs = Enumerable.Range(0, 12).Select(static _ => (A: NewAddress(), B: NewAddress())).ToArray();
        TestSpeaker[] speakers =
        [
            .. pairs.Select(static p => new TestSpeaker(OptionsOf(p.A, sessions: Neighbor(p.B, p.A)))),
            .. pairs.Select(static p => new TestSpeaker(OptionsOf(p.B, sessions: Neighbor(p.A, p.B)))),
        ];
        await Task.WhenAll(speakers.Select(static s => Task.Run(s.Speaker.Start)));
        foreach (TestSpeaker speaker in speakers)
        {
            string name = speaker.Options.Neighbors[0].Address.ToString();
            await speaker.Up(name);
        }

        foreach (TestSpeaker speaker in speakers)
        {
            Assert.DoesNotContain(speaker.Log, static l => l.Contains(" 3202 ") && l.Contains("6/7"));
            await speaker.DisposeAsync();
        }
    }
}
