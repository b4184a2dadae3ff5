namespace Overlay.Control.Etcd.Model;

/// <summary>Faults in snake case: API, CLI, metrics and docs.</summary>
public static class EtcdFaultNames
{
    /// <summary>The word for a fault.</summary>
    public static string Of(EtcdFault fault) => fault switch
    {
        EtcdFault.KeyOutsideSchema => "key_outside_schema",
        EtcdFault.TooLarge => "too_large",
        EtcdFault.NotUtf8 => "not_utf8",
        EtcdFault.NotJson => "not_json",
        EtcdFault.OtherVersion => "other_version",
        EtcdFault.BadVni => "bad_vni",
        EtcdFault.BadMac => "bad_mac",
        EtcdFault.BadAddress => "bad_address",
        EtcdFault.BadVtep => "bad_vtep",
        EtcdFault.BadField => "bad_field",
        EtcdFault.MacTwoWriters => "mac_two_writers",
        EtcdFault.VtepClaimed => "vtep_claimed",
        EtcdFault.OwnKeyChanged => "own_key_changed",
        EtcdFault.DeletedByOther => "deleted_by_other",
        _ => "none",
    };
}
