using Overlay.Control.Evpn.Bgp.Wire;

namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>How and why a session ended.</summary>
/// <param name="Kind">How.</param>
/// <param name="Error">The NOTIFICATION that was sent or received; of a Hard Reset (RFC 8538 §3) the one inside, where there is one.</param>
/// <param name="IsHardReset">The peer sent Cease/Hard Reset: its routes go at once (RFC 8538 §4).</param>
/// <param name="Text">A shutdown communication (RFC 9003), or a sentence for the operator; never null.</param>
internal readonly record struct BgpClose(BgpCloseKind Kind, BgpError? Error, bool IsHardReset, string Text)
{
    /// <summary>
    /// Whether the routes of the peer go at once. All else leaves them in force and stale, until End-of-RIB, a replacement or the stale hold: losing a
    /// session never takes traffic down.
    /// </summary>
    public bool RemovesRoutes => IsHardReset || Kind == BgpCloseKind.Removed;
}
