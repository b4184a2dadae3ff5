namespace Overlay.Dataplane.Forwarding;

/// <summary>
/// What became lately of frames that were too long for the way to a next hop: samples of counters, taken now and then, so that "in the last minute" can be said. Any thread; a lock.
/// </summary>
internal sealed class TooBigHistory
{
    /// <summary>Samples that are kept. Taken every five seconds, the oldest is a minute old.</summary>
    internal const int SampleCount = 13;

    // The kernel's refusals teach us a limit and end with that. Those that go on do not.
    private const int LearningSpells = 2;
    private readonly (long Silent, long Refused)[] _samples = new (long, long)[SampleCount];
    private readonly Lock _lock = new();

    // The first sample is of the time before the first frame was counted.
    private int _count = 1;

    /// <summary>Takes a sample.</summary>
    internal void Add(long silent, long refused)
    {
        lock (_lock)
            _samples[_count++ % SampleCount] = (silent, refused);
    }

    /// <summary>Frames that were lost without a word since the oldest sample; refusals by the kernel only if they go on.</summary>
    internal long SilentSince(long silent, long refused)
    {
        lock (_lock)
        {
            int oldest = Math.Max(0, _count - SampleCount);
            (long Silent, long Refused) first = _samples[oldest % SampleCount];
            long before = first.Refused;
            int spells = 0;
            for (int i = oldest + 1; i < _count; i++)
            {
                long now = _samples[i % SampleCount].Refused;
                spells += now > before ? 1 : 0;
                before = now;
            }

            spells += refused > before ? 1 : 0;
            return silent - first.Silent + (spells > LearningSpells ? refused - first.Refused : 0);
        }
    }
}
