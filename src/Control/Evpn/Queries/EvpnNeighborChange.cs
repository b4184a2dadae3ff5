namespace Overlay.Control.Evpn.Queries;

/// <summary>A neighbour's session came up or went down.</summary>
/// <param name="Neighbor">Its name.</param>
/// <param name="As">Its AS.</param>
/// <param name="IsUp">Up, or down.</param>
/// <param name="Reason">Why it went down, in words; empty when it came up.</param>
public sealed record EvpnNeighborChange(string Neighbor, uint As, bool IsUp, string Reason);
