namespace Overlay.Encap.Geneve;

/// <summary>
/// One option inside an option area (RFC 8926 3.5); see <see cref="GeneveOption"/> for the drawing. Made only by
/// <see cref="GeneveOptionEnumerator"/>, which has checked its length against the area. Borrows the span.
/// </summary>
public readonly ref struct GeneveOptionView
{
    private readonly ReadOnlySpan<byte> _option;

    internal GeneveOptionView(ReadOnlySpan<byte> option)
    {
        _option = option;
    }

    /// <summary>Option class.</summary>
    public ushort Class => BinaryPrimitives.ReadUInt16BigEndian(_option);

    /// <summary>The whole type octet, critical bit included.</summary>
    public byte Type => _option[2];

    /// <summary>Class and type without the critical bit.</summary>
    public GeneveOptionId Id => new(Class, Type);

    /// <summary>The critical bit: whoever does not know the option MUST drop the packet.</summary>
    public bool IsCritical => (Type & GeneveOptionId.CriticalBit) != 0;

    /// <summary>The three R bits, 0..7; ignored on receipt.</summary>
    public byte ReservedBits => (byte)(_option[3] >> 5);

    /// <summary>The data: 0..124 octets, a multiple of 4.</summary>
    public ReadOnlySpan<byte> Data => _option[GeneveOption.HeaderLength..];

    /// <summary>Octets on the wire, header included.</summary>
    public int Length => _option.Length;
}
