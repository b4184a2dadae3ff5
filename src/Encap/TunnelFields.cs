namespace Overlay.Encap;

/// <summary>Which optional facts a <see cref="TunnelInfo"/> holds.</summary>
[Flags]
public enum TunnelFields : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary><see cref="TunnelInfo.PolicyId"/> came with the datagram, as a Geneve option or as GBP.</summary>
    Policy = 0x01,

    /// <summary><see cref="TunnelInfo.Identity"/> came with the datagram.</summary>
    Identity = 0x02,

    /// <summary><see cref="TunnelInfo.TelemetryOffset"/> is valid: at least eight octets of telemetry data are there.</summary>
    Telemetry = 0x04,

    /// <summary>GBP D: the inner source must not be learned.</summary>
    DontLearn = 0x08,

    /// <summary>GBP A: policy was applied already and must not be applied again.</summary>
    PolicyApplied = 0x10,

    /// <summary>Geneve C.</summary>
    Critical = 0x20,

    /// <summary>Geneve O, or O of GPE.</summary>
    Oam = 0x40,
}
