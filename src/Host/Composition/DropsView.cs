using Overlay.Api;
using Overlay.Dataplane;
using Overlay.Dataplane.Diagnostics;

namespace Overlay.Host.Composition;

/// <summary>Drops in the API's form.</summary>
internal static class DropsView
{
    public static DropsResponse Build(DataplaneSnapshot snapshot, TrafficSampler sampler, bool all)
    {
        var counters = snapshot.Counters;
        var rows = new List<DropRow>();
        foreach (var direction in new[] { Direction.Tx, Direction.Rx })
        {
            for (var r = 1; r < DropReasons.Count; r++)
            {
                var reason = (DropReason)r;
                var (total, copies) = (counters.Dropped(direction, reason), counters.CopyDropped(direction, reason));
                if (all || total != 0 || copies != 0)
                {
                    rows.Add(Row(direction, reason, total, copies, sampler));
                }
            }
        }

        return new DropsResponse
        {
            Drops = [.. rows.OrderByDescending(row => row.LastMinute).ThenByDescending(row => row.Total).ThenBy(row => row.Reason, StringComparer.Ordinal)],
            Totals = new DropTotals { Tx = Totals(counters, Direction.Tx), Rx = Totals(counters, Direction.Rx) },
            Anomalies =
            [
                .. Enumerable.Range(0, AnomalyKinds.Count)
                    .Select(kind => new AnomalyRow { Kind = AnomalyKinds.Name((AnomalyKind)kind), Total = counters.Anomalies((AnomalyKind)kind) })
                    .Where(row => all || row.Total != 0),
            ],
            Kernel = [.. snapshot.Kernel.Select(counter => new Overlay.Api.KernelCounter { Name = counter.Name, Value = counter.Value, Note = counter.Note })],
        };
    }

    private static DropRow Row(Direction direction, DropReason reason, long total, long copies, TrafficSampler sampler) => new()
    {
        Reason = DropReasons.Name(reason),
        Dir = direction == Direction.Tx ? "tx" : "rx",
        LastMinute = sampler.LastMinute(direction, reason),
        Total = total,
        CopiesTotal = copies,
        Sentence = DropReasons.Sentence(reason),
        Sample = sampler.Sample(direction, reason) is { } kept ? Sample(kept.Sample, kept.Age) : null,
    };

    private static Overlay.Api.DropSample Sample(Overlay.Dataplane.Diagnostics.DropSample sample, TimeSpan age) => new()
    {
        Hex = Convert.ToHexStringLower(sample.Octets.Span),
        Vni = (int?)sample.Vni?.Value,
        Peer = sample.Peer?.ToString(),
        SecondsAgo = Math.Round(age.TotalSeconds),
    };

    private static DirectionTotals Totals(CounterSnapshot counters, Direction direction) => new()
    {
        Received = counters.Received(direction),
        Delivered = counters.Delivered(direction),
        Consumed = counters.Consumed(direction),
        Dropped = counters.Dropped(direction),
        Copies = counters.Copies(direction),
        CopyDrops = counters.CopyDropped(direction),
    };
}
