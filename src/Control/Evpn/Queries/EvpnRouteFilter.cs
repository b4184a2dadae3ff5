using Overlay.Encap;

namespace Overlay.Control.Evpn.Queries;

/// <summary>Which routes to show; null does not filter.</summary>
/// <param name="Vni">Of this VNI: in the label, or imported into it.</param>
/// <param name="Type">Of this route type, 1–5.</param>
/// <param name="Mac">Of this MAC.</param>
/// <param name="Neighbor">Of this neighbour, or <c>local</c>.</param>
public sealed record EvpnRouteFilter(Vni? Vni = null, int? Type = null, MacAddress? Mac = null, string? Neighbor = null);
