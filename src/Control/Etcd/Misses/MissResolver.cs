using System.Threading.Channels;
using Overlay.Control.Etcd.Client;
using Overlay.Control.Etcd.Model;
using Overlay.Control.Etcd.Store;
using Overlay.Encap;

namespace Overlay.Control.Etcd.Misses;

/// <summary>
/// Asks the store for what frames miss, in VNIs that are not mirrored. A MAC is asked for once however many frames want it; an answer is watched, and asked for again
/// from time to time; what the store denies goes, and the oldest when there are too many. "Nobody has it" holds for a time. While the store is out of touch answers hold on.
/// </summary>
/// <remarks><b>Threading:</b> any thread. <b>Bounds:</b> the queue, the answers and the negative answers, each with a limit of its own.</remarks>
internal sealed partial class MissResolver : IDisposable
{
    private const int BatchSize = 64;
    private const int Askers = 2;
    // How long a MAC that could not be asked for is unknown.
    private static readonly TimeSpan Unknown = TimeSpan.FromSeconds(1);
    private readonly StoreContext _context;
    private readonly Channel<EtcdKey> _queue;
    private readonly Lock _gate = new();
    private readonly HashSet<EtcdKey> _asked = [];
    private readonly Dictionary<EtcdKey, long> _nobody = [];

    public MissResolver(StoreContext context)
    {
        _context = context;
        _queue = Channel.CreateBounded<EtcdKey>(new BoundedChannelOptions(context.Options.MissQueueSize) { FullMode = BoundedChannelFullMode.Wait });
    }

    /// <summary>Misses that wait.</summary>
    public int Waiting => _queue.Reader.Count;

    /// <summary>A frame misses a MAC, or the MAC of an address. Returns at once.</summary>
    public void Miss(Vni vni, MacAddress mac, UnderlayAddress address)
    {
        if (!_context.IsOnDemand(vni))
        {
            return;
        }

        EtcdKey key = mac.IsZero ? EtcdKey.OfNeighbor(vni, address) : EtcdKey.OfMac(vni, mac);
        if (key.Kind == EtcdKeyKind.Mac ? mac.IsMulticast : !address.IsUnicast)
        {
            return;
        }

        _context.Counters.Add(EtcdCounter.Misses);
        lock (_gate)
        {
            if (_nobody.TryGetValue(key, out long since) && _context.Options.NegativeTime - _context.Time.GetElapsedTime(since) is { Ticks: > 0 } left)
            {
                _context.Counters.Add(EtcdCounter.MissesJoined);
                TellNobody(key, left);
                return;
            }

            if (!_asked.Add(key))
            {
                _context.Counters.Add(EtcdCounter.MissesJoined);
                return;
            }

            if (!_queue.Writer.TryWrite(key))
            {
                _ = _asked.Remove(key);
                _context.Counters.Add(EtcdCounter.MissesDropped);
                TellNobody(key, Unknown);
            }
        }
    }

    public void Dispose() => _watches.ForEach(static w => w.Dispose());

    /// <summary>Starts its parts, each of which is started again if it fails.</summary>
    public Task RunAsync(CancellationToken cancellationToken)
    {
        _context.Run("the sweep of answers", SweepAsync, cancellationToken);
        for (int i = 0; i < Askers; i++)
        {
            _context.Run("the asking for misses", AskAsync, cancellationToken);
        }

        return Task.CompletedTask;
    }

    private async Task AskAsync(CancellationToken cancellationToken)
    {
        var keys = new List<EtcdKey>(BatchSize);
        while (await _queue.Reader.WaitToReadAsync(cancellationToken))
        {
            keys.Clear();
            while (keys.Count < BatchSize && _queue.Reader.TryRead(out EtcdKey key))
            {
                keys.Add(key);
            }

            if (keys.Count == 0)
            {
                continue;
            }

            int told = 0;
            try
            {
                int history = Volatile.Read(ref _history);
                EtcdResult<TxnResponse> read = await ReadAsync(keys, cancellationToken);
                bool isKnown = read.IsOk && history == Volatile.Read(ref _history);
                while (told < keys.Count)
                {
                    Tell(keys[told], isKnown, isKnown ? read.Value!.Responses![told] : null, read.Value?.Header?.Revision ?? 0);
                    Release(keys[told++]);
                }
            }
            finally
            {
                // Whatever happened, a later frame may ask again.
                while (told < keys.Count)
                {
                    Release(keys[told++]);
                }
            }
        }
    }

    private void Release(in EtcdKey key)
    {
        lock (_gate)
        {
            _ = _asked.Remove(key);
        }
    }

    private void Tell(in EtcdKey key, bool isKnown, ResponseOp? response, long revision)
    {
        if (!isKnown)
        {
            // Frames do not wait for it, and one of the next asks again.
            _context.Counters.Add(EtcdCounter.MissesFailed);
            TellNobody(key, Unknown);
        }
        else if (Read(key, response, out EtcdValue value, out long changed) == Said.Value)
        {
            _context.Counters.Add(EtcdCounter.MissesAnswered);
            Hold(key, revision + 1);
            Give(key, value, changed);
            if (key.Kind == EtcdKeyKind.Neighbor)
            {
                Miss(key.Vni, value.Mac, default);
            }
        }
        else
        {
            Nobody(key);
        }
    }

    private async Task<EtcdResult<TxnResponse>> ReadAsync(List<EtcdKey> keys, CancellationToken cancellationToken)
    {
        EtcdResult<TxnResponse> answer = await _context.Client.TxnAsync(
            new TxnRequest
            {
                Success =
                [
                    .. keys.Select(k => new RequestOp { RequestRange = new RangeRequest { Key = _context.Schema.Octets(k) } }),
                ],
            },
            cancellationToken);
        return answer.IsOk && answer.Value.Responses?.Count != keys.Count
            ? EtcdResult<TxnResponse>.Failed(new EtcdFailure(EtcdFailureKind.BadResponse, "a transaction with fewer results than requests"))
            : answer;
    }

    private void Nobody(in EtcdKey key)
    {
        _context.Counters.Add(EtcdCounter.MissesNegative);
        lock (_gate)
        {
            if (_nobody.Count < _context.Options.AnswerLimit)
            {
                _nobody[key] = _context.Time.GetTimestamp();
            }
        }

        TellNobody(key, _context.Options.NegativeTime);
    }

    private void TellNobody(in EtcdKey key, TimeSpan hold)
    {
        if (key.Kind == EtcdKeyKind.Mac)
        {
            (Vni vni, MacAddress mac) = (key.Vni, key.Mac);
            _context.Sink.Do(sink => sink.NoSuchMac(vni, mac, hold));
        }
    }
}
