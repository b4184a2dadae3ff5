using Overlay.Control.Evpn.Options;

namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>What all sessions say of us. Immutable.</summary>
/// <param name="As">Our AS, unless a neighbour is told another.</param>
/// <param name="RouterId">Our BGP identifier.</param>
/// <param name="RestartTime">How long we ask to be waited for; zero does not announce graceful restart.</param>
internal sealed record BgpLocal(uint As, uint RouterId, TimeSpan RestartTime)
{
    /// <summary>Takes it from the configuration.</summary>
    public static BgpLocal From(EvpnOptions options) => new(options.As, options.RouterId, options.RestartTime);
}
