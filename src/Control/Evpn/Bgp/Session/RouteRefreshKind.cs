namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>Subtypes of ROUTE-REFRESH (RFC 2918, RFC 7313 §3.2).</summary>
internal enum RouteRefreshKind : byte
{
    /// <summary>Send everything again.</summary>
    Request = 0,

    /// <summary>Beginning of Route Refresh: what is not sent again until the end is stale.</summary>
    Begin = 1,

    /// <summary>End of Route Refresh.</summary>
    End = 2,
}
