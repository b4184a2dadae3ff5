using Overlay.Control.Etcd.Options;

namespace Overlay.Control.Etcd.Store;

/// <summary>Waits between attempts: doubling, with a quarter more or less at random, so that hosts do not come back all at once. The source of chance is shared by all, and has to bear it.</summary>
internal sealed class BackOff(EtcdOptions options, TimeProvider time, Random random)
{
    private TimeSpan _last;

    public void Reset() => _last = TimeSpan.Zero;

    /// <summary>The next wait.</summary>
    public TimeSpan Next()
    {
        _last = _last == TimeSpan.Zero ? options.BackOffFirst : _last * 2 < options.BackOffLast ? _last * 2 : options.BackOffLast;
        return _last * (0.75 + (0.5 * random.NextDouble()));
    }

    /// <summary>Some part of a time, at random.</summary>
    public TimeSpan Part(TimeSpan whole)
    {
        lock (random)
        {
            return whole * random.NextDouble();
        }
    }

    public Task WaitAsync(CancellationToken cancellationToken) => Task.Delay(Next(), time, cancellationToken);
}
