namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>A session came up or went down.</summary>
/// <param name="Neighbor">The neighbour's name.</param>
/// <param name="As">Its AS.</param>
/// <param name="IsUp">Up, or down.</param>
/// <param name="Reason">Why it went down, in words; empty when it came up.</param>
internal sealed record EvpnNeighborEvent(string Neighbor, uint As, bool IsUp, string Reason);
