using System.Text;
using Overlay.Control.Evpn.Bgp.Session;
using Overlay.Control.Evpn.Bgp.Wire;
using static Overlay.Control.Evpn.Tests.Session.ScriptedPeer;
using static Overlay.Control.Evpn.Tests.Session.TestSpeaker;

namespace Overlay.Control.Evpn.Tests.Session;

/// <summary>Stop, clear, reload: what each says to the peer and to the routes.</summary>
public sealed class AdministrationTests
{
    private static byte[] Graceful(int flagsAndTime) => Open(capabilities: [.. EvpnCapability, 2, 0, .. As4(65001), .. GracefulRestart(flagsAndTime)]);

    [Fact]
    public async Task A_stop_for_good_says_so_with_its_text()
    {
        string us = NewAddress(), them = NewAddress();
        TestSpeaker speaker = await UpAsync(us, them);
        using ScriptedPeer peer = await PeerAsync(speaker, us, them, Open());
        Task stop = speaker.Speaker.StopAsync(isRestart: false, "moved to rack 7");
        Assert.Equal([6, 2, 15, .. "moved to rack 7"u8], await peer.ReadTypeAsync(3));
        peer.Dispose();
        await stop;
        Assert.Equal(BgpCloseKind.Stopping, speaker.Routes.Closes.Single().Kind);
        await speaker.DisposeAsync();
    }

    [Fact]
    public async Task A_peer_that_keeps_routes_over_a_notification_gets_a_hard_reset()
    {
        string us = NewAddress(), them = NewAddress();
        TestSpeaker speaker = await UpAsync(us, them);
        using ScriptedPeer peer = await PeerAsync(speaker, us, them, Graceful(0x4078));
        Task stop = speaker.Speaker.StopAsync(isRestart: false);
        Assert.Equal([6, 9, 6, 2], await peer.ReadTypeAsync(3));
        peer.Dispose();
        await stop;
        await speaker.DisposeAsync();
    }

    [Fact]
    public async Task A_stop_to_come_back_drops_the_connection_without_a_word()
    {
        string us = NewAddress(), them = NewAddress();
        TestSpeaker speaker = await UpAsync(us, them);
        using ScriptedPeer peer = await PeerAsync(speaker, us, them, Graceful(0x0078));
        await speaker.Speaker.StopAsync(isRestart: true);
        Assert.Null(await peer.ReadTypeAsync(3));
        Assert.False(speaker.Routes.Closes.Single().RemovesRoutes);
        await speaker.DisposeAsync();

        // Back again: R and F tell the peer to keep what it has.
        await using TestSpeaker again = new(speaker.Options);
        again.Speaker.IsRestarting = true;
        again.Speaker.KeepsForwarding = true;
        again.Speaker.Start();
        using ScriptedPeer back = await ConnectAsync(them, us);
        byte[] open = await back.EstablishAsync(Graceful(0x0078));
        Assert.EndsWith("4006C07800194680", Convert.ToHexString(open));
    }

    [Fact]
    public async Task The_F_bit_is_set_from_the_second_session_on()
    {
        string us = NewAddress(), them = NewAddress();
        await using TestSpeaker speaker = await UpAsync(us, them);
        using ScriptedPeer first = await ConnectAsync(them, us);
        Assert.EndsWith("4006407800194600", Convert.ToHexString(await first.EstablishAsync()));
        await speaker.Up(them);
        first.Dispose();
        await Wait.Until(() => !speaker.IsUp(them), "the end");
        using ScriptedPeer second = await ConnectAsync(them, us);
        Assert.EndsWith("4006407800194680", Convert.ToHexString(await second.EstablishAsync()));
    }

    [Fact]
    public async Task Graceful_restart_is_not_announced_without_a_time()
    {
        string us = NewAddress(), them = NewAddress();
        await using TestSpeaker speaker = TestSpeaker.Start(OptionsOf(us, sessions: Neighbor(them) with { IsPassive = true }) with { RestartTime = TimeSpan.Zero });
        using ScriptedPeer peer = await ConnectAsync(them, us);
        Assert.DoesNotContain("4006", Convert.ToHexString((await peer.ReadTypeAsync(1))!));
    }

