using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>An Ethernet segment identifier: ten octets, the first of which is its type (RFC 7432 §5). All zero means single-homed.</summary>
/// <param name="Hi">Octets 0 and 1.</param>
/// <param name="Lo">Octets 2 to 9.</param>
public readonly record struct EthernetSegmentId(ushort Hi, ulong Lo)
{
    /// <summary>True for the single-homed one.</summary>
    public bool IsZero => Hi == 0 && Lo == 0;

    /// <summary>True for the reserved one, all ones.</summary>
    public bool IsReserved => Hi == ushort.MaxValue && Lo == ulong.MaxValue;

    /// <summary>Octets on the wire.</summary>
    public const int Length = 10;

    /// <summary>The type (RFC 7432 §5).</summary>
    public byte Type => (byte)(Hi >> 8);

    /// <summary>Reads ten octets.</summary>
    public static EthernetSegmentId Read(ReadOnlySpan<byte> source) => new(BinaryPrimitives.ReadUInt16BigEndian(source), BinaryPrimitives.ReadUInt64BigEndian(source[2..]));

    /// <summary>Writes ten octets.</summary>
    public void WriteTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination, Hi);
        BinaryPrimitives.WriteUInt64BigEndian(destination[2..], Lo);
    }

    /// <summary>Parses ten octets of two hexadecimal digits with colons between them.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out EthernetSegmentId esi)
    {
        esi = default;
        if (text is not { Length: 29 })
        {
            return false;
        }

        Span<byte> octets = stackalloc byte[Length];
        for (int i = 0; i < Length; i++)
        {
            if ((i > 0 && text[(3 * i) - 1] != ':') || !byte.TryParse(text.AsSpan(3 * i, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out octets[i]))
            {
                return false;
            }
        }

        esi = Read(octets);
        return true;
    }

    /// <summary>Ten octets with colons, as <see cref="TryParse"/> reads them.</summary>
    public override string ToString()
    {
        Span<byte> octets = stackalloc byte[Length];
        WriteTo(octets);
        return string.Join(':', Convert.ToHexStringLower(octets).Chunk(2).Select(static pair => new string(pair)));
    }
}
