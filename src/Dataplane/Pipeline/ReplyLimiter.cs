namespace Overlay.Dataplane.Pipeline;

/// <summary>
/// How many error messages a worker may send (RFC 4443 §2.4 (f), RFC 1812 §4.3.2.8): 1,000 a second, 100 at once. The clock is read once a batch, and only in a batch that sends one.
/// Owned by one worker.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class ReplyLimiter(TimeProvider time)
{
    internal const int Burst = 100;
    private const int PerSecond = 1000;
    private readonly long _ticksPerToken = Math.Max(1, time.TimestampFrequency / PerSecond);
    private long _last = time.GetTimestamp();
    private int _tokens = Burst;
    private bool _isFresh;

    /// <summary>A batch begins.</summary>
    internal void BeginBatch() => _isFresh = false;

    /// <summary>Takes leave to send one.</summary>
    internal bool TryTake()
    {
        if (!_isFresh)
        {
            _isFresh = true;
            long earned = (time.GetTimestamp() - _last) / _ticksPerToken;
            if (earned > 0)
            {
                _tokens = (int)Math.Min(Burst, _tokens + earned);
                _last += earned * _ticksPerToken;
            }
        }

        if (_tokens == 0)
            return false;

        _tokens--;
        return true;
    }
}