    [Fact]
    public async Task A_clear_resets_one_neighbour_and_a_soft_one_asks_for_routes()
    {
        string us = NewAddress(), them = NewAddress(), other = NewAddress();
        await using TestSpeaker speaker = await UpAsync(us, them, other);
        using ScriptedPeer peer = await PeerAsync(speaker, us, them, Open());
        using ScriptedPeer bystander = await PeerAsync(speaker, us, other, Open(routerId: 9));
        Assert.Equal(1, speaker.Speaker.Clear(them, isSoft: true));
        Assert.Equal([0, 25, 0, 70], await peer.ReadTypeAsync(5));
        Assert.Equal(1, speaker.Speaker.Clear(them, isSoft: false));
        Assert.Equal([6, 4], await peer.ReadTypeAsync(3));
        Assert.Equal(0, speaker.Speaker.Clear("192.0.2.1", isSoft: false));
        await Wait.Until(() => !speaker.IsUp(them), "the end");
        Assert.Contains("cleared by the operator", speaker.Row(them).LastError);

        // At once again, without a wait.
        using ScriptedPeer again = await PeerAsync(speaker, us, them, Open());
        Assert.True(speaker.IsUp(other));
    }

    [Fact]
    public async Task A_refresh_of_a_peer_that_cannot_is_refused()
    {
        string us = NewAddress(), them = NewAddress();
        await using TestSpeaker speaker = await UpAsync(us, them);
        using ScriptedPeer peer = await PeerAsync(speaker, us, them, Open(capabilities: [.. EvpnCapability, .. As4(65001)]));
        Assert.False(speaker.Routes.Sessions[them].RequestRefresh());
        Assert.Equal(0, speaker.Speaker.Clear(null, isSoft: true));
    }

    [Fact]
    public async Task A_reload_ends_the_sessions_that_it_is_about_and_no_other()
    {
        string us = NewAddress(), them = NewAddress(), other = NewAddress(), third = NewAddress();
        await using TestSpeaker speaker = await UpAsync(us, them, other, third);
        using ScriptedPeer peer = await PeerAsync(speaker, us, them, Open());
        using ScriptedPeer bystander = await PeerAsync(speaker, us, other, Open(routerId: 9));
        using ScriptedPeer removed = await PeerAsync(speaker, us, third, Open(routerId: 10));
        IBgpSession kept = speaker.Routes.Sessions[other];
        Task apply = speaker.ApplyAsync(speaker.Options with
        {
            Neighbors =
            [
                speaker.Options.Neighbors[0] with { HoldTime = TimeSpan.FromSeconds(30) },
                speaker.Options.Neighbors[1] with { Description = "spine 2", MaxPrefixes = 7, ConnectRetry = TimeSpan.FromSeconds(9) },
            ],
        });
        Assert.Equal([6, 6], await peer.ReadTypeAsync(3));
        Assert.Equal([6, 3], await removed.ReadTypeAsync(3));
        removed.Dispose();
        await apply;
        Assert.Same(kept, speaker.Routes.Sessions[other]);
        Assert.Equal("spine 2", speaker.Row(other).Description);
        Assert.DoesNotContain(speaker.Speaker.Neighbors(), r => r.Name == third);
        Assert.True(speaker.Routes.Closes.Single(static c => c.Kind == BgpCloseKind.Removed).RemovesRoutes);
        await Wait.Until(() => speaker.Row(them).LastError?.Contains("hold time") == true, "the reason", speaker.Describe);
        using ScriptedPeer again = await PeerAsync(speaker, us, them, Open());
        Assert.Equal(TimeSpan.FromSeconds(30), speaker.Row(them).HoldTime);
    }

    [Fact]
    public async Task A_neighbour_is_shut_down_with_a_text_and_brought_back()
    {
        string us = NewAddress(), them = NewAddress();
        await using TestSpeaker speaker = await UpAsync(us, them);
        using ScriptedPeer peer = await PeerAsync(speaker, us, them, Open());
        EvpnNeighborOptionsChange(out Func<bool, Task> shutdown, speaker);
        await shutdown(true);
        Assert.Equal([6, 2, 5, .. "later"u8], await peer.ReadTypeAsync(3));
        Assert.Equal("shutdown", speaker.Row(them).State);
        await Wait.Until(() => speaker.Routes.Closes.Count == 1, "the end");
        Assert.True(speaker.Routes.Closes.Single().RemovesRoutes);
        using ScriptedPeer refused = await ConnectAsync(them, us);
        Assert.Null(await refused.ReadAsync());
        await shutdown(false);
        using ScriptedPeer again = await PeerAsync(speaker, us, them, Open());
    }

    [Fact]
    public async Task Another_listening_address_moves_the_listener_and_no_session()
    {
        string us = NewAddress(), elsewhere = NewAddress(), them = NewAddress(), other = NewAddress();
        await using TestSpeaker speaker = await UpAsync(us, them, other);
        using ScriptedPeer peer = await PeerAsync(speaker, us, them, Open());
        await speaker.ApplyAsync(speaker.Options with { ListenAddresses = [Overlay.Encap.UnderlayAddress.Parse(elsewhere)] });
        Assert.True(speaker.IsUp(them));
        using ScriptedPeer next = await PeerAsync(speaker, elsewhere, other, Open(routerId: 9));
        await Assert.ThrowsAsync<System.Net.Sockets.SocketException>(() => ConnectAsync(them, us));
    }

