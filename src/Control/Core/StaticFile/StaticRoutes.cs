using System.Collections.Immutable;

namespace Overlay.Control.StaticFile;

/// <summary>The routes of a configuration file: its <c>peers:</c> and <c>macs:</c>, validated.</summary>
/// <param name="Peers">Peers.</param>
/// <param name="Macs">Static MACs; each names one of <paramref name="Peers"/>.</param>
public sealed record StaticRoutes(ImmutableArray<StaticPeer> Peers, ImmutableArray<StaticMac> Macs)
{
    /// <summary>No routes.</summary>
    public static StaticRoutes Empty { get; } = new([], []);
}
