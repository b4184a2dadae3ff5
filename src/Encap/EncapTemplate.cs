using Overlay.Encap.Geneve;
using Overlay.Encap.Vxlan;

namespace Overlay.Encap;

/// <summary>
/// A tunnel header built once and pushed many times: what differs a frame, the VNI, is patched.
/// Immutable, so it may be shared by all threads.
/// </summary>
public sealed class EncapTemplate
{
    /// <summary>The longest header a template can have.</summary>
    public const int MaxLength = GeneveHeader.MaxLength;

    private readonly byte[] _header;
    private readonly ulong _word;

    private EncapTemplate(EncapKind kind, byte[] header)
    {
        Kind = kind;
        _header = header;
        _word = BinaryPrimitives.ReadUInt64BigEndian(header);
    }

    /// <summary>The encapsulation.</summary>
    public EncapKind Kind { get; }

    /// <summary>Octets of the header.</summary>
    public int Length => _header.Length;

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
    /// <param name="oam">O.</param>
    /// <exception cref="ArgumentException">The options are longer than 63 words.</exception>
    public static EncapTemplate Geneve(IReadOnlyList<GeneveOption>? options = null, bool oam = false)
    {
        options ??= [];
        int length = options.Sum(static option => option.Length);
        if (length > GeneveHeader.MaxOptionsLength)
        {
            throw new ArgumentException("a Geneve option area holds 252 octets", nameof(options));
        }

        byte[] header = new byte[GeneveHeader.FixedLength + length];
        new GeneveHeader(Vni.Zero, length, options.Any(static option => option.Critical), oam).WriteTo(header);
        int offset = GeneveHeader.FixedLength;
        foreach (GeneveOption option in options)
        {
            option.WriteTo(header.AsSpan(offset));
            offset += option.Length;
        }

        return new EncapTemplate(EncapKind.Geneve, header);
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

    private static EncapTemplate Vxlan(VxlanHeader header)
    {
        byte[] bytes = new byte[VxlanHeader.Length];
        header.WriteTo(bytes);
        return new EncapTemplate(EncapKind.Vxlan, bytes);
    }
}
