using System.Collections.Immutable;

namespace Overlay.Control.Queries;

/// <summary>A page of MACs, by ascending VNI; within a VNI in no order.</summary>
/// <param name="Rows">The rows.</param>
/// <param name="Next">The cursor of the next page; 0 at the end. A MAC written or removed between pages may or may not be seen.</param>
public sealed record FdbPage(ImmutableArray<FdbEntryRow> Rows, long Next);
