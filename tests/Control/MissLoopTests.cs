using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Overlay.Control.Queries;
using Overlay.Control.Tests.Support;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using static Overlay.Control.Tests.Support.Bench;

namespace Overlay.Control.Tests;

/// <summary>Questions through the whole loop: a worker's hint wakes it, a plane on another thread answers, and the worker hears of it.</summary>
public sealed class MissLoopTests
{
    private const int Count = 200;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Every_question_is_answered_as_it_comes()
    {
        var writer = new RecordingWriter();
        writer.AddVni(V);
        await using var loop = new ControlLoop(writer, new ControlOptions(), TimeProvider.System, NullLoggerFactory.Instance);
        loop.AddPlane(new Store());
        loop.Start();
        await loop.SetLocalAddresses([Ip("192.0.2.1")]);
        await loop.SetTopology(new TopologySpec { Vnis = [new VniSpec { Vni = new Vni(V), AsksOnMiss = true }] }, new Dictionary<string, PortId>());
        using var patience = new CancellationTokenSource(Patience);
        while (!(await loop.Planes()).Any(static plane => plane.IsConnected))
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        var times = new List<double>();
        for (int i = 0; i < Count; i++)
        {
            long began = Stopwatch.GetTimestamp();
            writer.Tell(new LearnHint { Vni = new Vni(V), Mac = Mac(i), IsMiss = true });
            while (writer.ReleasedCount <= i)
            {
                patience.Token.ThrowIfCancellationRequested();
                await Task.Yield();
            }

            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        times.Sort();
        TestContext.Current.TestOutputHelper?.WriteLine($"answered in {times[Count / 2]:0.00} ms in the middle, {times[Count * 95 / 100]:0.00} ms at 95 %, {times[^1]:0.00} ms at most");
        MissCounters misses = (await loop.Figures()).Misses;
        Assert.Equal((Count, Count / 2, Count / 2, 0L, 0L), (misses.Asked, misses.Answered, misses.Nobody, misses.Unanswered, misses.Refused));
        await loop.SettleAsync();
        Assert.Equal(Count / 2, writer.MacCount(V));
        Assert.Equal(Count / 2, writer.Negative.Count);
    }

    /// <summary>A store that has every other MAC, each behind a VTEP of which nobody has heard before.</summary>
    private sealed class Store : IControlPlane
    {
        public string Name => "store";

        public RouteOrigin Origin => RouteOrigin.Etcd;

        public bool AnswersMisses => true;

        public async Task RunAsync(IRouteSink routes, ChannelReader<LocalEvent> local, CancellationToken cancellationToken)
        {
            routes.ReportConnected(true);
            await foreach (LocalEvent fact in local.ReadAllAsync(cancellationToken))
            {
                if (fact.Kind != LocalEventKind.Miss)
                {
                    continue;
                }

                if (fact.Mac.Value % 2 == 0)
                {
                    string vtep = $"192.0.2.{2 + ((int)fact.Mac.Value & 0x7F)}";
                    routes.Answer(new MacRoute(fact.Vni, fact.Mac, To(vtep) with { Address = Ip(vtep) }));
                }
                else
                {
                    routes.NoSuchMac(fact.Vni, fact.Mac, TimeSpan.FromMinutes(5));
                }
            }
        }
    }
}
