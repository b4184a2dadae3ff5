using System.Collections.Immutable;

namespace Overlay.Control.Evpn.Queries;

/// <summary>A page of routes. Pages are in the order of the table, which is that in which routes came as long as none goes.</summary>
/// <param name="Rows">The rows.</param>
/// <param name="Next">The cursor of the next page; 0 at the end.</param>
public sealed record EvpnRoutePage(ImmutableArray<EvpnRouteRow> Rows, long Next);
