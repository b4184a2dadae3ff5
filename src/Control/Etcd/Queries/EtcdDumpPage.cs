using System.Collections.Immutable;

namespace Overlay.Control.Etcd.Queries;

/// <summary>A page of the store.</summary>
/// <param name="Rows">Keys in their order.</param>
/// <param name="Revision">The revision that all pages of a dump are of.</param>
/// <param name="Next">What to ask the next page with; null at the end.</param>
/// <param name="Failure">What was in the way, in words; null if nothing.</param>
public sealed record EtcdDumpPage(ImmutableArray<EtcdKeyRow> Rows, long Revision, ReadOnlyMemory<byte>? Next, string? Failure);
