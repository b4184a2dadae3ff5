using System.Collections.Immutable;
using System.Security.Cryptography;
using Overlay.Control.Etcd.Client;
using Overlay.Control.Etcd.Model;
using Overlay.Encap;

namespace Overlay.Control.Etcd.Store;

/// <summary>
/// Our VTEP's own key. It is what makes all that we write ours, so nothing else is written before it stands, and it is never taken from another that
/// lives: a key with our name, other addresses and a lease that is not ours belongs to a daemon with the same <c>node.name</c>, or to a run of ours before
/// the addresses changed, whose lease ends soon.
/// </summary>
internal sealed class OwnVtep(StoreContext context)
{
    private const int Rounds = 4;
    private readonly Lock _gate = new();
    private readonly EtcdKey _key = EtcdKey.OfVtep(context.Options.Node);
    private readonly EtcdValueParser _parser = new();
    private long _belief;
    private bool _isCurrent;
    private int _version;

    /// <summary>This run, to be told from others of the same name.</summary>
    public string Run { get; } = RandomNumberGenerator.GetHexString(16, lowercase: true);

    /// <summary>Our addresses, the preferred first; empty until we are told.</summary>
    public ImmutableArray<UnderlayAddress> Addresses { get; private set; } = [];

    /// <summary>The key stands as it should.</summary>
    public bool IsCurrent
    {
        get
        {
            lock (_gate)
            {
                return _isCurrent;
            }
        }
    }

    /// <summary>Who else claims our name, in words; null if nobody.</summary>
    public string? Claimant { get; private set; }

    public void SetAddresses(ImmutableArray<UnderlayAddress> addresses)
    {
        ImmutableArray<UnderlayAddress> usable = addresses.IsDefault ? [] : [.. addresses.Where(static a => a.IsUnicast && !a.IsLinkLocal)];
        lock (_gate)
        {
            // Without any address nobody could reach us; what we said before is as good.
            if (usable.IsEmpty || usable.SequenceEqual(Addresses))
            {
                return;
            }

            Addresses = usable;
            _isCurrent = false;
            _version++;
        }

        context.Facts.Poke();

        // What others said was judged by the addresses that we had.
        context.Watcher.ListVteps();
    }

    /// <summary>The key has to be written again.</summary>
    public void ClaimAgain()
    {
        lock (_gate)
        {
            _belief = 0;
            _isCurrent = false;
            _version++;
        }

        context.Facts.Poke();
    }

    /// <summary>The store has this at our key now.</summary>
    public void Saw(in EtcdValue value, KeyValue kv)
    {
        bool isOurs = string.Equals(value.Run, Run, StringComparison.Ordinal);
        lock (_gate)
        {
            if (kv.ModRevision <= _belief)
            {
                return;
            }

            if (isOurs && kv.Lease == context.Lease.Current)
            {
                _belief = kv.ModRevision;
                return;
            }

            // Whose it is now is for the next claim to find out: it fails, and reads.
            bool wasCurrent = _isCurrent;
            _isCurrent = false;
            _version++;
            if (!wasCurrent)
            {
                return;
            }
        }

        context.Fault(EtcdFault.VtepClaimed, kv.Key, kv.ModRevision, Words(value));
        context.Claims.Raise(context.Options.Node, Words(value), lasts: false);
        context.Facts.Poke();
    }

    /// <summary>Our key is gone, or has a value that nobody can read.</summary>
    /// <returns>True if ours stood there before.</returns>
    public bool Damaged(long revision, bool isDeleted)
    {
        bool wasCurrent;
        lock (_gate)
        {
            if (revision <= _belief)
            {
                return false;
            }

            wasCurrent = _isCurrent;
            _belief = isDeleted ? 0 : revision;
            _isCurrent = false;
            _version++;
        }

        context.Facts.Poke();
        return wasCurrent;
    }

    /// <summary>Writes the key under a lease.</summary>
    /// <returns>What was in the way; null if the key stands, or another has it: <see cref="IsCurrent"/> says which.</returns>
    public async Task<EtcdFailure?> ClaimAsync(long lease, CancellationToken cancellationToken)
    {
        byte[] key = context.Schema.Octets(_key);
        for (int round = 0; round < Rounds; round++)
        {
            byte[] value;
            long belief;
            int version;
            lock (_gate)
            {
                belief = _belief;
                version = _version;
                value = EtcdValueWriter.Vtep(Description());
            }

            EtcdResult<TxnResponse> answer = await context.Client.TxnAsync(
                new TxnRequest
                {
                    Compare = [belief == 0 ? Compare.Absent(key) : Compare.Modified(key, belief)],
                    Success = [new RequestOp { RequestPut = new PutRequest { Key = key, Value = value, Lease = lease } }],
                    Failure = [new RequestOp { RequestRange = new RangeRequest { Key = key } }],
                },
                cancellationToken);
            if (!answer.IsOk)
            {
                return answer.Failure;
            }

            if (answer.Value.Succeeded)
            {
                Stands(answer.Value.Header?.Revision ?? 0, version);
                return null;
            }

            KeyValue? there = answer.Value.Responses is [{ ResponseRange.Kvs: [{ } kv, ..] }, ..] ? kv : null;
            if (there is not null && _parser.Parse(_key, there.Value ?? [], out EtcdValue other) == EtcdFault.None && !IsMine(other, there.Lease, lease))
            {
                if (Claimant is null)
                {
                    EtcdLog.Claimed(context.Log, context.Options.Node, Words(other));
                    context.Fault(EtcdFault.VtepClaimed, key, there.ModRevision, Words(other));
                }

                Claimant = Words(other);
                context.Claims.Raise(context.Options.Node, Claimant, lasts: true);
                return null;
            }

            lock (_gate)
            {
                _belief = there?.ModRevision ?? 0;
            }
        }

        return new EtcdFailure(EtcdFailureKind.Refused, "our VTEP's key changes faster than it can be written");
    }

    private void Stands(long revision, int version)
    {
        lock (_gate)
        {
            _belief = Math.Max(_belief, revision);
            _isCurrent = version == _version;
        }

        if (Claimant is not null)
        {
            Claimant = null;
            context.Claims.Over(context.Options.Node);
            EtcdLog.Ours(context.Log, context.Options.Node);
        }
    }

    /// <summary>Ours, or of a run of ours before: it had an address that we have.</summary>
    private bool IsMine(in EtcdValue value, long holder, long lease) =>
        holder == lease || holder == 0 || string.Equals(value.Run, Run, StringComparison.Ordinal) || value.Addresses.Any(a => Addresses.Contains(a));

    private EtcdValue Description() => new()
    {
        Vtep = context.Options.Node,
        Addresses = Addresses,
        Encaps = [.. context.Options.Encaps.Select(e => (e, e == EncapKind.Geneve ? context.Options.GenevePort : context.Options.VxlanPort))],
        Host = Environment.MachineName,
        Run = Run,
    };

    private static string Words(in EtcdValue value) => EtcdErrors.Line($"host {value.Host ?? "?"}, run {value.Run ?? "?"}, {string.Join(' ', value.Addresses)}");
}
