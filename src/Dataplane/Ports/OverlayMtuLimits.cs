namespace Overlay.Dataplane.Ports;

/// <summary>What a port's packets may have, in octets.</summary>
/// <param name="Links">By the links towards its peers.</param>
/// <param name="Paths">By the paths to them too, as far as they are known: no more than <paramref name="Links"/>, and not under 1,280 because of a path.</param>
public readonly record struct OverlayMtuLimits(int Links, int Paths);
