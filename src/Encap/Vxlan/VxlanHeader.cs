namespace Overlay.Encap.Vxlan;

/// <summary>
/// A VXLAN header for emission (RFC 7348 5), optionally with the group policy extension:
/// <code>
///  0                   1                   2                   3
/// |G|R|R|R|I|R|R|R|R|D|R|R|A|R|R|R|        Group Policy ID        |
/// |                VXLAN Network Identifier       |   Reserved    |
/// </code>
/// Reserved bits are always written as zero: receivers that drop on a stray bit exist (Linux does).
/// </summary>
public readonly record struct VxlanHeader
{
    /// <summary>Octets on the wire.</summary>
    public const int Length = 8;

    /// <summary>A plain RFC 7348 header.</summary>
    /// <param name="vni">The segment.</param>
    public VxlanHeader(Vni vni)
    {
        Vni = vni;
    }

    /// <summary>A header with the group policy extension. An id of 0 with no flag is written plain, as Linux does.</summary>
    /// <param name="vni">The segment.</param>
    /// <param name="policyId">Group policy id.</param>
    /// <param name="dontLearn">D.</param>
    /// <param name="policyApplied">A.</param>
    public VxlanHeader(Vni vni, ushort policyId, bool dontLearn = false, bool policyApplied = false)
        : this(vni)
    {
        PolicyId = policyId;
        DontLearn = dontLearn;
        PolicyApplied = policyApplied;
        HasPolicy = policyId != 0 || dontLearn || policyApplied;
    }

    /// <summary>The segment.</summary>
    public Vni Vni { get; }

    /// <summary>G is written.</summary>
    public bool HasPolicy { get; }

    /// <summary>Group policy id; 0 without <see cref="HasPolicy"/>.</summary>
    public ushort PolicyId { get; }

    /// <summary>D is written.</summary>
    public bool DontLearn { get; }

    /// <summary>A is written.</summary>
    public bool PolicyApplied { get; }

    /// <summary>Writes every octet of the header.</summary>
    /// <param name="destination">At least <see cref="Length"/> octets.</param>
    /// <exception cref="ArgumentOutOfRangeException">The span is too short: a programming error.</exception>
    public void WriteTo(Span<byte> destination)
    {
        ulong flags = (ulong)VxlanFlags.Vni;
        if (HasPolicy)
        {
            flags |= (ulong)VxlanFlags.GroupPolicy
                | (DontLearn ? (ulong)VxlanFlags.DontLearn : 0)
                | (PolicyApplied ? (ulong)VxlanFlags.PolicyApplied : 0);
        }

        BinaryPrimitives.WriteUInt64BigEndian(destination, (flags << 48) | ((ulong)PolicyId << 32) | ((ulong)Vni.Value << 8));
    }
}
