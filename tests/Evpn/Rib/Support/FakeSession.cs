using Overlay.Control.Evpn.Bgp.Session;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Tests.Rib.Support;

/// <summary>An established session without a connection.</summary>
internal sealed class FakeSession(BgpSessionFacts facts) : IBgpSession
{
    public string Name => Facts.Peer.ToString();

    public BgpSessionFacts Facts { get; } = facts;

    public int Wakes { get; private set; }

    public int Refreshes { get; private set; }

    public BgpError? Ended { get; private set; }

    /// <summary>A session with a peer; internal unless another AS is given.</summary>
    public static FakeSession With(string peer, uint peerAs = 65001, uint localAs = 65001, uint? routerId = null, int maxLength = 4096, bool enhancedRefresh = true, bool gracefulRestart = true)
    {
        UnderlayAddress address = UnderlayAddress.Parse(peer);
        return new FakeSession(new BgpSessionFacts
        {
            Peer = address,
            Local = UnderlayAddress.Parse("192.0.2.1"),
            LocalAs = localAs,
            PeerAs = peerAs,
            LocalRouterId = RibBench.RouterId,
            PeerRouterId = routerId ?? (uint)address.Lo,
            HasFourOctetAs = true,
            MaxMessageLength = maxLength,
            HasRouteRefresh = true,
            HasEnhancedRefresh = enhancedRefresh,
            GracefulRestart = gracefulRestart ? new PeerGracefulRestart(false, true, TimeSpan.FromSeconds(120), true, true) : null,
        });
    }

    public void Wake() => Wakes++;

    public bool RequestRefresh()
    {
        Refreshes++;
        return true;
    }

    public void End(BgpError error) => Ended ??= error;
}
