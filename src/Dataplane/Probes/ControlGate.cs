namespace Overlay.Dataplane.Probes;

/// <summary>
/// How many control frames a worker passes on: <see cref="PerSecond"/> a second and <see cref="Burst"/> at once of each of 64 groups of outer sources, so that a VTEP that floods
/// us takes nothing but its own group's share. The clock is read for control frames only. Owned by one worker.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class ControlGate(TimeProvider time)
{
    internal const int Burst = 100;
    internal const int PerSecond = 100;
    private const int GroupCount = 64;
    private readonly long _ticksPerToken = Math.Max(1, time.TimestampFrequency / PerSecond);
    private readonly long[] _paidUntil = new long[GroupCount];

    /// <summary>Takes leave for one frame.</summary>
    /// <param name="source">What stands for the outer source.</param>
    /// <param name="now">The time.</param>
    internal bool TryTake(int source, out long now)
    {
        now = time.GetTimestamp();
        ref long paidUntil = ref _paidUntil[source & (GroupCount - 1)];

        // A clock that runs ahead by a token a frame, and never lies back more than a whole burst.
        long from = Math.Max(paidUntil, now - (Burst * _ticksPerToken));
        if (from + _ticksPerToken > now)
            return false;

        paidUntil = from + _ticksPerToken;
        return true;
    }
}
