using System.Buffers;
using Overlay.Control.Evpn.Bgp.Session;
using static Overlay.Control.Evpn.Tests.Session.ScriptedPeer;
using static Overlay.Control.Evpn.Tests.Session.TestSpeaker;

namespace Overlay.Control.Evpn.Tests.Session;

/// <summary>Messages on a stream, in and out.</summary>
public sealed class StreamTests
{
    [Fact]
    public async Task Messages_come_whole_and_in_order_however_they_are_cut()
    {
        string us = NewAddress(), them = NewAddress();
        await using TestSpeaker speaker = Start(us, them);
        using ScriptedPeer peer = await ConnectAsync(them, us);
        await peer.EstablishAsync();
        var random = new Random(7);
        byte[][] bodies = [.. Enumerable.Range(0, 300).Select(i => Body(random, 4 + (i * 13 % 4000)))];
        byte[] stream = [.. bodies.SelectMany(static b => Message(2, b))];
        for (int at = 0; at < stream.Length;)
        {
            int length = Math.Min(stream.Length - at, random.Next(4) == 0 ? random.Next(1, 20_000) : random.Next(1, 40));
            await peer.SendAsync(stream[at..(at + length)]);
            at += length;
        }

        await Wait.Until(() => speaker.Routes.Updates.Count == bodies.Length, "all of them", speaker.Describe);
        Assert.Equal(bodies, speaker.Routes.Updates);
    }

    [Fact]
    public async Task Long_messages_go_both_ways_once_both_can()
    {
        string a = NewAddress(), b = NewAddress();
        byte[] body = Body(new Random(1), 65535 - 19);
        int left = 3;
        await using TestSpeaker first = TestSpeaker.Start(OptionsOf(a, sessions: Neighbor(b, a) with { IsPassive = true }));
        first.Routes.OnFill = (session, output) =>
        {
            Assert.Equal(65535, session.Facts.MaxMessageLength);
            if (left == 0)
                return false;
            output.Write(Message(2, body));
            return --left > 0;
        };
        await using TestSpeaker second = TestSpeaker.Start(OptionsOf(b, sessions: Neighbor(a, b)));
        await Wait.Until(() => second.Routes.Updates.Count == 3, "three of them", second.Describe);
        Assert.All(second.Routes.Updates, u => Assert.Equal(body, u));
        Assert.Equal(3, first.Row(b).Sent["update"]);
        Assert.Equal(3, second.Row(a).Received["update"]);
    }

    [Fact]
    public async Task Refreshes_of_our_family_are_handed_up_and_others_ignored()
    {
        string us = NewAddress(), them = NewAddress();
        await using TestSpeaker speaker = Start(us, them);
        using ScriptedPeer peer = await ConnectAsync(them, us);
        await peer.EstablishAsync(Open(capabilities: [.. EvpnCapability, 2, 0, 70, 0, .. As4(65001)]));
        await peer.SendAsync(
        [
            .. Message(5, 0, 25, 0, 70), .. Message(5, 0, 1, 0, 1), .. Message(5, 0, 25, 9, 70), .. Message(5, 0, 25, 1, 70), .. Message(5, 0, 25, 2, 70),
            .. Message(2, 0, 0, 0, 0),
        ]);
        await Wait.Until(() => !speaker.Routes.Updates.IsEmpty, "what comes last", speaker.Describe);
        Assert.Equal([RouteRefreshKind.Request, RouteRefreshKind.Begin, RouteRefreshKind.End], speaker.Routes.Refreshes);
    }

    [Fact]
    public async Task Frames_of_a_refresh_mean_nothing_where_they_were_not_agreed_on()
    {
        string us = NewAddress(), them = NewAddress();
        await using TestSpeaker speaker = Start(us, them);
        using ScriptedPeer peer = await ConnectAsync(them, us);
        await peer.EstablishAsync();
        await peer.SendAsync([.. Message(5, 0, 25, 1, 70), .. Message(5, 0, 25, 2, 70), .. Message(5, 0, 25, 0, 70), .. Message(2, 0, 0, 0, 0)]);
        await Wait.Until(() => !speaker.Routes.Updates.IsEmpty, "what comes last", speaker.Describe);
        Assert.Equal([RouteRefreshKind.Request], speaker.Routes.Refreshes);
    }

