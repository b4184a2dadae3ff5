using System.Buffers.Binary;
using System.Collections.Immutable;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>Writes AS_PATH and AS4_PATH, and turns attributes with four octets an AS into those for a peer with two (RFC 6793 §4.2.2).</summary>
internal static class AsPathWriter
{
    /// <summary>The value of AS_PATH.</summary>
    public static byte[] ToArray(ImmutableArray<AsSegment> path, bool fourOctets)
    {
        int width = fourOctets ? 4 : 2;
        byte[] value = new byte[path.Sum(segment => 2 + (width * segment.Numbers.Length))];
        Span<byte> rest = value;
        foreach (AsSegment segment in path)
        {
            rest[0] = segment.Kind;
            rest[1] = checked((byte)segment.Numbers.Length);
            rest = rest[2..];
            foreach (uint number in segment.Numbers)
            {
                if (fourOctets)
                {
                    BinaryPrimitives.WriteUInt32BigEndian(rest, number);
                }
                else
                {
                    BinaryPrimitives.WriteUInt16BigEndian(rest, number > ushort.MaxValue ? OpenMessage.AsTrans : (ushort)number);
                }

                rest = rest[width..];
            }
        }

        return value;
    }

    /// <summary>
    /// The octets of attributes for a peer with two octets an AS: AS_PATH with 23456 for what does not fit, and then AS4_PATH, without confederation segments.
    /// AGGREGATOR does not occur in what we originate and goes as it is.
    /// </summary>
    public static byte[] ToTwoOctets(PathAttributes attributes)
    {
        List<byte> octets = [];
        bool wide = false;
        foreach (AsSegment segment in attributes.AsPath)
        {
            wide |= segment.Numbers.Any(static number => number > ushort.MaxValue);
        }

        ReadOnlySpan<byte> rest = attributes.Raw.Span;
        bool pending = wide;
        while (AttributeHeader.TryRead(ref rest, out AttributeHeader attribute))
        {
            if (attribute.Code is AttributeCode.As4Path)
            {
                continue;
            }

            if (pending && attribute.Code > AttributeCode.As4Path)
            {
                AddWide(octets, attributes.AsPath);
                pending = false;
            }

            if (attribute.Code == AttributeCode.AsPath)
            {
                Add(octets, AttributeCode.AsPath, ToArray(attributes.AsPath, fourOctets: false));
            }
            else
            {
                octets.AddRange(attribute.Whole);
            }
        }

        if (pending)
        {
            AddWide(octets, attributes.AsPath);
        }

        return [.. octets];
    }

    private static void AddWide(List<byte> octets, ImmutableArray<AsSegment> path) =>
        Add(octets, AttributeCode.As4Path, ToArray(path.RemoveAll(static segment => segment.Kind > 2), fourOctets: true));

    private static void Add(List<byte> octets, byte code, byte[] value)
    {
        octets.AddRange([(byte)(AttributeCode.FlagsOf(code)!.Value | AttributeCode.ExtendedLength), code, (byte)(value.Length >> 8), (byte)value.Length]);
        octets.AddRange(value);
    }
}
