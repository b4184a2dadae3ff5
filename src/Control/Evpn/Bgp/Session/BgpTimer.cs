namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>
/// A one-shot timer that is cheap to push back: a later deadline is a store, and the clock's timer is set again when it fires too soon.
/// </summary>
/// <remarks>
/// <b>Threading:</b> any thread. The action runs on a thread of the pool (with a manual clock: on the thread that moves it), and may begin just as the
/// timer is stopped or started again: under the lock that it shares with whoever does so, it asks <see cref="TakeExpiry"/> first.
/// </remarks>
internal sealed class BgpTimer : IDisposable
{
    private const long Stopped = long.MaxValue;
    private readonly TimeProvider _time;
    private readonly Action _action;
    private readonly Lock _gate = new();
    private readonly ITimer _timer;
    private long _deadline = Stopped;
    private long _firesAt = Stopped;
    private bool _hasExpired;

    /// <summary>Makes a stopped timer.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="action">What to do; must not throw.</param>
    public BgpTimer(TimeProvider time, Action action)
    {
        _time = time;
        _action = action;
        _timer = time.CreateTimer(static state => ((BgpTimer)state!).Fire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Between start and stop or expiry.</summary>
    public bool IsRunning => Volatile.Read(ref _deadline) != Stopped;

    /// <summary>(Re)starts it.</summary>
    /// <param name="after">Time until it fires.</param>
    public void Start(TimeSpan after)
    {
        long now = _time.GetTimestamp();
        long deadline = now + (long)(after.TotalSeconds * _time.TimestampFrequency);
        lock (_gate)
        {
            _deadline = deadline;
            _hasExpired = false;
            if (deadline >= _firesAt)
                return;
            Set(deadline, now);
        }
    }

    /// <summary>Stops it.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _deadline = Stopped;
            _hasExpired = false;
        }
    }

    /// <summary>True once for an expiry after which the timer was neither stopped nor started.</summary>
    public bool TakeExpiry()
    {
        lock (_gate)
        {
            bool taken = _hasExpired;
            _hasExpired = false;
            return taken;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        _timer.Dispose();
    }

    private void Fire()
    {
        long now = _time.GetTimestamp();
        lock (_gate)
        {
            _firesAt = Stopped;
            if (_deadline == Stopped)
                return;
            if (_deadline > now)
            {
                Set(_deadline, now);
                return;
            }

            _deadline = Stopped;
            _hasExpired = true;
        }

        _action();
    }

    private void Set(long deadline, long now)
    {
        _firesAt = deadline;

        // A millisecond more than asked for: the clock's timers are of whole milliseconds and would fire just before the deadline, again and again.
        TimeSpan wait = TimeSpan.FromSeconds((double)(deadline - now) / _time.TimestampFrequency);
        _ = _timer.Change(TimeSpan.FromMilliseconds(Math.Ceiling(Math.Max(0, wait.TotalMilliseconds))), Timeout.InfiniteTimeSpan);
    }
}
