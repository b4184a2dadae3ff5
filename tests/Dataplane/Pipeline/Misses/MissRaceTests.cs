using System.Buffers.Binary;
using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Encap;
using Overlay.Encap.Ethernet;
using Overlay.Forwarding;
using Overlay.TestKit.InMemory;
using Xunit;
using static Overlay.Dataplane.Tests.Pipeline.Bench;
using Wait = Overlay.TestKit.Net.Wait;

namespace Overlay.Dataplane.Tests.Pipeline.Misses;

/// <summary>A worker that asks and a control thread that answers, forgets and answers again, as fast as both can.</summary>
public sealed class MissRaceTests
{
    private const int Macs = 24;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void No_answer_is_missed_and_no_frame_overtakes_another_of_its_destination()
    {
        int batches = Environment.GetEnvironmentVariable("OVERLAY_QUICK") == "1" ? 20_000 : 200_000;
        Bench bench = MissTests.Asking(Wire.All[0]);
        bench.Node.Device("db").Keeps = false;
        int woken = 0;
        bench.Node.Encap.WakeBy(() => Volatile.Write(ref woken, 1));
        bool isOver = false;
        Exception? fault = null;
        Thread control = new(() =>
        {
            try
            {
                Answer(bench, () => Volatile.Read(ref isOver));
            }
            catch (Exception exception)
            {
                fault = exception;
            }
        });
        control.Start();
        uint[] last = new uint[Macs];
        long sent = 0;
        try
        {
            sent = Send(bench, batches, last, ref woken);

            // From here on nothing but being woken lets frames go.
            Wait.Until(
                () =>
                {
                    if (Interlocked.Exchange(ref woken, 0) != 0)
                        bench.Node.Encap.ReleaseHeld(0);

                    return bench.Node.Encap.HeldCount == 0 || fault is not null;
                },
                Patience,
                "frames that wait to be let go");
        }
        finally
        {
            Volatile.Write(ref isOver, true);
            control.Join();
        }

        Assert.Null(fault);
        Check(bench, last);
        Assert.Equal(sent, bench.Node.Totals.Received(Direction.Tx));
        Assert.True(bench.Node.IsBalanced());
        Assert.Equal(0, bench.Node.Forwarding.HeldFrames);
    }

    private static long Send(Bench bench, int batches, uint[] last, ref int woken)
    {
        Random random = new(7);
        PacketBatch batch = bench.Node.FrameBatch;
        byte[][] frames = [.. Enumerable.Range(0, Macs).Select(static i => Frames.Opaque(Mac(i), Tenant))];
        uint number = 0;
        for (int i = 0; i < batches; i++)
        {
            batch.Clear();
            for (int left = random.Next(1, 8); left > 0; left--)
            {
                byte[] frame = frames[random.Next(Macs)];
                BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(EthernetHeader.Length), ++number);
                batch.Add(frame);
            }

            bench.Node.Encap.Process(bench.Node.Port("web"), 0, batch);
            if (Interlocked.Exchange(ref woken, 0) != 0)
                bench.Node.Encap.ReleaseHeld(0);

            if (i % 16 == 0)
                Check(bench, last);
        }

        return number;
    }

    // To one peer, what goes to one destination is in the order it was sent in.
    private static void Check(Bench bench, uint[] last)
    {
        foreach (SentDatagram datagram in bench.Node.Underlay.Take())
        {
            if (datagram.Destination != bench.PeerB)
                continue;

            ReadOnlySpan<byte> inner = datagram.Payload.AsSpan(8);
            int mac = (int)(MacAddress.Read(inner).Value & 0xFF);
            uint number = BinaryPrimitives.ReadUInt32BigEndian(inner[EthernetHeader.Length..]);
            Assert.True(number > last[mac], $"{number} came behind {last[mac]}");
            last[mac] = number;
        }
    }

    private static void Answer(Bench bench, Func<bool> isOver)
    {
        Random random = new(8);
        ForwardingState state = bench.Node.Forwarding;
        LearnHint[] hints = new LearnHint[64];
        while (!isOver())
        {
            int count = state.ReadHints(hints);
            foreach (LearnHint hint in hints.AsSpan(0, count))
            {
                switch (random.Next(3))
                {
                    case 0:
                        Assert.True(state.TryWriteMac(V100, hint.Mac, FdbTarget.ToNextHop(bench.HopB), FdbOrigin.Etcd, FdbFlags.None));
                        break;
                    case 1:
                        Assert.True(state.WriteNegative(V100, hint.Mac));
                        break;
                    default:
                        break;
                }

                state.ReleaseHeld(V100, hint.Mac);
            }

            MacAddress forgotten = Mac(random.Next(Macs));
            _ = state.RemoveMac(V100, forgotten);
            _ = state.RemoveNegative(V100, forgotten);
        }
    }

    private static MacAddress Mac(int n) => new(0x0200_0002_0000UL + (uint)n);
}
