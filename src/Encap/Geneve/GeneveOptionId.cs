using System.Globalization;

namespace Overlay.Encap.Geneve;

/// <summary>
/// The name of a Geneve option: its class and the low seven bits of its type. The critical bit is not part of the name, so that
/// one registration covers the advisory and the critical form of an option.
/// </summary>
/// <param name="Class">Option class, 0..0xFFFF (RFC 8926 7: 0xFF00..0xFFFF experimental).</param>
/// <param name="Type">Option type; the critical bit is discarded.</param>
public readonly record struct GeneveOptionId(ushort Class, byte Type)
{
    /// <summary>The critical bit of the type octet (RFC 8926 3.5).</summary>
    public const byte CriticalBit = 0x80;

    /// <summary>Option type without the critical bit, 0..127.</summary>
    public byte Type { get; } = (byte)(Type & ~CriticalBit);

    /// <summary>Class and type as one number below 2^24, without the critical bit.</summary>
    public uint Key => ((uint)Class << 8) | Type;

    /// <summary><c>class/type</c> in hexadecimal.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"0x{Class:x4}/{Type}");
}
