namespace Overlay.Forwarding.Topology;

/// <summary>How a port treats VLAN tags.</summary>
public enum PortMode : byte
{
    /// <summary>Untagged frames only; a tagged one is <c>vlan_not_allowed</c> (RFC 7348 §6.1).</summary>
    Access = 0,

    /// <summary>The outer tag selects the VNI and is stripped; untagged frames belong to the native VNI, if there is one.</summary>
    Trunk = 1,

    /// <summary>Tags are carried inside the VNI, untouched.</summary>
    Transparent = 2,
}
