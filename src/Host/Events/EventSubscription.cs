using System.Threading.Channels;
using Overlay.Api;

namespace Overlay.Host.Events;

/// <summary>A client that listens: first what it missed, then what comes. One that is too slow is cut off, not waited for.</summary>
internal sealed class EventSubscription : IDisposable
{
    /// <summary>Events that wait for a client at most.</summary>
    public const int QueueSize = 512;

    private readonly Channel<EventInfo> _queue = Channel.CreateBounded<EventInfo>(new BoundedChannelOptions(QueueSize) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    private readonly EventLog _log;
    private long _lost;

    internal EventSubscription(EventLog log, IReadOnlyList<EventInfo> backlog)
    {
        _log = log;
        Backlog = backlog;
    }

    /// <summary>What happened before it began to listen, as far as it was asked for.</summary>
    public IReadOnlyList<EventInfo> Backlog { get; }

    /// <summary>What has happened since; ends when the client was too slow or the daemon stops.</summary>
    public ChannelReader<EventInfo> Events => _queue.Reader;

    /// <summary>Events that did not fit; more than 0 only after the end.</summary>
    public long Lost => Interlocked.Read(ref _lost);

    /// <inheritdoc/>
    public void Dispose() => _log.Remove(this);

    internal void Offer(EventInfo @event)
    {
        if (!_queue.Writer.TryWrite(@event))
        {
            Interlocked.Increment(ref _lost);
            _queue.Writer.TryComplete();
        }
    }

    internal void Complete() => _queue.Writer.TryComplete();
}
