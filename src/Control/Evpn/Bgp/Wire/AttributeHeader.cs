using System.Buffers.Binary;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>
/// Cuts one path attribute off a list (RFC 4271 §4.3):
/// <code>
/// |O|T|P|E| | | | | type | length, 1 octet, or 2 with E | value ... |
/// </code>
/// </summary>
internal readonly ref struct AttributeHeader
{
    private AttributeHeader(ReadOnlySpan<byte> whole, int headerLength)
    {
        Whole = whole;
        Value = whole[headerLength..];
    }

    /// <summary>Header and value.</summary>
    public ReadOnlySpan<byte> Whole { get; }

    /// <summary>The value.</summary>
    public ReadOnlySpan<byte> Value { get; }

    public byte Flags => Whole[0];

    public byte Code => Whole[1];

    /// <summary>Takes the next attribute off the list; false if it does not hold a whole one (RFC 7606 §4).</summary>
    public static bool TryRead(scoped ref ReadOnlySpan<byte> rest, out AttributeHeader attribute)
    {
        attribute = default;
        if (rest.Length < 3)
        {
            return false;
        }

        bool extended = (rest[0] & AttributeCode.ExtendedLength) != 0;
        int header = extended ? 4 : 3;
        if (rest.Length < header)
        {
            return false;
        }

        int length = header + (extended ? BinaryPrimitives.ReadUInt16BigEndian(rest[2..]) : rest[2]);
        if (rest.Length < length)
        {
            return false;
        }

        attribute = new AttributeHeader(rest[..length], header);
        rest = rest[length..];
        return true;
    }
}