    [Fact]
    public async Task Each_wake_is_followed_by_a_fill()
    {
        string us = NewAddress(), them = NewAddress();
        await using TestSpeaker speaker = Start(us, them);
        int wanted = 0, sent = 0;
        speaker.Routes.OnFill = (_, output) =>
        {
            while (sent < Volatile.Read(ref wanted))
            {
                output.Write(Message(2, 0, 0, 0, 0));
                sent++;
            }

            return false;
        };
        using ScriptedPeer peer = await ConnectAsync(them, us);
        await peer.EstablishAsync();
        await speaker.Up(them);
        IBgpSession session = speaker.Routes.Sessions[them];
        Task wakes = Task.Run(() =>
        {
            for (int i = 0; i < 20_000; i++)
            {
                Interlocked.Increment(ref wanted);
                session.Wake();
            }
        });
        for (int i = 0; i < 20_000; i++)
        {
            Assert.NotNull(await peer.ReadTypeAsync(2));
        }

        await wakes;
    }

    [Fact]
    public async Task A_fault_above_ends_the_session_and_not_the_speaker()
    {
        string us = NewAddress(), them = NewAddress(), other = NewAddress();
        var speaker = TestSpeaker.Start(OptionsOf(us, sessions: [Neighbor(them) with { IsPassive = true }, Neighbor(other) with { IsPassive = true }]));
        using ScriptedPeer bystander = await ConnectAsync(other, us);
        await bystander.EstablishAsync(Open(routerId: 9));
        await speaker.Up(other);
        using ScriptedPeer peer = await ConnectAsync(them, us);
        await peer.EstablishAsync();
        await speaker.Up(them);
        speaker.Routes.OnUpdate = static (_, _) => throw new InvalidOperationException("a fault");
        await peer.SendAsync(Message(2, 0, 0, 0, 0));
        Assert.Equal([6, 8], await peer.ReadTypeAsync(3));
        await Wait.Until(() => speaker.Routes.Closes.Count == 1, "the end", speaker.Describe);
        Assert.True(speaker.IsUp(other));
        Assert.Single(speaker.Log, static l => l.Contains(" 3208 "));
        await speaker.Speaker.DisposeAsync();
    }

    [Fact]
    public async Task Peers_that_come_and_go_at_random_leave_every_session_closed_once()
    {
        string us = NewAddress();
        string[] them = [.. Enumerable.Range(0, 8).Select(static _ => NewAddress())];
        await using TestSpeaker speaker = TestSpeaker.Start(OptionsOf(us, sessions: EstablishTests.Prefix("127.0.0.0", 8)));
        await Task.WhenAll(them.Select((address, i) => Task.Run(async () =>
        {
            var random = new Random(i);
            for (int round = 0; round < 12; round++)
            {
                using ScriptedPeer peer = await ConnectAsync(address, us);
                byte[] all = [.. Open(routerId: (uint)(i + 1), capabilities: [.. EvpnCapability, .. As4(65001), .. GracefulRestart(0x0078)]), .. Keepalive, .. Message(2, 0, 0, 0, 0)];
                await peer.SendAsync(all[..random.Next(1, all.Length + 1)]);
                await Task.Delay(random.Next(0, 30));
            }
        })));
        await Wait.Until(() => speaker.Routes.Sessions.IsEmpty, "all closed", speaker.Describe);
        Assert.Equal(speaker.Routes.Calls.Count(static c => c.StartsWith("opened")), speaker.Routes.Calls.Count(static c => c.StartsWith("closed")));
    }

    private static TestSpeaker Start(string us, string them) => TestSpeaker.Start(OptionsOf(us, sessions: Neighbor(them) with { IsPassive = true }));

    private static byte[] Body(Random random, int length)
    {
        byte[] body = new byte[length];
        random.NextBytes(body);
        return body;
    }
}
