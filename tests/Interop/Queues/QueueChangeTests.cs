using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Queues;

/// <summary>The number of a TAP's queues changes under traffic, with two workers: nothing is lost, nothing overtakes another frame of its flow.</summary>
public sealed class QueueChangeTests
{
    private const string MacA = "02:00:00:00:00:0a";
    private const string MacB = "02:00:00:00:00:0b";
    private const int FramesPerSecond = 10_000;
    private const int Flows = 32;

    // Frames on their way at most: fewer than a queue takes, so that a machine that others keep busy delays them and loses none.
    private const int Window = 700;

    [Theory]
    [InlineData("from the port", "tap", "off", 64)]
    [InlineData("to the port", "tap", "off", 64)]
    [InlineData("from the port", "existing", "off", 64)]
    [InlineData("from the port", "tap", "auto", 300)]
    public void Four_queues_one_and_four_again_lose_and_reorder_nothing(string direction, string device, string lane, int length)
    {
        Requires.Bpf();
        using var lab = new NetLab();
        var a = new Site(lab, "a", quietTenant: true);
        var b = new Site(lab, "b", quietTenant: true);
        NetLab.Join(a.Host, "u0", b.Host, "u0");
        NetLab.Address(a.Host, "u0", "192.0.2.1/24");
        NetLab.Address(b.Host, "u0", "192.0.2.2/24");
        SteerReceivedFrames(a.Host);
        SteerReceivedFrames(b.Host);
        if (device == "existing") NetLab.Ip(a.Tenant, "tuntap", "add", "t0", "mode", "tap", "multi_queue");
        b.Start(Yaml(b, "192.0.2.2", "192.0.2.1", MacB, MacA, lane, queues: 1));
        a.Start(Yaml(a, "192.0.2.1", "192.0.2.2", MacA, MacB, lane, queues: 4));
        NetLab.WaitForPing(a.Host, "192.0.2.2");
        Assert.DoesNotContain("bpf", a.Daemon.Log, StringComparison.Ordinal);
        var (from, to) = direction == "from the port" ? (a, b) : (b, a);
        using var receiver = new PacketSocket(to.Tenant, "t0");
        using var load = new Load(from.Tenant, from == a ? MacB : MacA, from == a ? MacA : MacB, length, () => receiver.Count);
        foreach (var queues in new[] { 1, 4, 1, 4, 2, 3, 1, 4 })
        {
            load.Run(FramesPerSecond / 4);
            a.Daemon.WriteConfig(Yaml(a, "192.0.2.1", "192.0.2.2", MacA, MacB, lane, queues));
            var (status, body) = a.Daemon.Api.Send(HttpMethod.Post, "/v1/config/reload");
            Assert.True(status == HttpStatusCode.OK, $"{body}");
            Assert.Equal(queues, (int)a.Daemon.Status()["ports"]![0]!["queues"]!);
        }

        load.Run(FramesPerSecond / 4);
        var sent = load.Stop();
        Wait.TryUntil(() => receiver.Count >= sent, TimeSpan.FromSeconds(5));
        var counters = $"{receiver.Count} of {sent}; a {a.Daemon.SettledDrops()} {Kernel(a)}; b {b.Daemon.SettledDrops()} {Kernel(b)}; {Machine.Report()}";
        Assert.True(receiver.Count == sent, counters);
        var last = new int[Flows];
        Array.Fill(last, -1);
        foreach (var frame in receiver.Frames)
        {
            var number = BinaryPrimitives.ReadInt32BigEndian(frame.Data.AsSpan(42));
            Assert.True(number > last[number % Flows], $"frame {number} of flow {number % Flows} after {last[number % Flows]}; {counters}");
            last[number % Flows] = number;
        }

        foreach (var site in new[] { a, b })
        {
            var drops = site.Daemon.SettledDrops();
            Assert.Equal((0L, 0L), (drops.Unaccounted("rx"), drops.Unaccounted("tx")));
            Assert.True(drops.Drops.Count == 0 && Kernel(site) == "", counters);
        }
    }

    // Frames of a flow that two workers send one after the other are received by the processors those ran on. With this the processor follows from the flow, as it does where
    // a network card chooses.
    private static void SteerReceivedFrames(string host) => Cmd.Run(host, "sh", "-c", "echo 3 > /sys/class/net/u0/queues/rx-0/rps_cpus").OrThrow();

    private static string Kernel(Site site) =>
        string.Join(' ', site.Daemon.Api.Get("/v1/drops")["kernel"]!.AsArray().Where(row => (long)row!["value"]! != 0).Select(row => $"{row!["name"]}={row["value"]}"));

    private static string Yaml(Site site, string local, string remote, string mac, string remoteMac, string lane, int queues) => site.Yaml(
        local, 100, $"- {{ name: peer, addresses: [{remote}], encap: vxlan, vnis: [100] }}", port: $"mac: \"{mac}\", queues: {queues}",
        more: $"workers: {{ count: 2, lane: {lane} }}\nmacs: [ {{ vni: 100, mac: \"{remoteMac}\", peer: peer }} ]");

    /// <summary>Numbered frames of many flows at a fixed rate, until it is stopped.</summary>
    private sealed class Load : IDisposable
    {
        private readonly PacketSocket _socket;
        private readonly Thread _thread;
        private readonly byte[][] _frames;
        private readonly Func<int> _arrived;
        private int _sent;
        private volatile bool _stop;

        public Load(string ns, string to, string from, int length, Func<int> arrived)
        {
            _arrived = arrived;
            _socket = new PacketSocket(ns, "t0", receive: false);
            _frames = [.. Enumerable.Range(0, Flows).Select(flow => Wire.Ethernet(to, from, 0x0800, Wire.Udp("10.0.0.1", "10.0.0.2", 1000 + flow, 9, new byte[length])))];

            // The payload changes: no UDP checksum.
            foreach (var frame in _frames) frame.AsSpan(40, 2).Clear();
            _thread = new Thread(Send) { IsBackground = true, Name = "load" };
            _thread.Start();
        }

        /// <summary>Waits for so many more frames.</summary>
        public void Run(int frames)
        {
            var until = Volatile.Read(ref _sent) + frames;
            Wait.Until(() => Volatile.Read(ref _sent) >= until, TimeSpan.FromSeconds(30), "frames to be sent");
        }

        public int Stop()
        {
            _stop = true;
            _thread.Join();
            return _sent;
        }

        public void Dispose()
        {
            _ = Stop();
            _socket.Dispose();
        }

        private void Send()
        {
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; !_stop; i++)
            {
                // After a pause of the whole machine it goes on at its rate, not in a burst.
                var due = start + (long)i * Stopwatch.Frequency / FramesPerSecond;
                if (Stopwatch.GetTimestamp() - due > Stopwatch.Frequency / 100) start += Stopwatch.GetTimestamp() - due;
                while (Stopwatch.GetTimestamp() < due) Thread.Yield();
                if (i % 64 == 0) Wait.TryUntil(() => i - _arrived() < Window, TimeSpan.FromSeconds(1));
                var frame = _frames[i % Flows];
                BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(42), i);
                _socket.Send(frame);
                Volatile.Write(ref _sent, i + 1);
            }
        }
    }
}
