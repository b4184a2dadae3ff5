using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Overlay.Encap;

/// <summary>A 48-bit IEEE 802 MAC address: a value type of one word, equal by content.</summary>
/// <param name="Value">The address as a number, first octet on the wire in bits 47..40. Bits 63..48 are discarded.</param>
public readonly record struct MacAddress(ulong Value) : IComparable<MacAddress>
{
    /// <summary>Octets on the wire.</summary>
    public const int Length = 6;

    private const ulong Mask = 0xFFFF_FFFF_FFFF;
    private const ulong GroupBit = 0x0100_0000_0000;
    private const ulong LinkLocalPrefix = 0x0180_C200_0000;

    /// <summary>The broadcast address ff:ff:ff:ff:ff:ff.</summary>
    public static MacAddress Broadcast => new(Mask);

    /// <summary>The all-zero address, which no station owns.</summary>
    public static MacAddress Zero => default;

    /// <summary>The address as a number, 0..2^48-1.</summary>
    public ulong Value { get; } = Value & Mask;

    /// <summary>The group bit is set: multicast or broadcast. Such an address is never a valid source.</summary>
    public bool IsMulticast => (Value & GroupBit) != 0;

    /// <summary>All ones.</summary>
    public bool IsBroadcast => Value == Mask;

    /// <summary>All zeros.</summary>
    public bool IsZero => Value == 0;

    /// <summary>The locally administered bit is set.</summary>
    public bool IsLocallyAdministered => (Value & 0x0200_0000_0000) != 0;

    /// <summary>01:80:c2:00:00:00 to 01:80:c2:00:00:0f, which an 802.1Q bridge never forwards (IEEE 802.1Q 8.6.3).</summary>
    public bool IsLinkLocalReserved => (Value & ~0xFul) == LinkLocalPrefix;

    /// <summary>Reads six octets.</summary>
    /// <param name="source">At least <see cref="Length"/> octets.</param>
    /// <exception cref="ArgumentOutOfRangeException">The span is too short: a programming error.</exception>
    public static MacAddress Read(ReadOnlySpan<byte> source)
    {
        ulong high = BinaryPrimitives.ReadUInt16BigEndian(source);
        ulong low = BinaryPrimitives.ReadUInt32BigEndian(source[2..]);
        return new MacAddress((high << 32) | low);
    }

    /// <summary>Writes six octets.</summary>
    /// <param name="destination">At least <see cref="Length"/> octets.</param>
    public void WriteTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)(Value >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(destination[2..], (uint)Value);
    }

    /// <summary>Parses <c>02:00:00:00:00:01</c> or <c>02-00-00-00-00-01</c>, two hexadecimal digits an octet, one separator throughout.</summary>
    /// <param name="text">The text; surrounding blanks are not allowed.</param>
    /// <param name="address">The address, or zero.</param>
    /// <returns>False when the text is not an address.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, out MacAddress address) => TryParse(text.AsSpan(), out address);

    /// <inheritdoc cref="TryParse(string?, out MacAddress)"/>
    public static bool TryParse(ReadOnlySpan<char> text, out MacAddress address)
    {
        address = default;
        if (text.Length != 17 || text[2] is not (':' or '-'))
        {
            return false;
        }

        char separator = text[2];
        ulong value = 0;
        for (int i = 0; i < Length; i++)
        {
            if ((i > 0 && text[(3 * i) - 1] != separator)
                || !byte.TryParse(text.Slice(3 * i, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte octet))
            {
                return false;
            }

            value = (value << 8) | octet;
        }

        address = new MacAddress(value);
        return true;
    }

    /// <summary>Parses an address that is known to be well formed.</summary>
    /// <param name="text">As for <see cref="TryParse(string?, out MacAddress)"/>.</param>
    /// <exception cref="FormatException">The text is not a MAC address.</exception>
    public static MacAddress Parse(string text) =>
        TryParse(text, out MacAddress address) ? address : throw new FormatException($"'{text}' is not a MAC address");

    /// <inheritdoc/>
    public int CompareTo(MacAddress other) => Value.CompareTo(other.Value);

    /// <summary>Orders by numeric value.</summary>
    public static bool operator <(MacAddress left, MacAddress right) => left.Value < right.Value;

    /// <summary>Orders by numeric value.</summary>
    public static bool operator >(MacAddress left, MacAddress right) => left.Value > right.Value;

    /// <summary>Orders by numeric value.</summary>
    public static bool operator <=(MacAddress left, MacAddress right) => left.Value <= right.Value;

    /// <summary>Orders by numeric value.</summary>
    public static bool operator >=(MacAddress left, MacAddress right) => left.Value >= right.Value;

    /// <summary>Lower-case octets with colons, as Linux prints them.</summary>
    public override string ToString() => string.Create(17, Value, static (chars, value) =>
    {
        const string Digits = "0123456789abcdef";
        for (int i = 0; i < Length; i++)
        {
            int octet = (int)(value >> (40 - (8 * i))) & 0xFF;
            chars[3 * i] = Digits[octet >> 4];
            chars[(3 * i) + 1] = Digits[octet & 0xF];
            if (i < Length - 1)
            {
                chars[(3 * i) + 2] = ':';
            }
        }
    });
}
