using Overlay.Control.Etcd.Client;
using Overlay.Control.Etcd.Model;
using Overlay.Control.Etcd.Store;

namespace Overlay.Control.Etcd.Misses;

/// <summary>
/// Watches up to <see cref="Size"/> answers over one connection. The gateway takes all ranges of a stream at its beginning, so a new answer opens the
/// stream anew; a full watch is never opened for another's sake.
/// </summary>
internal sealed class AnswerWatch(StoreContext context, MissResolver resolver) : IDisposable
{
    /// <summary>Answers of one stream.</summary>
    public const int Size = 128;

    // New answers are gathered for so long before the stream is opened anew for them, while it goes on for the others. Nothing is lost: each is watched from its own revision.
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(500);
    private readonly Lock _gate = new();
    private readonly HashSet<Answer> _answers = [];
    private readonly StoreReader _reader = new(context);
    private CancellationTokenSource _reopen = new(Timeout.InfiniteTimeSpan, context.Time);
    private bool _hasChanged;
    private bool _isDisposed;

    public bool TryAdd(Answer answer)
    {
        lock (_gate)
        {
            if (_answers.Count >= Size || _isDisposed)
            {
                return false;
            }

            _ = _answers.Add(answer);
            if (!_hasChanged)
            {
                _hasChanged = true;
                _reopen.CancelAfter(Gather);
            }

            return true;
        }
    }

    /// <summary>Takes one out; the stream goes on without minding it, until it is opened anew.</summary>
    public void Remove(Answer answer)
    {
        lock (_gate)
        {
            _ = _answers.Remove(answer);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _reopen.Dispose();
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var backOff = new BackOff(context.Options, context.Time, context.Random);
        while (!cancellationToken.IsCancellationRequested)
        {
            Answer[] answers;
            CancellationToken reopen;
            lock (_gate)
            {
                if (_hasChanged)
                {
                    _hasChanged = false;
                    _reopen.Dispose();
                    _reopen = new CancellationTokenSource(Timeout.InfiniteTimeSpan, context.Time);
                }

                reopen = _reopen.Token;
                answers = [.. _answers];
            }

            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, reopen);
            if (answers.Length == 0)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, context.Time, stop.Token).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
                continue;
            }

            EtcdFailure? failure = await WatchAsync(answers, stop.Token, cancellationToken);
            if (failure is null || reopen.IsCancellationRequested)
            {
                backOff.Reset();
                continue;
            }

            await backOff.WaitAsync(cancellationToken);

            // What happened meanwhile may be compacted, or of another history: ask anew, and watch from there.
            await resolver.AskAgainAsync(answers, cancellationToken);
        }
    }

    private async Task<EtcdFailure?> WatchAsync(Answer[] answers, CancellationToken stop, CancellationToken cancellationToken)
    {
        EtcdResult<WatchStream> opened = await context.Client.WatchAsync(answers.Select((a, i) => new WatchCreateRequest
        {
            Key = context.Schema.Octets(a.Key),
            StartRevision = a.Next,
            WatchId = i + 1,
            ProgressNotify = true,
            PrevKv = true,
        }), stop);
        if (!opened.IsOk)
        {
            return opened.Failure;
        }

        using WatchStream stream = opened.Value;
        while (true)
        {
            EtcdResult<WatchResponse> next = await stream.ReadAsync();
            if (!next.IsOk)
            {
                return next.Failure;
            }

            if (next.Value.Canceled)
            {
                return new EtcdFailure(EtcdFailureKind.Compacted, "the watch of an answer was ended");
            }

            if (next.Value is { WatchId: > 0, Header: { } header } response && response.WatchId <= answers.Length)
            {
                Answer answer = answers[(int)response.WatchId - 1];
                if (response.Events is { Count: > 0 } events && resolver.IsNews(answer, events))
                {
                    _reader.Apply(events);
                }

                if (!response.Created)
                {
                    answer.Next = Math.Max(answer.Next, header.Revision + 1);
                }
            }
        }
    }
}
