using System.Globalization;
using Overlay.Api;

namespace Overlay.Host.Events;

/// <summary>
/// What happened, the last <see cref="HistorySize"/> of it, and those who want to hear more. Events are made by the control side once a second or
/// by what an operator does; a frame never makes one.
/// </summary>
/// <remarks>Thread-safe; a lock, held for a copy of references at most.</remarks>
internal sealed class EventLog(TimeProvider time)
{
    /// <summary>Events that are kept.</summary>
    public const int HistorySize = 4096;

    /// <summary>Clients that may listen at a time.</summary>
    public const int MaxClients = 16;

    private readonly Lock _lock = new();
    private readonly (EventInfo Event, long Stamp)[] _ring = new (EventInfo, long)[HistorySize];
    private readonly List<EventSubscription> _clients = [];
    private long _count;
    private bool _isComplete;

    /// <summary>Tells one start of the daemon from another: without it a number would be taken for one of the last life.</summary>
    public string Epoch { get; } = Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture)[..8];

    /// <summary>Notes an event and tells everybody who listens.</summary>
    /// <param name="name">A name of <see cref="EventNames"/>.</param>
    /// <param name="subject">To what it happened; null for the daemon.</param>
    /// <param name="message">A sentence.</param>
    /// <param name="fields">Particulars.</param>
    public void Add(string name, string? subject, string message, params ReadOnlySpan<(string Name, string Value)> fields)
    {
        var particulars = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (field, value) in fields)
        {
            particulars[field] = value;
        }

        lock (_lock)
        {
            if (_isComplete)
            {
                return;
            }

            var @event = Make(IdOf(_count + 1), name, subject, message, particulars);
            _ring[_count % HistorySize] = (@event, time.GetTimestamp());
            _count++;
            foreach (var client in _clients)
            {
                client.Offer(@event);
            }
        }
    }

    /// <summary>Begins to listen.</summary>
    /// <param name="after">The id of the last event the client has; null if it has none.</param>
    /// <param name="since">Events of so long ago and less are wanted too; null for none. Not heeded with <paramref name="after"/>.</param>
    /// <returns>A subscription, to be disposed; null if too many listen already.</returns>
    public EventSubscription? Subscribe(string? after, TimeSpan? since)
    {
        lock (_lock)
        {
            if (_clients.Count >= MaxClients)
            {
                return null;
            }

            var backlog = new List<EventInfo>();
            var first = Math.Max(0, _count - HistorySize);
            if (after is not null)
            {
                var wanted = NumberOf(after);
                if (wanted is null || wanted > _count)
                {
                    backlog.Add(Reset("restarted", "the daemon is another than the one that gave the last id: what happened in between is not known; what follows is all that this one knows"));
                    wanted = 0;
                }
                else if (wanted < first)
                {
                    backlog.Add(Reset("overrun", $"{first - wanted} events are not kept any more; what follows is all that is", ("lost", (first - wanted.Value).ToString(CultureInfo.InvariantCulture))));
                }

                Collect(backlog, Math.Max(first, wanted.Value));
            }
            else if (since is { } age)
            {
                while (first < _count && time.GetElapsedTime(_ring[first % HistorySize].Stamp) > age)
                {
                    first++;
                }

                Collect(backlog, first);
            }

            var client = new EventSubscription(this, backlog);
            if (_isComplete)
            {
                client.Complete();
            }

            _clients.Add(client);
            return client;
        }
    }

    /// <summary>Tells everybody that there is no more: the daemon stops.</summary>
    public void Complete()
    {
        lock (_lock)
        {
            _isComplete = true;
            _clients.ForEach(client => client.Complete());
        }
    }

    /// <summary>An event that says how many a slow client has missed. Not one of the log: it has no number.</summary>
    public EventInfo Lost(long count) => Make(
        "", EventNames.Lost, null, "this client took events more slowly than they came, and is cut off. Next: resume with Last-Event-ID", new Dictionary<string, string>(StringComparer.Ordinal) { ["lost"] = count.ToString(CultureInfo.InvariantCulture) });

    internal void Remove(EventSubscription client)
    {
        lock (_lock)
        {
            _clients.Remove(client);
        }
    }

    private EventInfo Reset(string reason, string message, params ReadOnlySpan<(string Name, string Value)> more)
    {
        var fields = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["reason"] = reason };
        foreach (var (name, value) in more)
        {
            fields[name] = value;
        }

        return Make("", EventNames.Reset, null, message, fields);
    }

    private EventInfo Make(string id, string name, string? subject, string message, IReadOnlyDictionary<string, string> fields) => new()
    {
        Id = id,
        Event = name,
        Time = time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture),
        Subject = subject,
        Message = message,
        Fields = fields,
    };

    private string IdOf(long number) => $"{Epoch}-{number.ToString(CultureInfo.InvariantCulture)}";

    private long? NumberOf(string id) =>
        id.StartsWith(Epoch + "-", StringComparison.Ordinal) && long.TryParse(id.AsSpan(Epoch.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private void Collect(List<EventInfo> backlog, long from)
    {
        for (var at = from; at < _count; at++)
        {
            backlog.Add(_ring[at % HistorySize].Event);
        }
    }
}
