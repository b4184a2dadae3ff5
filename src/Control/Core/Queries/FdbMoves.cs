using System.Collections.Immutable;

namespace Overlay.Control.Queries;

/// <summary>MACs that moved not long ago, the frozen ones first, then the latest.</summary>
/// <param name="Rows">The rows.</param>
/// <param name="IsTruncated">There are more.</param>
public sealed record FdbMoves(ImmutableArray<FdbMoveRow> Rows, bool IsTruncated);
