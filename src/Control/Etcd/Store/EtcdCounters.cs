using System.Collections.Immutable;

namespace Overlay.Control.Etcd.Store;

/// <summary>Counters by name. <b>Threading:</b> any thread.</summary>
internal sealed class EtcdCounters
{
    private static readonly ImmutableArray<string> Names =
    [
        "lists", "lists_compacted", "lists_backwards", "keys_listed", "watches", "watches_broken", "events_put", "events_delete", "written", "withdrawn", "conflicts", "yielded",
        "write_failures", "leases_granted", "leases_lost", "vteps_expired", "misses", "misses_joined", "misses_dropped", "misses_answered", "misses_negative", "misses_failed",
    ];

    private readonly long[] _values = new long[Names.Length];

    public long this[EtcdCounter counter] => Interlocked.Read(ref _values[(int)counter]);

    public void Add(EtcdCounter counter, long by = 1) => Interlocked.Add(ref _values[(int)counter], by);

    public ImmutableDictionary<string, long> Rows() => Enumerable.Range(0, Names.Length).ToImmutableDictionary(i => Names[i], i => Interlocked.Read(ref _values[i]), StringComparer.Ordinal);
}
