using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Overlay.Control.Evpn.Bgp.Session;
using Overlay.Control.Evpn.Options;
using Overlay.Encap;
using static Overlay.Control.Evpn.Tests.Session.ScriptedPeer;
using static Overlay.Control.Evpn.Tests.Session.TestSpeaker;

namespace Overlay.Control.Evpn.Tests.Session;

/// <summary>How sessions come to be: addresses, keys, distances, who connects.</summary>
public sealed class EstablishTests
{
    [Fact]
    public async Task Two_speakers_that_both_connect_have_one_session()
    {
        for (int i = 0; i < 10; i++)
        {
            string a = NewAddress(), b = NewAddress();
            await using TestSpeaker first = TestSpeaker.Start(OptionsOf(a, sessions: Neighbor(b, a)));
            await using TestSpeaker second = TestSpeaker.Start(OptionsOf(b, sessions: Neighbor(a, b)));
            await first.Up(b);
            await second.Up(a);
            Assert.Equal("established", first.Row(b).State);
            Assert.Equal(b, first.Row(b).RouterId);
            Assert.Equal(a, first.Row(b).LocalAddress);
            Assert.Equal(["evpn", "as4", "route-refresh", "enhanced-route-refresh", "graceful-restart", "extended-message"], first.Row(b).Capabilities);
        }
    }

    [Theory]
    [InlineData(null, 0)]
    [InlineData("secret", 0)]
    [InlineData(null, 1)]
    [InlineData("secret", 255)]
    public async Task Over_IPv6_a_session_is_the_same(string? password, int hops)
    {
        EvpnNeighborOptions Of(int port) => Neighbor("::1", port: port) with { Password = password, TtlSecurityHops = hops % 255, Multihop = hops == 255 ? 255 : 0 };
        int port = FreePort(IPAddress.IPv6Loopback), otherPort = FreePort(IPAddress.IPv6Loopback);
        await using TestSpeaker first = TestSpeaker.Start(OptionsOf("::1", routerId: 1, sessions: Of(otherPort)) with { ListenPort = port });
        await using TestSpeaker second = TestSpeaker.Start(OptionsOf("::1", routerId: 2, sessions: Of(port)) with { ListenPort = otherPort });
        await first.Up("::1");
        await second.Up("::1");
        Assert.Equal("::1", first.Row("::1").LocalAddress);
    }

    [Fact]
    public async Task External_sessions_with_long_AS_numbers_come_up()
    {
        string a = NewAddress(), b = NewAddress();
        await using TestSpeaker first = TestSpeaker.Start(OptionsOf(a, 4_200_000_001, sessions: Neighbor(b, a, 4_200_000_002)));
        await using TestSpeaker second = TestSpeaker.Start(OptionsOf(b, 4_200_000_002, sessions: Neighbor(a, b, 4_200_000_001)));
        await first.Up(b);
        await second.Up(a);
        Assert.False(first.Routes.Sessions[b].Facts.IsInternal);
        Assert.Equal(4_200_000_002, first.Row(b).As);
    }

    [Fact]
    public async Task An_AS_of_its_own_is_shown_to_a_neighbour()
    {
        string a = NewAddress(), b = NewAddress();
        await using TestSpeaker first = TestSpeaker.Start(OptionsOf(a, sessions: Neighbor(b, a, 65009) with { LocalAs = 65010 }));
        await using TestSpeaker second = TestSpeaker.Start(OptionsOf(b, 65009, sessions: Neighbor(a, b, 65010)));
        await first.Up(b);
        Assert.Equal(65010u, first.Routes.Sessions[b].Facts.LocalAs);
    }

    [Fact]
    public async Task Two_that_only_wait_have_no_session_and_one_that_connects_is_enough()
    {
        string a = NewAddress(), b = NewAddress();
        await using TestSpeaker first = TestSpeaker.Start(OptionsOf(a, sessions: Neighbor(b, a) with { IsPassive = true }));
        await using TestSpeaker second = TestSpeaker.Start(OptionsOf(b, sessions: Neighbor(a, b) with { IsPassive = true }));
        await Wait.Until(() => first.Row(b).State == "active" && second.Row(a).State == "active", "both active");
        await second.ApplyAsync(second.Options with { Neighbors = [Neighbor(a, b)] });
        await first.Up(b);
    }

