using Overlay.Encap.Geneve;
using Overlay.Encap.Vxlan;

namespace Overlay.Encap;

/// <summary>
/// A tunnel header built once and pushed many times: what differs a frame (the VNI, and at most a policy id and an identity) is patched.
/// Immutable, so it may be shared by all threads.
/// </summary>
public sealed class EncapTemplate
{
    /// <summary>The longest header a template can have.</summary>
    public const int MaxLength = GeneveHeader.MaxLength;

    private readonly byte[] _header;
    private readonly ulong _word;

    private EncapTemplate(EncapKind kind, byte[] header, int policyOffset, int identityOffset)
    {
        Kind = kind;
        _header = header;
        _word = BinaryPrimitives.ReadUInt64BigEndian(header);
        PolicyOffset = policyOffset;
        IdentityOffset = identityOffset;
    }

    /// <summary>The encapsulation.</summary>
    public EncapKind Kind { get; }

    /// <summary>Octets of the header.</summary>
    public int Length => _header.Length;

    /// <summary>Offset of the four-octet policy id in the header, or -1. Geneve only; GBP ids are fixed in the template.</summary>
    public int PolicyOffset { get; }

    /// <summary>Offset of the four-octet identity in the header, or -1.</summary>
    public int IdentityOffset { get; }

    /// <summary>A plain VXLAN header.</summary>
    public static EncapTemplate Vxlan() => Vxlan(new VxlanHeader(Vni.Zero));

    /// <summary>A VXLAN header with a group policy word.</summary>
    /// <param name="policyId">Group policy id.</param>
    /// <param name="dontLearn">D.</param>
    /// <param name="policyApplied">A.</param>
    public static EncapTemplate VxlanGbp(ushort policyId, bool dontLearn = false, bool policyApplied = false) =>
        Vxlan(new VxlanHeader(Vni.Zero, policyId, dontLearn, policyApplied));

    /// <summary>A Geneve header with options.</summary>
    /// <param name="options">In the order they are written; C is set when one is critical (RFC 8926 3.5).</param>
    /// <param name="registry">Names the policy and identity options whose values can be patched; null for none.</param>
    /// <param name="oam">O.</param>
    /// <exception cref="ArgumentException">The options are longer than 63 words.</exception>
    public static EncapTemplate Geneve(IReadOnlyList<GeneveOption>? options = null, GeneveOptionRegistry? registry = null, bool oam = false)
    {
        options ??= [];
        int length = options.Sum(static option => option.Length);
        if (length > GeneveHeader.MaxOptionsLength)
        {
            throw new ArgumentException("a Geneve option area holds 252 octets", nameof(options));
        }

        byte[] header = new byte[GeneveHeader.FixedLength + length];
        new GeneveHeader(Vni.Zero, length, options.Any(static option => option.Critical), oam).WriteTo(header);
        int policyOffset = -1;
        int identityOffset = -1;
        int offset = GeneveHeader.FixedLength;
        foreach (GeneveOption option in options)
        {
            option.WriteTo(header.AsSpan(offset));
            if (registry is not null && option.Data.Length >= 4)
            {
                policyOffset = policyOffset < 0 && option.Id == registry.Policy ? offset + GeneveOption.HeaderLength : policyOffset;
                identityOffset = identityOffset < 0 && option.Id == registry.Identity ? offset + GeneveOption.HeaderLength : identityOffset;
            }

            offset += option.Length;
        }

        return new EncapTemplate(EncapKind.Geneve, header, policyOffset, identityOffset);
    }

    /// <summary>Writes every octet of the header.</summary>
    /// <param name="destination">At least <see cref="Length"/> octets.</param>
    /// <param name="vni">The segment.</param>
    /// <exception cref="ArgumentException">The span is too short: a programming error.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteTo(Span<byte> destination, Vni vni)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, _word | ((ulong)vni.Value << 8));
        if (_header.Length > 8)
        {
            _header.AsSpan(8).CopyTo(destination[8..]);
        }
    }

    /// <summary>Writes every octet of the header, with a policy id and an identity where the template has room for them.</summary>
    /// <param name="destination">At least <see cref="Length"/> octets.</param>
    /// <param name="vni">The segment.</param>
    /// <param name="policyId">Written when <see cref="PolicyOffset"/> is not -1.</param>
    /// <param name="identity">Written when <see cref="IdentityOffset"/> is not -1.</param>
    public void WriteTo(Span<byte> destination, Vni vni, uint policyId, uint identity)
    {
        WriteTo(destination, vni);
        if (PolicyOffset >= 0)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination[PolicyOffset..], policyId);
        }

        if (IdentityOffset >= 0)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination[IdentityOffset..], identity);
        }
    }

    private static EncapTemplate Vxlan(VxlanHeader header)
    {
        byte[] bytes = new byte[VxlanHeader.Length];
        header.WriteTo(bytes);
        return new EncapTemplate(EncapKind.Vxlan, bytes, -1, -1);
    }
}
