namespace Overlay.Forwarding;

/// <summary>
/// Where an FDB entry comes from. The number is stored in four bits of an FDB slot; it is an identity, not a rank: the rank of the
/// origins is the configured <c>control.precedence</c>.
/// </summary>
public enum FdbOrigin : byte
{
    /// <summary>No entry.</summary>
    None = 0,

    /// <summary>The configuration file.</summary>
    Static = 1,

    /// <summary>BGP EVPN, route type 2.</summary>
    Evpn = 2,

    /// <summary>OVSDB <c>Ucast_Macs_Remote</c>.</summary>
    Ovsdb = 3,

    /// <summary>The etcd store.</summary>
    Etcd = 4,

    /// <summary>Seen as a source on one of our ports.</summary>
    Local = 5,

    /// <summary>Seen as an inner source in a datagram of a remote VTEP (RFC 7348 §4.1).</summary>
    Learned = 6,
}
