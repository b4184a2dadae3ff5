using System.Buffers;
using System.Diagnostics;
using Overlay.Control.Evpn.Bgp.Session;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Control.Evpn.Tests.Rib.Support;
using Overlay.Encap;
using static Overlay.Control.Evpn.Tests.Rib.Support.RibBench;

namespace Overlay.Control.Evpn.Tests.Rib;

/// <summary>What many routes cost, from decoded octets to the forwarding tables. <c>OVERLAY_EVPN_ROUTES</c> sets how many; the figures go to the output.</summary>
public sealed class FigureTests(ITestOutputHelper output)
{
    private static readonly int Count = int.TryParse(Environment.GetEnvironmentVariable("OVERLAY_EVPN_ROUTES"), out int count) ? count : 50_000;

    /// <remarks>The bounds are for this number, a tenth of which are mailbox and slack; of a million a route costs 300 octets, and 520 with an address.</remarks>
    [Theory]
    [InlineData(false, 500)]
    [InlineData(true, 900)]
    public async Task A_route_costs_few_octets_in_all_and_little_time(bool hasAddress, int octets)
    {
        byte[][] updates = Messages(hasAddress, isWithdraw: false);
        byte[][] withdraws = Messages(hasAddress, isWithdraw: true);
        await using PlaneBench bench = await PlaneBench.StartAsync();
        FakeSession session = FakeSession.With("192.0.2.9", maxLength: 65535);
        bench.Speaker.Routes.Opened(session);
        await bench.Loop.SettleAsync();
        long before = GC.GetTotalMemory(forceFullCollection: true);
        long began = Stopwatch.GetTimestamp();
        Deliver(bench, session, updates);
        TimeSpan decided = Stopwatch.GetElapsedTime(began);
        await bench.Loop.SettleAsync();
        TimeSpan inForce = Stopwatch.GetElapsedTime(began);
        long after = GC.GetTotalMemory(forceFullCollection: true);
        Assert.Equal(Count, bench.Plane.Figures().RoutesByType[2]);
        Assert.Equal(Count, bench.Tables.FdbCount);
        double each = (after - before) / (double)Count;

        // Lost and back, everything given again: nothing changes.
        bench.Speaker.Routes.Closed(session, new BgpClose(BgpCloseKind.TransportLost, null, false, "test"));
        session = FakeSession.With("192.0.2.9", maxLength: 65535);
        began = Stopwatch.GetTimestamp();
        bench.Speaker.Routes.Opened(session);
        Deliver(bench, session, updates);
        await bench.Loop.SettleAsync();
        TimeSpan again = Stopwatch.GetElapsedTime(began);
        Assert.Equal(Count, bench.Tables.FdbCount);

        began = Stopwatch.GetTimestamp();
        Deliver(bench, session, withdraws);
        await bench.Loop.SettleAsync();
        TimeSpan gone = Stopwatch.GetElapsedTime(began);
        Assert.Equal(0, bench.Tables.FdbCount);
        output.WriteLine(
            $"{Count} routes{(hasAddress ? " with addresses" : string.Empty)}: decided in {decided.TotalMilliseconds:F0} ms, in force in {inForce.TotalMilliseconds:F0} ms, " +
            $"given again in {again.TotalMilliseconds:F0} ms, withdrawn in {gone.TotalMilliseconds:F0} ms, {each:F0} octets a route");
        Assert.InRange(each, 1, octets);
    }

    private static void Deliver(PlaneBench bench, FakeSession session, byte[][] messages)
    {
        foreach (byte[] message in messages)
        {
            Assert.Null(bench.Speaker.Routes.Received(session, message.AsSpan(19)));
        }
    }

    private static byte[][] Messages(bool hasAddress, bool isWithdraw)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var writer = new UpdateWriter(buffer, 4096);
        if (isWithdraw)
        {
            writer.BeginWithdraw();
        }

        for (int i = 0; i < Count; i++)
        {
            if (!isWithdraw && i % 1000 == 0)
            {
                writer.Begin(From($"198.51.100.{(i / 1000 % 250) + 1}").Build());
            }

            writer.Add(MacRoute("192.0.2.2", i + 1, ip: hasAddress ? $"10.{i >> 16}.{(i >> 8) & 255}.{i & 255}" : null));
        }

        writer.End();
        var messages = new List<byte[]>();
        ReadOnlySpan<byte> rest = buffer.WrittenSpan;
        while (rest.Length > 0)
        {
            int length = (rest[16] << 8) | rest[17];
            messages.Add(rest[..length].ToArray());
            rest = rest[length..];
        }

        return [.. messages];
    }
}