    [Fact]
    public async Task Our_AS_and_router_id_need_new_sessions()
    {
        string us = NewAddress(), them = NewAddress();
        await using TestSpeaker speaker = await UpAsync(us, them);
        using ScriptedPeer peer = await PeerAsync(speaker, us, them, Open());
        await speaker.ApplyAsync(speaker.Options with { RouterId = 0x09090909 });
        Assert.Equal([6, 6], await peer.ReadTypeAsync(3));
        using ScriptedPeer again = await ConnectAsync(them, us);
        Assert.Equal([9, 9, 9, 9], (await again.ReadTypeAsync(1))![5..9]);
    }

    [Fact]
    public async Task What_a_peer_says_at_the_end_is_kept_in_words_and_fit_for_a_terminal()
    {
        string us = NewAddress(), them = NewAddress();
        await using TestSpeaker speaker = await UpAsync(us, them);
        using ScriptedPeer peer = await PeerAsync(speaker, us, them, Open());
        byte[] text = Encoding.UTF8.GetBytes("bye\u001b[2J\nRoot: up");
        await peer.SendAsync(Message(3, [6, 2, (byte)text.Length, .. text]));
        await Wait.Until(() => !speaker.IsUp(them), "the end");
        BgpClose close = speaker.Routes.Closes.Single();
        Assert.Equal((BgpCloseKind.NotificationReceived, (byte)2, false), (close.Kind, close.Error!.Value.Subcode, close.IsHardReset));
        string error = speaker.Row(them).LastError!;
        Assert.Contains("6/2", error);
        Assert.Contains("bye", error);
        Assert.DoesNotContain(error, char.IsControl);
        await Wait.Until(() => speaker.Events.Any(static e => !e.IsUp), "the event");
        Assert.Equal(error, speaker.Events.Single(static e => !e.IsUp).Reason);
        Assert.Null(await peer.ReadTypeAsync(3));
    }

    [Fact]
    public async Task A_hard_reset_takes_the_routes_with_it()
    {
        string us = NewAddress(), them = NewAddress();
        await using TestSpeaker speaker = await UpAsync(us, them);
        using ScriptedPeer peer = await PeerAsync(speaker, us, them, Graceful(0x4078));
        await peer.SendAsync(Message(3, [6, 9, 6, 3]));
        await Wait.Until(() => !speaker.IsUp(them), "the end");
        BgpClose close = speaker.Routes.Closes.Single();
        Assert.True(close.RemovesRoutes);
        Assert.Equal(3, close.Error!.Value.Subcode);
        Assert.Contains("hard reset", speaker.Row(them).LastError);
    }

    [Fact]
    public async Task Those_above_can_end_a_session()
    {
        string us = NewAddress(), them = NewAddress();
        await using TestSpeaker speaker = await UpAsync(us, them);
        using ScriptedPeer peer = await PeerAsync(speaker, us, them, Open());
        speaker.Routes.Sessions[them].End(NotificationMessage.Cease(NotificationMessage.MaximumPrefixes));
        Assert.Equal([6, 1], await peer.ReadTypeAsync(3));
        await Wait.Until(() => !speaker.IsUp(them), "the end");

        using ScriptedPeer again = await PeerAsync(speaker, us, them, Open());
        speaker.Routes.OnUpdate = static (_, _) => new BgpError(BgpErrorCode.Update, 1);
        await again.SendAsync([.. Message(2, 0, 0, 0, 0), .. Message(2, 0, 0, 0, 0)]);
        Assert.Equal([3, 1], await again.ReadTypeAsync(3));
        await Wait.Until(() => !speaker.IsUp(them), "the end");
        Assert.Single(speaker.Routes.Updates);
    }

    private static void EvpnNeighborOptionsChange(out Func<bool, Task> shutdown, TestSpeaker speaker) => shutdown = isDown =>
        speaker.ApplyAsync(speaker.Options with { Neighbors = [speaker.Options.Neighbors[0] with { IsShutdown = isDown, ShutdownText = "later" }] });

    private static Task<TestSpeaker> UpAsync(string us, params string[] them) =>
        Task.FromResult(TestSpeaker.Start(OptionsOf(us, sessions: [.. them.Select(static t => Neighbor(t) with { IsPassive = true })])));

    private static async Task<ScriptedPeer> PeerAsync(TestSpeaker speaker, string us, string them, byte[] open)
    {
        ScriptedPeer peer = await ConnectAsync(them, us);
        await peer.EstablishAsync(open);
        await speaker.Up(them);
        return peer;
    }
}
