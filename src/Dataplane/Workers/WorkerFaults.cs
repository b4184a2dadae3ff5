using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Overlay.Dataplane.Workers;

/// <summary>
/// What becomes of an exception that should not have been: counted always, logged once per kind and place, so that a frame that provokes one a million times
/// a second cannot fill a disk. Any thread.
/// </summary>
internal sealed class WorkerFaults(ILogger logger)
{
    private const int MaxKinds = 256;
    private readonly ConcurrentDictionary<string, byte> _seen = new(StringComparer.Ordinal);
    private long _count;

    /// <summary>Exceptions so far.</summary>
    internal long Count => Volatile.Read(ref _count);

    internal void Report(string worker, Exception exception)
    {
        _ = Interlocked.Increment(ref _count);
        string kind = $"{exception.GetType().FullName} {exception.TargetSite}";
        if (_seen.Count < MaxKinds && _seen.TryAdd(kind, 0))
            DataplaneLog.WorkerFault(logger, worker, exception);
    }
}
