using System.Diagnostics;

namespace Overlay.EndToEnd.Measuring;

/// <summary>Makes measurements on an idle machine, and says how idle it was.</summary>
internal static class QuietMachine
{
    /// <summary>Share of the processors that others may take before a measurement is made again.</summary>
    public const double TolerableShare = 0.04;

    private const double IdleShare = 0.06;
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Waits for idle processors, measures, and adds the processor time it took, the stolen share and the share of other processes. Made again, the best kept,
    /// while others took too much.
    /// </summary>
    public static Sample Measure(Func<Sample> measure, Durations durations, CancellationToken cancel)
    {
        Sample? best = null;
        for (var attempt = 1; attempt <= durations.Tries; attempt++)
        {
            var waited = WaitForIdle(durations.Idle, cancel);
            var others = OtherProcesses.Seconds();
            var before = ProcessorTime.Read();
            var sample = measure();
            cancel.ThrowIfCancellationRequested();
            var after = ProcessorTime.Read();
            var total = Math.Max(after.Total - before.Total, 0.01);
            sample.Values[Metric.CpuSeconds] = after.BusySince(before);
            sample.Values[Metric.Steal] = (after.Stolen - before.Stolen) / total;
            sample.Values[Metric.Others] = Math.Max(0, OtherProcesses.Seconds() - others) / total;
            sample.Values[Metric.Waited] = waited;
            sample.Values[Metric.Tries] = attempt;
            if (best is null || (best.Note is not null && sample.Note is null) || (sample.Note is null && sample[Metric.Others] < best[Metric.Others])) best = sample;
            if (best.Note is null && best[Metric.Others] <= TolerableShare) break;
        }

        return best!;
    }

    private static double WaitForIdle(double limit, CancellationToken cancel)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            var before = ProcessorTime.Read();
            if (cancel.WaitHandle.WaitOne(Glance)) throw new OperationCanceledException(cancel);
            var after = ProcessorTime.Read();
            var waited = Stopwatch.GetElapsedTime(started).TotalSeconds;
            if (after.BusySince(before) <= IdleShare * Math.Max(after.Total - before.Total, 0.01) || waited >= limit) return waited;
        }
    }
}
