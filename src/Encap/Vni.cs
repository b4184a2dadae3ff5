using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Overlay.Encap;

/// <summary>
/// A 24-bit virtual network identifier: the VXLAN Network Identifier of RFC 7348 section 5 and the Geneve VNI of RFC 8926 section 3.4.
/// Zero and <see cref="Max"/> are legal values.
/// </summary>
public readonly record struct Vni : IComparable<Vni>
{
    /// <summary>Octets on the wire.</summary>
    public const int Length = 3;

    /// <summary>The largest number a VNI can have, 16777215.</summary>
    public const uint MaxValue = 0xFF_FFFF;

    /// <summary>Makes a VNI.</summary>
    /// <param name="value">0..<see cref="MaxValue"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number does not fit 24 bits.</exception>
    public Vni(uint value)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, MaxValue);
        Value = value;
    }

    /// <summary>Makes a VNI.</summary>
    /// <param name="value">0..<see cref="MaxValue"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative or does not fit 24 bits.</exception>
    public Vni(int value)
        : this(checked((uint)ThrowIfNegative(value)))
    {
    }

    private Vni(uint value, bool _)
    {
        Value = value;
    }

    /// <summary>VNI 0.</summary>
    public static Vni Zero => default;

    /// <summary>VNI 16777215.</summary>
    public static Vni Max => new(MaxValue);

    /// <summary>The number, 0..<see cref="MaxValue"/>.</summary>
    public uint Value { get; }

    /// <summary>Makes a VNI from a number that may be out of range.</summary>
    /// <param name="value">Any number.</param>
    /// <param name="vni">The VNI, or zero.</param>
    /// <returns>False when the number is not 0..<see cref="MaxValue"/>.</returns>
    public static bool TryCreate(long value, out Vni vni)
    {
        bool fits = (ulong)value <= MaxValue;
        vni = fits ? new Vni((uint)value, true) : default;
        return fits;
    }

    /// <summary>Parses decimal digits only: no sign, no blanks, no hexadecimal.</summary>
    /// <param name="text">The text.</param>
    /// <param name="vni">The VNI, or zero.</param>
    /// <returns>False when the text is not a VNI.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, out Vni vni)
    {
        vni = default;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) && TryCreate(value, out vni);
    }

    /// <summary>Reads three octets, most significant first.</summary>
    /// <param name="source">At least <see cref="Length"/> octets.</param>
    public static Vni Read(ReadOnlySpan<byte> source) => new(((uint)source[0] << 16) | ((uint)source[1] << 8) | source[2], true);

    /// <summary>The VNI in bits 31..8 of a big-endian word whose low octet is reserved: the second word of both tunnel headers.</summary>
    /// <param name="word">The word as a number.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vni FromHeaderWord(uint word) => new(word >> 8, true);

    /// <summary>Writes three octets.</summary>
    /// <param name="destination">At least <see cref="Length"/> octets.</param>
    public void WriteTo(Span<byte> destination)
    {
        destination[2] = (byte)Value;
        destination[1] = (byte)(Value >> 8);
        destination[0] = (byte)(Value >> 16);
    }

    /// <inheritdoc/>
    public int CompareTo(Vni other) => Value.CompareTo(other.Value);

    /// <summary>Orders by number.</summary>
    public static bool operator <(Vni left, Vni right) => left.Value < right.Value;

    /// <summary>Orders by number.</summary>
    public static bool operator >(Vni left, Vni right) => left.Value > right.Value;

    /// <summary>Orders by number.</summary>
    public static bool operator <=(Vni left, Vni right) => left.Value <= right.Value;

    /// <summary>Orders by number.</summary>
    public static bool operator >=(Vni left, Vni right) => left.Value >= right.Value;

    /// <summary>The decimal number.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    private static int ThrowIfNegative(int value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        return value;
    }
}
