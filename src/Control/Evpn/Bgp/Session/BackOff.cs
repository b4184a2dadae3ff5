namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>
/// How long a neighbour is left alone after a failure (DampPeerOscillations and IdleHoldTime, RFC 4271 §8.1.1): nothing after a session that was
/// stable, then 1 s and twice as much each time, up to 60 s. A value without a clock; the owner adds jitter and runs the timer.
/// </summary>
internal struct BackOff
{
    /// <summary>A session that lasted this long was stable.</summary>
    public static readonly TimeSpan Stable = TimeSpan.FromSeconds(30);

    /// <summary>The longest wait.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    private int _failures;

    /// <summary>Notes a failure and says how long to wait.</summary>
    /// <param name="lasted">How long the session was established; zero if it was not.</param>
    public TimeSpan Failed(TimeSpan lasted)
    {
        if (lasted >= Stable)
        {
            _failures = 0;
            return TimeSpan.Zero;
        }

        // 2^6 is past the longest already; counting on would only overflow.
        double seconds = Math.Min(Longest.TotalSeconds, 1 << Math.Min(_failures, 6));
        _failures = Math.Min(_failures + 1, 6);
        return TimeSpan.FromSeconds(seconds);
    }

    /// <summary>Forgets failures: the operator or the configuration wants a fresh start.</summary>
    public void Reset() => _failures = 0;
}
