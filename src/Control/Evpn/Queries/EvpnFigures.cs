using System.Collections.Immutable;

namespace Overlay.Control.Evpn.Queries;

/// <summary>What is counted of the EVPN plane's routes, for metrics.</summary>
/// <param name="RoutesByType">Routes of peers in being, by route type (index 1–5), every candidate counted.</param>
/// <param name="Announced">Routes that peers announced, new or again, since the start.</param>
/// <param name="Withdrawn">Routes that peers withdrew.</param>
/// <param name="Swept">Routes that went because a peer that was back did not give them again.</param>
/// <param name="Refused">Routes that were not taken because as many are there, or as many octets of attributes, as all neighbours together may give.</param>
/// <param name="NeighborsUp">Sessions that are established.</param>
/// <param name="Neighbors">Neighbours that had a session or have routes.</param>
/// <param name="Stale">Stale routes in being.</param>
/// <param name="Attributes">Sets of attributes in being.</param>
public sealed record EvpnFigures(
    ImmutableArray<int> RoutesByType, long Announced, long Withdrawn, long Swept, long Refused, int NeighborsUp, int Neighbors, long Stale, int Attributes);
