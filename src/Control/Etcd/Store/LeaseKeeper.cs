using Microsoft.Extensions.Logging;
using Overlay.Control.Etcd.Client;

namespace Overlay.Control.Etcd.Store;

/// <summary>
/// Keeps one lease alive, and takes another when it is lost. It is never revoked: a daemon that is restarted finds its keys in force, and those of one
/// that is gone end with the lease. <b>Threading:</b> any thread.
/// </summary>
internal sealed class LeaseKeeper(StoreContext context) : IDisposable
{
    private readonly SemaphoreSlim _lost = new(0, 1);
    private readonly Lock _gate = new();
    private TaskCompletionSource _granted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _lease;
    private long _renewed;

    /// <summary>The lease; 0 while there is none.</summary>
    public long Current => Interlocked.Read(ref _lease);

    /// <summary>What the last attempt to get one failed with; null if it went well.</summary>
    public EtcdFailure? Failure { get; private set; }

    /// <summary>Its time to live as the store granted it.</summary>
    public TimeSpan TimeToLive { get; private set; }

    /// <summary>How long ago the store last said that it lives; null without a lease.</summary>
    public TimeSpan? RenewedAge => Current == 0 ? null : context.Time.GetElapsedTime(Interlocked.Read(ref _renewed));

    /// <summary>The lease, as soon as there is one.</summary>
    public async Task<long> WaitAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task granted;
            lock (_gate)
            {
                if (_lease != 0)
                {
                    return _lease;
                }

                granted = _granted.Task;
            }

            await granted.WaitAsync(cancellationToken);
        }
    }

    /// <summary>The store says that a lease is no more.</summary>
    public void Lost(long lease)
    {
        lock (_gate)
        {
            if (lease == 0 || _lease != lease)
            {
                return;
            }

            _lease = 0;
            _granted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        context.Counters.Add(EtcdCounter.LeasesLost);
        int facts = context.Facts.WriteAll();
        context.Vtep.ClaimAgain();
        EtcdLog.LeaseLost(context.Log, Hex(lease), facts);
        if (_lost.CurrentCount == 0)
        {
            _ = _lost.Release();
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var backOff = new BackOff(context.Options, context.Time, context.Random);
        bool hasFailed = false;
        while (!cancellationToken.IsCancellationRequested)
        {
            long lease = Current;
            if (lease == 0)
            {
                if (await GrantAsync(cancellationToken))
                {
                    backOff.Reset();
                }
                else
                {
                    await backOff.WaitAsync(cancellationToken);
                }

                continue;
            }

            // After a beat that failed the next comes soon: the lease may still live, and not for long.
            _ = await _lost.WaitAsync(hasFailed ? Lesser(TimeToLive / 6, context.Options.BackOffFirst) : TimeToLive / 3, cancellationToken);
            if (Current != lease)
            {
                continue;
            }

            // A member that does not answer must not use up the time in which another would.
            EtcdResult<LeaseResponse> beat = await context.Client.KeepAliveAsync(lease, TimeToLive / 4, cancellationToken);
            hasFailed = false;
            if (beat.IsOk && beat.Value.Ttl > 0)
            {
                Interlocked.Exchange(ref _renewed, context.Time.GetTimestamp());
            }
            else if (beat.IsOk || beat.Failure.Kind == EtcdFailureKind.LeaseNotFound)
            {
                Lost(lease);
            }
            else
            {
                hasFailed = true;
            }
        }
    }

    public void Dispose() => _lost.Dispose();

    public static string Hex(long lease) => lease.ToString("x16");

    private static TimeSpan Lesser(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private async Task<bool> GrantAsync(CancellationToken cancellationToken)
    {
        EtcdResult<LeaseResponse> grant = await context.Client.GrantAsync(context.Options.Lease, cancellationToken);
        Failure = grant.Failure;
        if (!grant.IsOk || grant.Value.Id == 0)
        {
            return false;
        }

        TaskCompletionSource granted;
        lock (_gate)
        {
            TimeToLive = TimeSpan.FromSeconds(Math.Clamp(grant.Value.Ttl, 1, 24 * 3600));
            Interlocked.Exchange(ref _renewed, context.Time.GetTimestamp());
            Interlocked.Exchange(ref _lease, grant.Value.Id);
            granted = _granted;
        }

        context.Counters.Add(EtcdCounter.LeasesGranted);
        EtcdLog.LeaseGranted(context.Log, Hex(grant.Value.Id), grant.Value.Ttl);
        granted.SetResult();
        return true;
    }
}
