namespace Overlay.Forwarding.Topology;

/// <summary>What to do with a frame that should carry a policy id when the peer's encapsulation is VXLAN.</summary>
public enum VxlanPolicyAction : byte
{
    /// <summary>Drop as <c>encap_cannot_carry_policy</c> where the policy is required, else send without it.</summary>
    Drop = 0,

    /// <summary>Send without it.</summary>
    Strip = 1,

    /// <summary>Send the low 16 bits as VXLAN group policy id.</summary>
    MapToGbp = 2,
}
