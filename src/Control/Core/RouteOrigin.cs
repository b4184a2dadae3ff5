using Overlay.Forwarding;

namespace Overlay.Control;

/// <summary>Which kind of plane a route comes from. The numbers agree with <see cref="FdbOrigin"/>.</summary>
public enum RouteOrigin : byte
{
    /// <summary>The configuration file.</summary>
    Static = FdbOrigin.Static,

    /// <summary>BGP EVPN.</summary>
    Evpn = FdbOrigin.Evpn,

    /// <summary>OVSDB hardware_vtep.</summary>
    Ovsdb = FdbOrigin.Ovsdb,

    /// <summary>etcd.</summary>
    Etcd = FdbOrigin.Etcd,
}
