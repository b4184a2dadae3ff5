using System.Diagnostics;

namespace Overlay.EndToEnd.Measuring;

/// <summary>Makes measurements on an idle machine, and says how idle it was. One for a run: what it waits in all is bounded.</summary>
internal sealed class QuietMachine
{
    /// <summary>Share of the processors that others may take before a measurement is made again.</summary>
    public const double TolerableShare = 0.04;

    private const double IdleShare = 0.06;
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    private readonly int _tries;
    private readonly CancellationToken _cancel;
    private TimeSpan _patience;

    /// <summary>Measures up to <paramref name="tries"/> times, and spends at most <paramref name="patience"/> on waiting and on measuring again.</summary>
    public QuietMachine(int tries, TimeSpan patience, CancellationToken cancel)
    {
        _tries = tries;
        _patience = patience;
        _cancel = cancel;
    }

    /// <summary>
    /// Waits for idle processors, measures, and adds the processor time it took, the stolen share and the share of other processes. Made again, the best kept,
    /// while others took too much.
    /// </summary>
    public Sample Measure(Func<Sample> measure)
    {
        Sample? best = null;
        for (var attempt = 1; attempt <= _tries && (attempt == 1 || _patience > TimeSpan.Zero); attempt++)
        {
            var started = Stopwatch.GetTimestamp();
            var waited = WaitForIdle();
            var sample = Observe(measure);
            sample.Values[Metric.Waited] = waited.TotalSeconds;
            sample.Values[Metric.Tries] = attempt;
            _patience -= attempt == 1 ? waited : Stopwatch.GetElapsedTime(started);
            if (best is null || IsBetter(sample, best)) best = sample;
            if (best.Note is null && best[Metric.Others] <= TolerableShare) break;
        }

        return best!;
    }

    private static bool IsBetter(Sample sample, Sample best) => sample.Note is null && (best.Note is not null || sample[Metric.Others] < best[Metric.Others]);

    private Sample Observe(Func<Sample> measure)
    {
        var others = OtherProcesses.Seconds();
        var before = ProcessorTime.Read();
        var sample = measure();
        _cancel.ThrowIfCancellationRequested();
        var after = ProcessorTime.Read();
        var total = Math.Max(after.Total - before.Total, 0.01);
        sample.Values[Metric.CpuSeconds] = after.BusySince(before);
        sample.Values[Metric.Steal] = (after.Stolen - before.Stolen) / total;
        sample.Values[Metric.Others] = Math.Max(0, OtherProcesses.Seconds() - others) / total;
        return sample;
    }

    private TimeSpan WaitForIdle()
    {
        var limit = _patience < LongestWait ? _patience : LongestWait;
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            var before = ProcessorTime.Read();
            if (_cancel.WaitHandle.WaitOne(Glance)) throw new OperationCanceledException(_cancel);
            var after = ProcessorTime.Read();
            var waited = Stopwatch.GetElapsedTime(started);
            if (after.BusySince(before) <= IdleShare * Math.Max(after.Total - before.Total, 0.01)) return waited - Glance;
            if (waited >= limit) return waited;
        }
    }
}
