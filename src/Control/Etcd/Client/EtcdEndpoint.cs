using Overlay.Control.Etcd.Options;

namespace Overlay.Control.Etcd.Client;

/// <summary>A member as we see it. <b>Threading:</b> any thread; fields change under its lock.</summary>
internal sealed class EtcdEndpoint(Uri address, EtcdOptions options, TimeProvider time, Random random) : IDisposable
{
    /// <summary>Looks in a row that may fail before streams on it are moved: one is a hiccup.</summary>
    private const int LooksBeforeMove = 2;
    private readonly Lock _gate = new();
    private readonly long _made = time.GetTimestamp();
    private CancellationTokenSource _down = new();
    private TimeSpan _backOff;
    private TimeSpan _retryAt;
    private int _failedLooks;

    public Uri Address { get; } = address;

    /// <summary>Without user information, for logs.</summary>
    public string Name { get; } = address.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped);

    /// <summary>The last request or look went well; before the first one nothing speaks against it.</summary>
    public bool IsHealthy { get; private set; } = true;

    public EtcdFailure? LastFailure { get; private set; }

    public long Failures { get; private set; }

    public TimeSpan? Latency { get; private set; }

    /// <summary>What it said of itself last.</summary>
    public StatusResponse? Status { get; private set; }

    /// <summary>Cancelled when streams on it should move.</summary>
    public CancellationToken Down
    {
        get
        {
            lock (_gate)
            {
                return _down.Token;
            }
        }
    }

    /// <summary>Zero if it may be asked; else how long it should be left alone.</summary>
    public TimeSpan Wait
    {
        get
        {
            lock (_gate)
            {
                TimeSpan left = _retryAt - Now;
                return IsHealthy || left < TimeSpan.Zero ? TimeSpan.Zero : left;
            }
        }
    }

    private TimeSpan Now => time.GetElapsedTime(_made);

    public void Succeeded(TimeSpan latency)
    {
        lock (_gate)
        {
            IsHealthy = true;
            Latency = latency;
            _backOff = TimeSpan.Zero;
            _failedLooks = 0;
        }
    }

    public void Failed(EtcdFailure failure)
    {
        lock (_gate)
        {
            // Several requests that were under way together fail together, which is one failure.
            bool isNew = IsHealthy || Now >= _retryAt;
            Failures++;
            IsHealthy = false;
            LastFailure = failure;
            if (isNew)
            {
                _backOff = _backOff == TimeSpan.Zero ? options.BackOffFirst : _backOff * 2 < options.BackOffLast ? _backOff * 2 : options.BackOffLast;
                _retryAt = Now + (_backOff * (0.75 + (0.5 * random.NextDouble())));
            }
        }
    }

    /// <summary>A look at its health said this; true if streams on it were told to move.</summary>
    public bool Looked(StatusResponse? status, TimeSpan latency, EtcdFailure? failure)
    {
        if (failure is null && status is { Leader: 0 })
        {
            failure = new EtcdFailure(EtcdFailureKind.Unavailable, "it has no leader", Name);
        }

        if (failure is null)
        {
            Succeeded(latency);
            lock (_gate)
            {
                Status = status ?? Status;
            }

            return false;
        }

        Failed(failure);
        CancellationTokenSource? down = null;
        lock (_gate)
        {
            if (++_failedLooks >= LooksBeforeMove)
            {
                _failedLooks = 0;
                down = _down;
                _down = new CancellationTokenSource();
            }
        }

        down?.Cancel();
        return down is not null;
    }

    public void Dispose() => _down.Dispose();
}
