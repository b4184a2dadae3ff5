namespace Overlay.Control.Etcd.Store;

/// <summary>
/// Who says to be us: each is an alarm while it lasts, and for a minute after, so that one that we overwrote at once is seen too. <b>Threading:</b> any thread.
/// </summary>
internal sealed class Claims(StoreContext context)
{
    // Whoever may write below the prefix can make up names; the core shows no more of a plane than this either.
    private const int Limit = 64;
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(1);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (long Since, bool Lasts)> _all = new(StringComparer.Ordinal);

    /// <summary>Somebody claims it.</summary>
    /// <param name="subject">The VTEP whose key says so.</param>
    /// <param name="detail">What it says.</param>
    /// <param name="lasts">Until <see cref="Over"/>; otherwise it is over already.</param>
    public void Raise(string subject, string detail, bool lasts)
    {
        lock (_gate)
        {
            if (_all.Count >= Limit && !_all.ContainsKey(subject))
            {
                return;
            }

            _all[subject] = (context.Time.GetTimestamp(), lasts);
            context.Sink.Do(sink => sink.RaiseAlarm(new PlaneAlarm(PlaneAlarmKind.VtepClaimed, AlarmSubject(subject), detail)));
        }
    }

    /// <summary>It is claimed no more.</summary>
    public void Over(string subject)
    {
        lock (_gate)
        {
            if (_all.TryGetValue(subject, out (long Since, bool Lasts) claim) && claim.Lasts)
            {
                _all[subject] = (context.Time.GetTimestamp(), false);
            }
        }
    }

    /// <summary>Everything is listed anew: who still claims says so again.</summary>
    /// <param name="except">What is not known from keys of others.</param>
    public void BeginList(string except)
    {
        lock (_gate)
        {
            foreach (string subject in _all.Where(c => c.Value.Lasts && !string.Equals(c.Key, except, StringComparison.Ordinal)).Select(static c => c.Key).ToArray())
            {
                _all[subject] = (context.Time.GetTimestamp(), false);
            }
        }
    }

    /// <summary>Ends alarms of claims that are over, a minute later.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(Sweep, context.Time, cancellationToken);
            lock (_gate)
            {
                foreach (string subject in _all.Where(c => !c.Value.Lasts && context.Time.GetElapsedTime(c.Value.Since) >= Memory).Select(static c => c.Key).ToArray())
                {
                    _ = _all.Remove(subject);
                    context.Sink.Do(sink => sink.ClearAlarm(PlaneAlarmKind.VtepClaimed, AlarmSubject(subject)));
                }
            }
        }
    }

    private static string AlarmSubject(string vtep) => $"key vteps/{vtep}";
}
