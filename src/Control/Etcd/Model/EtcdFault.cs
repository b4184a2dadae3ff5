namespace Overlay.Control.Etcd.Model;

/// <summary>What is wrong with a key or a value of the store, and what else is worth counting there.</summary>
public enum EtcdFault : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>A key under our prefix and version that the schema does not know.</summary>
    KeyOutsideSchema,

    /// <summary>A value, or a key, longer than any of the schema.</summary>
    TooLarge,

    /// <summary>Octets that are no UTF-8.</summary>
    NotUtf8,

    /// <summary>Not JSON, or no object.</summary>
    NotJson,

    /// <summary>A version other than ours, or none.</summary>
    OtherVersion,

    /// <summary>A VNI out of range, or not written as a plain number.</summary>
    BadVni,

    /// <summary>No MAC, a multicast or zero one, or not written as <c>02:00:00:00:00:01</c>.</summary>
    BadMac,

    /// <summary>No address, one that no VTEP or host can have, or not in its shortest form.</summary>
    BadAddress,

    /// <summary>A name that no VTEP can have, or another one than the key's.</summary>
    BadVtep,

    /// <summary>A field is missing or of a wrong type.</summary>
    BadField,

    /// <summary>A MAC was given another place without a higher sequence; the later word counts.</summary>
    MacTwoWriters,

    /// <summary>Somebody else wrote what says who we are.</summary>
    VtepClaimed,

    /// <summary>Somebody else overwrote or deleted a key of ours; it is written again.</summary>
    OwnKeyChanged,

    /// <summary>A key whose owner lives was deleted, and not by its owner.</summary>
    DeletedByOther,
}
