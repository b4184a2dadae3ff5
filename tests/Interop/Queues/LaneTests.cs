using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Queues;

/// <summary>The priority lane between two daemons: what it must not do to a flow, and that it can be off.</summary>
public sealed class LaneTests
{
    private const string MacA = "02:00:00:00:00:0a";
    private const string MacB = "02:00:00:00:00:0b";
    private const int FramesPerSecond = 10_000;
    private const int Frames = 60_000;
    private const int Flows = 1000;

    // Frames on their way at most: fewer than a queue takes, so that a machine that others keep busy delays them and loses none.
    private const int Window = 700;

    [Theory]
    [InlineData("vxlan", 1, 1)]
    [InlineData("geneve", 2, 4)]
    public void Flows_of_short_and_long_frames_keep_their_order_and_lose_nothing(string encap, int workers, int queues)
    {
        Requires.Bpf();
        using var lab = new NetLab();
        var (a, b) = Build(lab, encap, $"workers: {{ count: {workers} }}", queues);
        Assert.All([a, b], static site => site.Daemon.WaitForLog(", with a priority lane"));
        using var receiver = new PacketSocket(b.Tenant, "t0");
        using var sender = new PacketSocket(a.Tenant, "t0", receive: false);

        // Bursts of a flow, most of which begin with short frames and go on with long ones, come after a silence that lets the flow into the lane again.
        var random = new Random(1);
        var next = new int[Flows];
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < Frames;)
        {
            var flow = random.Next(Flows);
            var burst = random.Next(1, 12);
            for (var k = 0; k < burst && i < Frames; k++, i++)
            {
                var isShort = random.NextDouble() < (k < 2 ? 0.9 : 0.4);
                var due = start + (long)i * Stopwatch.Frequency / FramesPerSecond;
                if (Stopwatch.GetTimestamp() - due > Stopwatch.Frequency / 100) start += Stopwatch.GetTimestamp() - due;
                if (k == 0)
                {
                    while (Stopwatch.GetTimestamp() < due) Thread.Yield();
                    Wait.TryUntil(() => i - receiver.Count < Window, TimeSpan.FromSeconds(1));
                }

                var payload = new byte[isShort ? random.Next(16, 200) : random.Next(300, 1300)];
                BinaryPrimitives.WriteInt32BigEndian(payload, flow);
                BinaryPrimitives.WriteInt32BigEndian(payload.AsSpan(4), next[flow]++);
                sender.Send(Wire.Ethernet(MacB, MacA, 0x0800, Wire.Udp("10.0.0.1", "10.0.0.2", 1000 + flow, 9, payload, UdpChecksum.Zero)));
            }
        }

        Wait.TryUntil(() => receiver.Count >= Frames, TimeSpan.FromSeconds(5));
        var counters = $"{receiver.Count} of {Frames}; a {a.Daemon.SettledDrops()}; b {b.Daemon.SettledDrops()}; {Machine.Report()}";
        Assert.True(receiver.Count == Frames, counters);
        var expected = new int[Flows];
        foreach (var frame in receiver.Frames)
        {
            var flow = BinaryPrimitives.ReadInt32BigEndian(frame.Data.AsSpan(42));
            var number = BinaryPrimitives.ReadInt32BigEndian(frame.Data.AsSpan(46));
            Assert.True(number == expected[flow], $"frame {number} of flow {flow} instead of {expected[flow]}; {counters}");
            expected[flow]++;
        }

        foreach (var site in new[] { a, b })
        {
            // Short frames did go by the lane: a thread that nothing wakes has no time at all.
            var busy = ThreadTimes.Of(site.Daemon.Pid).Named(site == a ? "overlay-tx-lane" : "overlay-rx-lane");
            Assert.True(busy > TimeSpan.FromMilliseconds(2), $"{busy}");
            var drops = site.Daemon.SettledDrops();
            Assert.Equal((0L, 0L), (drops.Unaccounted("rx"), drops.Unaccounted("tx")));
            Assert.True(drops.Drops.Count == 0, counters);
        }
    }

    [Fact]
    public void Without_a_lane_there_is_neither_queue_nor_socket_nor_thread_for_it()
    {
        Requires.Bpf();
        using var lab = new NetLab();
        var (a, b) = Build(lab, "vxlan", "workers: { count: 1, lane: off }", queues: 1);
        foreach (var site in new[] { a, b })
        {
            site.Daemon.WaitForLog(", without a priority lane");
            Assert.Equal(TimeSpan.Zero, ThreadTimes.Of(site.Daemon.Pid).Named("overlay-tx-lane"));
        }

        using var receiver = new PacketSocket(b.Tenant, "t0");
        using var sender = new PacketSocket(a.Tenant, "t0", receive: false);
        sender.Send(Wire.Ethernet(MacB, MacA, 0x0800, Wire.Udp("10.0.0.1", "10.0.0.2", 1000, 9, new byte[20])));
        Wait.Until(() => receiver.Count == 1, TimeSpan.FromSeconds(5), "a frame");
    }

    private static (Site A, Site B) Build(NetLab lab, string encap, string workers, int queues)
    {
        var a = new Site(lab, "a", quietTenant: true);
        var b = new Site(lab, "b", quietTenant: true);
        NetLab.Join(a.Host, "u0", b.Host, "u0");
        NetLab.Address(a.Host, "u0", "192.0.2.1/24");
        NetLab.Address(b.Host, "u0", "192.0.2.2/24");

        // Frames of a flow that two threads send one after the other are received by the processors those ran on. With this the processor follows from the flow, as it does
        // where a network card chooses.
        Cmd.Run(b.Host, "sh", "-c", "echo 3 > /sys/class/net/u0/queues/rx-0/rps_cpus").OrThrow();
        b.Start(Yaml(b, "192.0.2.2", "192.0.2.1", MacB, MacA));
        a.Start(Yaml(a, "192.0.2.1", "192.0.2.2", MacA, MacB));
        NetLab.WaitForPing(a.Host, "192.0.2.2");
        return (a, b);

        string Yaml(Site site, string local, string remote, string mac, string remoteMac) => site.Yaml(
            local, 100, $"- {{ name: peer, addresses: [{remote}], encap: {encap}, vnis: [100] }}", port: string.Create(CultureInfo.InvariantCulture, $"mac: \"{mac}\", queues: {queues}"),
            more: $"{workers}\nmacs: [ {{ vni: 100, mac: \"{remoteMac}\", peer: peer }} ]");
    }
}
