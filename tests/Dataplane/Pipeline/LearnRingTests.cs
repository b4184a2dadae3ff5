using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Pipeline;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.TestKit.InMemory;
using Xunit;

namespace Overlay.Dataplane.Tests.Pipeline;

public sealed class LearnRingTests
{
    [Fact]
    public void Hints_come_out_in_order_over_the_wrap()
    {
        LearnRing ring = new(8);
        LearnHint[] hints = new LearnHint[3];
        uint written = 0;
        uint read = 0;
        for (int round = 0; round < 1000; round++)
        {
            written += (uint)LearnRingFiller.Fill(ring, written, (round % 5) + 1);
            int count = ring.Take(hints);
            for (int i = 0; i < count; i++)
                Assert.Equal(read++, (uint)hints[i].Mac.Value);
        }

        Assert.Equal((int)(written - read), ring.Count);
    }

    [Fact]
    public void Producer_and_consumer_on_two_threads_lose_nothing_and_tear_nothing()
    {
        LearnRing ring = new(64);
        const int Total = 200_000;
        Thread producer = new(() =>
        {
            for (uint i = 0; i < Total;)
            {
                LearnHint hint = new() { Mac = new MacAddress(i), Vni = new Vni(i & 0xFFFF), Seen = new FdbTarget(i ^ 0x5A5A_5A5A) };
                if (ring.TryAdd(hint))
                    i++;
                else
                    Thread.Yield();
            }
        });
        producer.Start();
        LearnHint[] hints = new LearnHint[50];
        for (uint expected = 0; expected < Total;)
        {
            int count = ring.Take(hints);
            if (count == 0)
                Thread.Yield();

            foreach (LearnHint hint in hints.AsSpan(0, count))
            {
                Assert.Equal(expected, (uint)hint.Mac.Value);
                Assert.Equal(expected & 0xFFFF, hint.Vni.Value);
                Assert.Equal(expected ^ 0x5A5A_5A5A, hint.Seen.Raw);
                expected++;
            }
        }

        producer.Join();
    }

    [Fact]
    public void The_bell_rings_once_for_each_time_it_is_armed()
    {
        int rung = 0;
        LearnBell bell = new();
        LearnRing[] rings = [new(64, bell), new(64, bell)];
        _ = LearnRingFiller.Fill(rings[0], 0, 3);
        Assert.Equal(0, rung);
        for (int i = 1; i <= 3; i++)
        {
            bell.Arm(() => rung++);
            bell.Arm(() => rung++);
            foreach (LearnRing ring in rings)
                _ = LearnRingFiller.Fill(ring, 0, 4);

            Assert.Equal(i, rung);
        }
    }

    [Fact]
    public void Whoever_sleeps_is_woken_by_every_hint_that_it_did_not_see()
    {
        const int Total = 50_000;
        using ManualResetEventSlim wake = new(false, spinCount: 0);
        ForwardingState state = new(2);
        LearnRing[] rings = [state.AddLearnRing(64), state.AddLearnRing(64)];
        int read = 0;
        Thread[] workers = [.. rings.Select(ring => new Thread(() =>
        {
            for (uint i = 0; i < Total; i++)
            {
                while (LearnRingFiller.Fill(ring, i, 1) == 0)
                    Thread.Yield();

                // Now and then the reader has time to fall asleep.
                if (i % 16 == 0)
                    SpinWait.SpinUntil(() => ring.Count == 0);
            }
        }))];
        foreach (Thread worker in workers)
            worker.Start();

        LearnHint[] hints = new LearnHint[50];
        while (read < Total * rings.Length)
        {
            if (state.AwaitHint(wake.Set))
                Assert.True(wake.Wait(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken), $"nobody woke it after {read} hints");

            wake.Reset();
            for (int count = -1; count != 0; read += count)
                count = state.ReadHints(hints);
        }

        foreach (Thread worker in workers)
            worker.Join();
    }

    [Fact]
    public void A_lost_hint_is_counted_and_the_frame_is_forwarded()
    {
        Bench bench = new(Wire.All[0]);
        for (ulong i = 0; i < 5000; i++)
            bench.Node.Device("web").Put(Frames.Opaque(MacAddress.Broadcast, new MacAddress(0x02_11_00_00_00_00UL + i)));

        bench.Node.Pump();
        Assert.Equal(5000 - 4096, bench.Node.Counters.Anomalies(AnomalyKind.LearnHintLost));
        Assert.Equal(5000, bench.Node.Totals.Delivered(Direction.Tx));
    }

    [Fact]
    public void A_batch_tells_of_a_mac_once_in_each_vni()
    {
        LearnRing ring = new(64);
        HintFilter filter = new(ring, new WorkerCounters(0));
        for (int batch = 0; batch < 2; batch++)
        {
            filter.BeginBatch();
            foreach (int vni in (ReadOnlySpan<int>)[1, 1, 65, 65])
                filter.Add(new LearnHint { Mac = Bench.Tenant, Vni = new Vni(vni) });
        }

        LearnHint[] hints = new LearnHint[8];
        Assert.Equal([1u, 65u, 1u, 65u], hints[..ring.Take(hints)].Select(static hint => hint.Vni.Value));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void The_size_is_a_power_of_two(int size) => Assert.Throws<ArgumentOutOfRangeException>(() => new LearnRing(size));
}
