namespace Overlay.Control.Etcd.Model;

/// <summary>What a key of the schema is about.</summary>
public enum EtcdKeyKind : byte
{
    /// <summary>None of the schema.</summary>
    None = 0,

    /// <summary>A VTEP and its addresses: <c>vteps/NAME</c>.</summary>
    Vtep = 1,

    /// <summary>A VTEP's part in the flood list of a VNI: <c>vnis/VNI/members/NAME</c>.</summary>
    Member = 2,

    /// <summary>A MAC's place: <c>vnis/VNI/macs/MAC</c>.</summary>
    Mac = 3,

    /// <summary>A tenant's address: <c>vnis/VNI/neighbors/ADDRESS</c>.</summary>
    Neighbor = 4,

    /// <summary>A note to a VTEP that a MAC left it: <c>moved/NAME/VNI/MAC</c>.</summary>
    Moved = 5,
}
