using Overlay.Control.Evpn.Bgp.Wire;

namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>What an event led to.</summary>
/// <param name="Actions">What to do.</param>
/// <param name="Notification">The NOTIFICATION to send where <see cref="BgpActions.Notify"/> is set.</param>
internal readonly record struct BgpStep(BgpActions Actions, BgpError Notification = default)
{
    /// <summary>Whether an action is among those asked for.</summary>
    public bool Has(BgpActions action) => (Actions & action) != 0;
}
