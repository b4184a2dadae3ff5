using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>Reads AS_PATH and AS4_PATH (RFC 4271 §4.3, RFC 6793 §4.2.3, RFC 7606 §7.2).</summary>
internal static class AsPathReader
{
    private const byte Set = 1;
    private const byte Sequence = 2;

    /// <summary>Reads a path; false if it is malformed: an unknown or empty segment, one past the end, an octet left over, AS 0 (RFC 7607 §2).</summary>
    public static bool TryRead(ReadOnlySpan<byte> value, bool fourOctets, out ImmutableArray<AsSegment> path)
    {
        path = [];
        int width = fourOctets ? 4 : 2;
        ImmutableArray<AsSegment>.Builder segments = ImmutableArray.CreateBuilder<AsSegment>(1);
        while (value.Length > 0)
        {
            if (value.Length < 2 || value[0] is 0 or > 4 || value[1] == 0 || value.Length - 2 < value[1] * width)
            {
                return false;
            }

            uint[] numbers = new uint[value[1]];
            for (int i = 0; i < numbers.Length; i++)
            {
                ReadOnlySpan<byte> at = value[(2 + (i * width))..];
                numbers[i] = fourOctets ? BinaryPrimitives.ReadUInt32BigEndian(at) : BinaryPrimitives.ReadUInt16BigEndian(at);
                if (numbers[i] == 0)
                {
                    return false;
                }
            }

            segments.Add(new AsSegment(value[0], ImmutableCollectionsMarshal.AsImmutableArray(numbers)));
            value = value[(2 + (numbers.Length * width))..];
        }

        path = segments.DrainToImmutable();
        return true;
    }

    /// <summary>
    /// RFC 6793 §4.2.3: as many of the leading numbers of AS_PATH as AS4_PATH lacks, then AS4_PATH. A path that is shorter than its AS4_PATH stands as it is.
    /// Confederation segments of AS4_PATH are left out (RFC 6793 §3).
    /// </summary>
    public static ImmutableArray<AsSegment> Merge(ImmutableArray<AsSegment> path, ImmutableArray<AsSegment> path4)
    {
        path4 = path4.RemoveAll(static segment => segment.Kind is not (Set or Sequence));
        int lead = LengthOf(path) - LengthOf(path4);
        if (lead < 0 || path4.IsEmpty)
        {
            return path;
        }

        ImmutableArray<AsSegment>.Builder merged = ImmutableArray.CreateBuilder<AsSegment>();
        foreach (AsSegment segment in path)
        {
            int length = LengthOf(segment);
            if (length > 0 && lead <= 0)
            {
                break;
            }

            merged.Add(length <= lead || segment.Kind != Sequence ? segment : segment with { Numbers = segment.Numbers[..lead] });
            lead -= length;
        }

        if (merged.Count > 0 && merged[^1].Kind == Sequence && path4[0].Kind == Sequence && merged[^1].Numbers.Length + path4[0].Numbers.Length <= byte.MaxValue)
        {
            // One sequence, as a speaker with four octets would have sent it.
            merged[^1] = merged[^1] with { Numbers = merged[^1].Numbers.AddRange(path4[0].Numbers) };
            path4 = path4.RemoveAt(0);
        }

        merged.AddRange(path4);
        return merged.DrainToImmutable();
    }

    /// <summary>RFC 4271 §9.1.2.2: a set counts as one, confederation segments as none (RFC 5065 §5.3).</summary>
    private static int LengthOf(ImmutableArray<AsSegment> path)
    {
        int length = 0;
        foreach (AsSegment segment in path)
        {
            length += LengthOf(segment);
        }

        return length;
    }

    private static int LengthOf(AsSegment segment) => segment.Kind == Set ? 1 : segment.Kind == Sequence ? segment.Numbers.Length : 0;
}
