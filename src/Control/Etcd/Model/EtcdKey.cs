using Overlay.Encap;

namespace Overlay.Control.Etcd.Model;

/// <summary>A key of the schema in parts; what a kind does not have is default.</summary>
/// <param name="Kind">What it is about.</param>
/// <param name="Name">The VTEP's name (VTEPs, members, notes).</param>
/// <param name="Vni">The VNI (all but VTEPs).</param>
/// <param name="Mac">The MAC (MACs, notes).</param>
/// <param name="Address">The tenant's address (neighbours).</param>
internal readonly record struct EtcdKey(EtcdKeyKind Kind, string? Name, Vni Vni, MacAddress Mac, UnderlayAddress Address)
{
    public static EtcdKey OfVtep(string name) => new(EtcdKeyKind.Vtep, name, default, default, default);

    public static EtcdKey OfMember(Vni vni, string name) => new(EtcdKeyKind.Member, name, vni, default, default);

    public static EtcdKey OfMac(Vni vni, MacAddress mac) => new(EtcdKeyKind.Mac, null, vni, mac, default);

    public static EtcdKey OfNeighbor(Vni vni, UnderlayAddress address) => new(EtcdKeyKind.Neighbor, null, vni, default, address);

    public static EtcdKey OfMoved(string name, Vni vni, MacAddress mac) => new(EtcdKeyKind.Moved, name, vni, mac, default);
}
