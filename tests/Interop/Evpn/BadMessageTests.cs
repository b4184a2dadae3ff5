using System.Text.Json.Nodes;
using Overlay.Control.Evpn.Tests.BadMessages;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Evpn;

/// <summary>Every message of the list of bad ones, each sent by a neighbour of its own to a running daemon, while another session and its traffic go on.</summary>
public sealed class BadMessageTests(ITestOutputHelper output)
{
    private const string Ours = "192.0.2.1";
    private const string Good = "192.0.2.3";
    private static readonly byte[] GoodMac = [0x02, 0x77, 0, 0, 0, 1];

    [Fact]
    public void Every_case_has_the_outcome_that_was_written_down_and_nobody_else_notices()
    {
        using var lab = new NetLab();
        var site = new Site(lab, "a", quietTenant: true);
        var peers = lab.AddHost("p");
        NetLab.Join(site.Host, "u0", peers, "u0");
        NetLab.Address(site.Host, "u0", $"{Ours}/24");
        NetLab.Address(peers, "u0", "192.0.2.2/24", $"{Good}/24");

        // Each case comes from an address of its own: a back-off of ours after one must not hold up the next.
        NetLab.Ip(site.Host, "route", "add", "198.18.0.0/15", "via", "192.0.2.2");
        NetLab.Ip(peers, "route", "add", "local", "198.18.0.0/15", "dev", "lo");
        site.Start(
            EvpnLab.Yaml("vtep-a", site.Tenant, Ours, 100, $$"""
                { as: 65001, router_id: {{Ours}}, neighbors: [{ address: {{Good}}, as: 65003, passive: true, hold_time: 0s }],
                  dynamic: [{ prefix: 198.18.0.0/16, as: 65002, limit: 10000, multihop: 4 }, { prefix: 198.19.0.0/16, as: 65001, limit: 10000 }] }
            """),
            "10.0.0.1/24");

        using var good = new RawBgpPeer(peers, Good, Ours);
        good.Establish(RawBgpPeer.Open(65003, [192, 0, 2, 3]));
        good.Send(RawBgpPeer.Announce(GoodMac, [192, 0, 2, 3], 65003));
        EvpnLab.WaitBehind(site.Daemon, 100, "02:77:00:00:00:01", Good);
        using var traffic = new Traffic(site.Tenant, peers);

        List<string> wrong = [];
        for (var i = 0; i < BadMessage.All.Count; i++)
        {
            var one = BadMessage.All[i];
            try
            {
                if (Try(site.Daemon, peers, one, i) is { } fault) wrong.Add($"{one.Name} ({one.Rfc}; {one.Why}): expected {one.Expected}, {fault}");
            }
            catch (Exception e) when (e is System.Net.Sockets.SocketException or InvalidOperationException)
            {
                wrong.Add($"{one.Name} ({one.Rfc}; {one.Why}): {e.Message}");
            }

            Assert.True(site.Daemon.IsRunning, $"after {one.Name}\n{site.Daemon.Log}");
        }

        var (sent, lost) = traffic.Finish();
        output.WriteLine($"{BadMessage.All.Count} cases; {sent} frames sent meanwhile, {lost} lost; {Machine.Report()}");
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        var row = EvpnLab.Neighbor(site.Daemon, Good)!;
        Assert.Equal(("established", 1), ((string?)row["state"], (int)row["established"]!));
        Assert.Equal(0, lost);
    }

