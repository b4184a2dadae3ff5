namespace Overlay.Encap;

/// <summary>
/// The facts of a judged tunnel datagram. A plain mutable struct of fields, for the fast path keeps an array of them; filled completely
/// only when the judgement was <see cref="ParseStatus.Ok"/>, and as far as it got otherwise.
/// </summary>
public struct TunnelInfo
{
    /// <summary>The segment.</summary>
    public Vni Vni;

    /// <summary>Octets of the UDP payload in front of the inner frame.</summary>
    public int InnerOffset;

    /// <summary>Octets of the inner frame.</summary>
    public int InnerLength;

    /// <summary>Security policy id; valid with <see cref="TunnelFields.Policy"/>.</summary>
    public uint PolicyId;

    /// <summary>Source identity; valid with <see cref="TunnelFields.Identity"/>.</summary>
    public uint Identity;

    /// <summary>Offset in the UDP payload of the telemetry data; valid with <see cref="TunnelFields.Telemetry"/>.</summary>
    public ushort TelemetryOffset;

    /// <summary>EtherType of the payload: 0x6558 for an Ethernet frame, 0x0800 or 0x86dd for layer 3.</summary>
    public ushort ProtocolType;

    /// <summary>Which optional facts are there.</summary>
    public TunnelFields Fields;

    /// <summary>Accepted oddities.</summary>
    public ParseAnomaly Anomalies;

    /// <summary>A policy id is there.</summary>
    public readonly bool HasPolicy => (Fields & TunnelFields.Policy) != 0;

    /// <summary>An identity is there.</summary>
    public readonly bool HasIdentity => (Fields & TunnelFields.Identity) != 0;

    /// <summary>Telemetry data is there.</summary>
    public readonly bool HasTelemetry => (Fields & TunnelFields.Telemetry) != 0;

    /// <summary>The inner source must not be learned (GBP D).</summary>
    public readonly bool DontLearn => (Fields & TunnelFields.DontLearn) != 0;
}
