using Overlay.Encap;

namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>What two OPEN messages agreed on. Immutable.</summary>
internal sealed record BgpSessionFacts
{
    /// <summary>The peer's address.</summary>
    public required UnderlayAddress Peer { get; init; }

    /// <summary>Our end of the connection.</summary>
    public required UnderlayAddress Local { get; init; }

    /// <summary>Our AS.</summary>
    public required uint LocalAs { get; init; }

    /// <summary>The peer's AS.</summary>
    public required uint PeerAs { get; init; }

    /// <summary>Our BGP identifier.</summary>
    public required uint LocalRouterId { get; init; }

    /// <summary>The peer's BGP identifier.</summary>
    public required uint PeerRouterId { get; init; }

    /// <summary>iBGP.</summary>
    public bool IsInternal => LocalAs == PeerAs;

    /// <summary>Four octets an AS in AS_PATH (RFC 6793).</summary>
    public bool HasFourOctetAs { get; init; }

    /// <summary>Longest message either side may send: 4096, or 65535 (RFC 8654).</summary>
    public int MaxMessageLength { get; init; } = 4096;

    /// <summary>The peer understands ROUTE-REFRESH.</summary>
    public bool HasRouteRefresh { get; init; }

    /// <summary>Both frame a refresh by BoRR and EoRR (RFC 7313).</summary>
    public bool HasEnhancedRefresh { get; init; }

    /// <summary>Hold time agreed on; zero for none.</summary>
    public TimeSpan HoldTime { get; init; }

    /// <summary>The peer's graceful-restart capability (RFC 4724 §3), or null if it sent none.</summary>
    public PeerGracefulRestart? GracefulRestart { get; init; }
}