    // What was wrong, or null.
    private static string? Try(OverlaydProcess daemon, string peers, BadMessage one, int number)
    {
        var from = $"198.{(one.IsInternal ? 19 : 18)}.{number / 200}.{number % 200 + 1}";
        using var peer = new RawBgpPeer(peers, from, Ours);
        var open = RawBgpPeer.Open(one.IsInternal ? 65001u : 65002u, [192, 0, 2, 2], one.IsFourOctetAs, one.MaxLength > 4096);
        switch (one.State)
        {
            case "established":
                peer.Establish(open);
                break;
            case "open-confirm":
                peer.Send(open);
                _ = peer.Until(4);
                break;
            default:
                break;
        }

        peer.Send(one.Octets);
        var isReset = one.Expected.StartsWith("reset ", StringComparison.Ordinal);
        if (isReset)
        {
            var answer = peer.Until(3);
            var got = answer is null ? "the connection ended without a word" : $"got {answer[19]}/{answer[20]}";
            if (got != $"got {one.Expected[6..]}") return got;
            return one.Data != "-" && Convert.ToHexString(answer.AsSpan(21)) is var data && !string.Equals(data, one.Data, StringComparison.OrdinalIgnoreCase) ? $"with data {data}, not {one.Data}" : null;
        }

        if (one.State != "established")
        {
            peer.Send(RawBgpPeer.Keepalive);
            return peer.Until(4) is { } kept && kept[18] == 4 ? null : "the session did not come up";
        }

        // Answered behind the message: what it did is done then.
        while (peer.Read() is { } early && !IsEndOfRib(early))
        {
            // Ours, and of no interest.
        }

        peer.Send(RawBgpPeer.Refresh);
        var reply = peer.Until(2);
        if (reply is null || reply[18] == 3) return reply is null ? "the connection ended without a word" : $"got NOTIFICATION {reply[19]}/{reply[20]}";
        var fault = Judge(daemon, one, from);
        peer.Send(RawBgpPeer.HardReset);
        return fault;
    }

    private static string? Judge(OverlaydProcess daemon, BadMessage one, string from)
    {
        var row = daemon.Api.Get("/v1/evpn/neighbors?neighbor=" + from)["neighbors"]![0]!;
        foreach (var name in one.Faults.Split(',').Where(name => name != "-"))
        {
            if ((long?)row["faults"]![name] is not > 0) return $"'{name}' was not counted: {row["faults"]!.ToJsonString()}";
        }

        // A case without a MAC is about flooding.
        var routes = EvpnLab.Routes(daemon, one.Mac == "-" ? $"?type=3&neighbor={from}" : $"?mac={one.Mac}&neighbor={from}");
        return one.Expected switch
        {
            "not-installed" when routes.Any(route => route["reason"] is null) => $"it is used: {Text(routes)}",
            "treat-as-withdraw" or "skip-nlri" when one.Reach == 0 && routes.Count > 0 => $"it is held: {Text(routes)}",
            _ => null,
        };
    }

    private static string Text(IReadOnlyList<JsonNode> routes) => string.Join(' ', routes.Select(route => route.ToJsonString()));

    private static bool IsEndOfRib(byte[] message) => message[18] == 2 && message.Length == 19 + 4 + 6 && message[24] == 15;

    /// <summary>A frame each millisecond to the good neighbour's MAC, numbered, counted where the VTEP is.</summary>
    private sealed class Traffic : IDisposable
    {
        private const int NumberAt = 14 + 20 + 8 + 8 + 14;
        private readonly PacketSocket _sender;
        private readonly PacketSocket _receiver;
        private readonly Thread _thread;
        private volatile bool _stop;
        private int _sent;

        public Traffic(string tenant, string peers)
        {
            var mac = NetLab.MacOf(tenant, "t0");
            _sender = new PacketSocket(tenant, "t0", receive: false);
            _receiver = new PacketSocket(peers, "u0", filter: frame => frame.Length > NumberAt + 4 && frame.AsSpan(50, 6).SequenceEqual(GoodMac));
            _thread = new Thread(() =>
            {
                while (!_stop)
                {
                    var number = new byte[50];
                    System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(number, _sent);
                    _sender.Send(Wire.Ethernet("02:77:00:00:00:01", mac, 0x88b5, number));
                    Interlocked.Increment(ref _sent);
                    Thread.Sleep(1);
                }
            })
            { IsBackground = true, Name = "traffic" };
            _thread.Start();
        }

        public (int Sent, int Lost) Finish()
        {
            _stop = true;
            _thread.Join();
            Wait.TryUntil(() => _receiver.Count >= _sent, TimeSpan.FromSeconds(10));
            var seen = _receiver.Frames.Select(frame => System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(frame.Data.AsSpan(NumberAt))).Distinct().Count();
            return (_sent, _sent - seen);
        }

        public void Dispose()
        {
            _stop = true;
            _thread.Join();
            _sender.Dispose();
            _receiver.Dispose();
        }
    }
}
