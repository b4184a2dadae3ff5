using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Probes;
using Overlay.Dataplane.Tests.Pipeline;
using Overlay.Encap;
using Overlay.Encap.Probes;
using Overlay.TestKit.InMemory;
using Xunit;

namespace Overlay.Dataplane.Tests.Probes;

/// <summary>The control side's half: questions, answers, and what is neither.</summary>
public sealed class ProbeExchangeTests
{
    public static TheoryData<Wire> Wires => Bench.Wires;

    [Theory]
    [MemberData(nameof(Wires))]
    public async Task An_answer_with_the_number_of_a_question_counts_once_and_any_other_not_at_all(Wire wire)
    {
        (Bench bench, ProbeExchange exchange, LockedUnderlay underlay) = Make(wire);
        Task<IReadOnlyList<ProbeResult>> probing = exchange.ProbeAsync([Target(bench, wire)], TestContext.Current.CancellationToken);
        int seen = 0;
        while (!probing.IsCompleted && seen < ProbeExchange.Rounds)
        {
            foreach (SentDatagram sent in underlay.Take())
            {
                ProbeFrame question = Read(sent);
                Assert.Equal(ProbeKind.Question, question.Kind);
                Assert.Equal(bench.PeerB, sent.Destination);
                seen++;
                Put(exchange, bench, wire, question with { Kind = ProbeKind.Answer, NonceLow = question.NonceLow ^ 1 });
                Put(exchange, bench, wire, question with { Kind = ProbeKind.Answer }, new Vni(200));
                if (seen == 3)
                    continue;
                Put(exchange, bench, wire, question with { Kind = ProbeKind.Answer });
                Put(exchange, bench, wire, question with { Kind = ProbeKind.Answer });
            }

            await Task.Yield();
        }

        ProbeResult result = Assert.Single(await probing);
        Assert.Equal((3, 2, DropReason.None, bench.PeerB), (result.Sent, result.Answered, result.Refused, result.From));
        Assert.NotNull(result.RoundTrip);
        exchange.Stop();
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public async Task A_question_gets_one_answer_no_longer_than_itself_and_an_answer_gets_none(Wire wire)
    {
        (Bench bench, ProbeExchange exchange, LockedUnderlay underlay) = Make(wire);
        Put(exchange, bench, wire, new ProbeFrame(ProbeKind.Answer, 5, 6));
        Put(exchange, bench, wire, new ProbeFrame(ProbeKind.Question, 7, 8));
        List<SentDatagram> sent = [];
        while (sent.Count == 0 && !TestContext.Current.CancellationToken.IsCancellationRequested)
        {
            await Task.Yield();
            sent.AddRange(underlay.Take());
        }

        SentDatagram answer = Assert.Single(sent);
        Assert.Equal((bench.PeerB, wire.Encap), (answer.Destination, answer.Encap));
        Assert.Equal(new ProbeFrame(ProbeKind.Answer, 7, 8), Read(answer));
        Assert.Equal(8 + ProbeFrame.Length, answer.Payload.Length);
        exchange.Stop();
    }

    [Fact]
    public async Task What_cannot_be_sent_is_not_waited_for()
    {
        Wire wire = Wire.All[0];
        (Bench bench, ProbeExchange exchange, _) = Make(wire);
        exchange.Stop();
        ProbeResult result = Assert.Single(await exchange.ProbeAsync([Target(bench, wire)], TestContext.Current.CancellationToken));
        Assert.Equal((0, 0, DropReason.ShuttingDown), (result.Sent, result.Answered, result.Refused));
    }

    private static (Bench Bench, ProbeExchange Exchange, LockedUnderlay Underlay) Make(Wire wire)
    {
        Bench bench = new(wire);
        ProbeExchange exchange = new(bench.Node.Forwarding, TimeProvider.System);
        LockedUnderlay underlay = new(bench.Node.Underlay);
        exchange.Start(underlay);
        return (bench, exchange, underlay);
    }

    private static ProbeTarget Target(Bench bench, Wire wire) => new(bench.PeerB, wire.Encap, 4789, Bench.V100);

    private static void Put(ProbeExchange exchange, Bench bench, Wire wire, ProbeFrame probe, Vni? vni = null)
    {
        ControlFrame frame = new()
        {
            Vni = vni ?? Bench.V100,
            Source = bench.PeerB,
            Encap = wire.Encap,
            SourceHop = bench.HopB.Index,
            At = TimeProvider.System.GetTimestamp(),
            Probe = probe,
        };
        Assert.True(exchange.Inbox.TryPut(in frame));
    }

    private static ProbeFrame Read(SentDatagram sent)
    {
        Assert.True(ProbeFrame.TryRead(sent.Payload.AsSpan(8), out ProbeFrame probe));
        return probe;
    }
}