    [Fact]
    public async Task The_same_key_gives_a_session_and_another_key_none()
    {
        string a = NewAddress(), b = NewAddress();
        await using TestSpeaker first = TestSpeaker.Start(OptionsOf(a, sessions: Neighbor(b, a) with { Password = "same" }));
        await using TestSpeaker second = TestSpeaker.Start(OptionsOf(b, sessions: Neighbor(a, b) with { Password = "other" }));
        await Wait.Until(() => first.Row(b).State == "connect" && second.Row(a).State == "connect", "both try");
        await Assert.ThrowsAsync<TimeoutException>(() => Wait.Until(() => first.IsUp(b), "a session", seconds: 1));
        await second.ApplyAsync(second.Options with { Neighbors = [Neighbor(a, b) with { Password = "same" }] });
        await first.Up(b);
        await second.Up(a);
    }

    [Fact]
    public async Task A_neighbour_with_a_key_takes_no_connection_without_one()
    {
        string us = NewAddress(), them = NewAddress();
        await using TestSpeaker speaker = TestSpeaker.Start(OptionsOf(us, sessions: Neighbor(them) with { Password = "k", IsPassive = true }));
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(them), 0));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<OperationCanceledException>(async () => await socket.ConnectAsync(IPAddress.Parse(us), Port, limit.Token));
    }

    [Fact]
    public async Task A_key_that_is_taken_away_is_not_asked_for_any_more()
    {
        string us = NewAddress(), them = NewAddress();
        EvpnNeighborOptions neighbor = Neighbor(them) with { IsPassive = true };
        await using TestSpeaker speaker = TestSpeaker.Start(OptionsOf(us, sessions: neighbor with { Password = "k" }));
        await speaker.ApplyAsync(speaker.Options with { Neighbors = [neighbor] });
        using ScriptedPeer peer = await ConnectAsync(them, us);
        await peer.EstablishAsync();
        await speaker.Up(them);
    }

    [Fact]
    public async Task A_prefix_with_a_key_lets_in_those_that_have_it()
    {
        string us = NewAddress(), them = NewAddress();
        await using TestSpeaker speaker = TestSpeaker.Start(OptionsOf(us, sessions: Prefix("127.0.0.0", 8) with { Password = "k" }));
        using ScriptedPeer peer = await ConnectAsync(them, us, prepare: s => Assert.Null(TcpMd5.TrySet(s, UnderlayAddress.Parse(us), "k")));
        await peer.EstablishAsync();
        await speaker.Up(them);
        Assert.True(speaker.Row(them).IsDynamic);
    }

    [Fact]
    public async Task With_TTL_security_both_ends_speak_and_one_from_further_away_is_refused()
    {
        string a = NewAddress(), b = NewAddress(), far = NewAddress();
        await using TestSpeaker first = TestSpeaker.Start(OptionsOf(a, sessions: [Neighbor(b, a) with { TtlSecurityHops = 1 }, Neighbor(far) with { TtlSecurityHops = 1, IsPassive = true }]));
        await using TestSpeaker second = TestSpeaker.Start(OptionsOf(b, sessions: Neighbor(a, b) with { TtlSecurityHops = 1 }));
        await first.Up(b);
        await second.Up(a);

        // From one hop away the TTL is 254: what was sent before the limit was set must not count either.
        using ScriptedPeer peer = await ConnectAsync(far, a, prepare: static s => s.Ttl = 254);
        await peer.SendAsync([.. Open(), .. Keepalive]);
        Assert.Null(await peer.ReadAsync());
        Assert.Contains(first.Log, static l => l.Contains("RFC 5082"));
        Assert.False(first.IsUp(far));
    }

    [Theory]
    [InlineData(65001, 0, 0, 64)]
    [InlineData(65002, 0, 0, 1)]
    [InlineData(65002, 5, 0, 5)]
    [InlineData(65002, 0, 2, 255)]
    public async Task Packets_leave_with_the_TTL_of_the_kind_of_session_and_DSCP_CS6(uint number, int multihop, int security, int expected)
    {
        string us = NewAddress(), them = NewAddress();
        using Socket listener = Listen(them);
        listener.Ttl = 255;
        await using TestSpeaker speaker = TestSpeaker.Start(OptionsOf(us, sessions: Neighbor(them, us, number) with { Multihop = multihop, TtlSecurityHops = security }));

        // What came is asked of the kernel: the SYN that made the connection.
        int save = 1;
        listener.SetRawSocketOption(6, 27, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in save)));
        using ScriptedPeer first = await AcceptAsync(listener);
        byte[] syn = new byte[128];
        int length = first.Socket.GetRawSocketOption(6, 28, syn);
        if (length == 0)
        {
            // It came before the option was set; the next one did not.
            first.Dispose();
            using ScriptedPeer next = await AcceptAsync(listener);
            length = next.Socket.GetRawSocketOption(6, 28, syn);
        }

        Assert.True(length > 20);
        Assert.Equal(expected, syn[8]);
        Assert.Equal(0xC0, syn[1]);
    }

    [Fact]
    public async Task A_stranger_is_turned_away_without_a_word()
    {
        string us = NewAddress();
        await using TestSpeaker speaker = TestSpeaker.Start(OptionsOf(us, sessions: Neighbor(NewAddress()) with { IsPassive = true }));
        using ScriptedPeer peer = await ConnectAsync(NewAddress(), us);
        Assert.Null(await peer.ReadAsync());
        await Wait.Until(() => speaker.Log.Any(static l => l.Contains("it is no neighbour")), "a line in the log");
    }

    [Fact]
    public async Task A_prefix_takes_as_many_as_its_limit_and_a_place_that_is_free_again()
    {
        string us = NewAddress();
        await using TestSpeaker speaker = TestSpeaker.Start(OptionsOf(us, sessions: Prefix("127.0.0.0", 8) with { Limit = 2 }));
        string[] them = [NewAddress(), NewAddress(), NewAddress()];
        using ScriptedPeer first = await ConnectAsync(them[0], us);
        await first.EstablishAsync(Open(routerId: 1));
        using ScriptedPeer second = await ConnectAsync(them[1], us);
        await second.EstablishAsync(Open(routerId: 2));
        await speaker.Up(them[0]);
        await speaker.Up(them[1]);

        using ScriptedPeer third = await ConnectAsync(them[2], us);
        await third.SendAsync(Open(routerId: 3));
        Assert.Equal([6, 8], await third.ReadTypeAsync(3));
        Assert.Equal(2, speaker.Speaker.Neighbors().Length);

        first.Dispose();
        await Wait.Until(() => !speaker.IsUp(them[0]), "the first is gone");
        using ScriptedPeer again = await ConnectAsync(them[2], us);
        await again.EstablishAsync(Open(routerId: 3));
        await speaker.Up(them[2]);
        Assert.DoesNotContain(speaker.Speaker.Neighbors(), r => r.Name == them[0]);
    }

    [Fact]
    public async Task The_longest_prefix_says_what_a_neighbour_is()
    {
        string us = NewAddress(), them = NewAddress();
        await using TestSpeaker speaker = TestSpeaker.Start(OptionsOf(us, sessions: [Prefix("127.0.0.0", 8, 65002), Prefix(them, 32, 65003), Prefix("0.0.0.0", 0, 65004)]));
        using ScriptedPeer peer = await ConnectAsync(them, us);
        await peer.EstablishAsync(Open(number: 65003));
        await speaker.Up(them);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_said_and_tried_again()
    {
        string us = NewAddress(), them = NewAddress();
        Socket squatter = Listen(us);
        await using TestSpeaker speaker = TestSpeaker.Start(OptionsOf(us, sessions: Neighbor(them) with { IsPassive = true }));
        await Wait.Until(() => speaker.Log.Any(static l => l.Contains("another program listens there")), "a line in the log", speaker.Describe);
        squatter.Dispose();
        await Wait.Until(() => speaker.Log.Any(static l => l.Contains("BGP listens at")), "listening", speaker.Describe);
        using ScriptedPeer peer = await ConnectAsync(them, us);
        await peer.EstablishAsync();
    }

    internal static EvpnDynamicOptions Prefix(string prefix, int length, uint number = 65001) => new() { Prefix = UnderlayAddress.Parse(prefix), PrefixLength = length, As = number };

    private static int FreePort(IPAddress address)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(address, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
