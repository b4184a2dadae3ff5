using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Overlay.Encap.Ip;

/// <summary>
/// The Internet checksum (RFC 1071): the ones' complement of the ones' complement sum of 16-bit big-endian words; a last odd octet is
/// padded with zero. Sums and checksums are numbers as read big-endian from the wire. Vectorised to 512, 256 or 128 bits.
/// </summary>
public static class InternetChecksum
{
    /// <summary>The checksum to write: complement of the sum of data and seed.</summary>
    /// <param name="data">Any octets; a checksum field inside must be zero.</param>
    /// <param name="seed">A partial sum to include, such as a pseudo header's; not complemented, not necessarily folded.</param>
    public static ushort Compute(ReadOnlySpan<byte> data, uint seed = 0) => (ushort)~Sum(data, seed);

    /// <summary>The folded sum, not complemented. 0xFFFF over data that includes its own right checksum.</summary>
    /// <param name="data">Any octets.</param>
    /// <param name="seed">A partial sum to include. Data of even length may be summed piecewise by passing on the result.</param>
    public static ushort Sum(ReadOnlySpan<byte> data, uint seed = 0)
    {
        ushort native = Fold(SumNative(data));
        return Fold((ulong)(BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(native) : native) + seed);
    }

    /// <summary>Data with its checksum field in place is intact.</summary>
    /// <param name="data">Any octets.</param>
    /// <param name="seed">A pseudo header's sum.</param>
    public static bool IsValid(ReadOnlySpan<byte> data, uint seed = 0) => Sum(data, seed) == 0xFFFF;

    /// <summary>The sum of the IPv4 or IPv6 pseudo header (RFC 768, RFC 8200 8.1), as a seed.</summary>
    /// <param name="source">Source address; 4 or 16 octets.</param>
    /// <param name="destination">Destination address of the same length.</param>
    /// <param name="protocol">Protocol or next header.</param>
    /// <param name="length">Octets of the upper-layer header and its data.</param>
    public static uint PseudoHeaderSum(ReadOnlySpan<byte> source, ReadOnlySpan<byte> destination, byte protocol, int length) =>
        (uint)Sum(source) + Sum(destination) + protocol + ((uint)length >> 16) + ((uint)length & 0xFFFF);

    /// <summary>The sum of the pseudo header of two underlay addresses of one family, as a seed.</summary>
    /// <inheritdoc cref="PseudoHeaderSum(ReadOnlySpan{byte}, ReadOnlySpan{byte}, byte, int)"/>
    public static uint PseudoHeaderSum(in UnderlayAddress source, in UnderlayAddress destination, byte protocol, int length)
    {
        Span<byte> octets = stackalloc byte[32];
        _ = source.TryWriteBytes(octets, out int sourceLength);
        _ = destination.TryWriteBytes(octets[sourceLength..], out int destinationLength);
        return PseudoHeaderSum(octets[..sourceLength], octets.Slice(sourceLength, destinationLength), protocol, length);
    }

    /// <summary>A checksum after one 16-bit word changed, by RFC 1624 equation 3: HC' = ~(~HC + ~m + m').</summary>
    /// <param name="checksum">The checksum before.</param>
    /// <param name="oldWord">The word before, at an even offset.</param>
    /// <param name="newWord">The word after.</param>
    public static ushort Update16(ushort checksum, ushort oldWord, ushort newWord) =>
        (ushort)~Fold((ulong)(ushort)~checksum + (ushort)~oldWord + newWord);

    /// <summary>A checksum after two adjacent 16-bit words changed (RFC 1624).</summary>
    /// <param name="checksum">The checksum before.</param>
    /// <param name="oldWord">The 32 bits before, at an even offset.</param>
    /// <param name="newWord">The 32 bits after.</param>
    public static ushort Update32(ushort checksum, uint oldWord, uint newWord)
    {
        ulong sum = (ushort)~checksum;
        sum += (ushort)~(oldWord >> 16);
        sum += (ushort)~oldWord;
        sum += newWord >> 16;
        sum += newWord & 0xFFFF;
        return (ushort)~Fold(sum);
    }

    /// <summary>Folds a sum to 16 bits with end-around carry.</summary>
    /// <param name="sum">Any partial sum.</param>
    public static ushort Fold(ulong sum)
    {
        sum = (sum >> 32) + (sum & 0xFFFF_FFFF);
        sum = (sum >> 16) + (sum & 0xFFFF);
        sum = (sum >> 16) + (sum & 0xFFFF);
        return (ushort)((sum >> 16) + (sum & 0xFFFF));
    }

    /// <summary>Sums in the machine's order: the ones' complement sum of swapped words is the swapped sum (RFC 1071 2 B).</summary>
    /// <remarks>
    /// Words of 32 bits are added in lanes of 64: folded, that is the same sum (RFC 1071 2 C), and no length that a span has overflows a lane.
    /// </remarks>
    private static ulong SumNative(ReadOnlySpan<byte> data)
    {
        ref byte start = ref MemoryMarshal.GetReference(data);
        nuint length = (nuint)data.Length;
        nuint offset = 0;
        ulong sum = 0;
        if (length >= 64)
        {
            if (Vector512.IsHardwareAccelerated)
            {
                sum = Sum512(ref start, length, ref offset);
            }
            else if (Vector256.IsHardwareAccelerated)
            {
                sum = Sum256(ref start, length, ref offset);
            }
            else if (Vector128.IsHardwareAccelerated)
            {
                sum = Sum128(ref start, length, ref offset);
            }
        }

        return sum + SumTail(ref start, length, offset);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Sum512(ref byte start, nuint length, ref nuint offset)
    {
        Vector512<ulong> mask = Vector512.Create(0xFFFF_FFFFul);
        Vector512<ulong> a = Vector512<ulong>.Zero, b = a, c = a, d = a;
        for (; offset + 128 <= length; offset += 128)
        {
            Vector512<ulong> v = Vector512.LoadUnsafe(ref start, offset).AsUInt64();
            Vector512<ulong> w = Vector512.LoadUnsafe(ref start, offset + 64).AsUInt64();
            a += v & mask;
            b += v >>> 32;
            c += w & mask;
            d += w >>> 32;
        }

        if (offset + 64 <= length)
        {
            Vector512<ulong> v = Vector512.LoadUnsafe(ref start, offset).AsUInt64();
            a += v & mask;
            b += v >>> 32;
            offset += 64;
        }

        a = a + b + (c + d);
        return Total(a.GetLower() + a.GetUpper());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Sum256(ref byte start, nuint length, ref nuint offset)
    {
        Vector256<ulong> mask = Vector256.Create(0xFFFF_FFFFul);
        Vector256<ulong> a = Vector256<ulong>.Zero, b = a, c = a, d = a;
        for (; offset + 64 <= length; offset += 64)
        {
            Vector256<ulong> v = Vector256.LoadUnsafe(ref start, offset).AsUInt64();
            Vector256<ulong> w = Vector256.LoadUnsafe(ref start, offset + 32).AsUInt64();
            a += v & mask;
            b += v >>> 32;
            c += w & mask;
            d += w >>> 32;
        }

        return Total(a + b + (c + d));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Sum128(ref byte start, nuint length, ref nuint offset)
    {
        Vector128<ulong> mask = Vector128.Create(0xFFFF_FFFFul);
        Vector128<ulong> a = Vector128<ulong>.Zero, b = a, c = a, d = a;
        for (; offset + 32 <= length; offset += 32)
        {
            Vector128<ulong> v = Vector128.LoadUnsafe(ref start, offset).AsUInt64();
            Vector128<ulong> w = Vector128.LoadUnsafe(ref start, offset + 16).AsUInt64();
            a += v & mask;
            b += v >>> 32;
            c += w & mask;
            d += w >>> 32;
        }

        a = a + b + (c + d);
        return a.ToScalar() + a.GetElement(1);
    }

    // What is left: a loop for what no vector took, then one step for each bit of the length.
    private static ulong SumTail(ref byte start, nuint length, nuint offset)
    {
        ulong sum = 0;
        for (; length - offset >= 16; offset += 16)
        {
            sum += TwoWords(ref start, offset) + TwoWords(ref start, offset + 8);
        }

        if ((length & 8) != 0)
        {
            sum += TwoWords(ref start, offset);
            offset += 8;
        }

        if ((length & 4) != 0)
        {
            sum += Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref start, offset));
            offset += 4;
        }

        if ((length & 2) != 0)
        {
            sum += Unsafe.ReadUnaligned<ushort>(ref Unsafe.Add(ref start, offset));
            offset += 2;
        }

        if ((length & 1) != 0)
        {
            byte last = Unsafe.Add(ref start, offset);
            sum += BitConverter.IsLittleEndian ? last : (ulong)last << 8;
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong TwoWords(ref byte start, nuint offset)
    {
        ulong words = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, offset));
        return (words & 0xFFFF_FFFF) + (words >> 32);
    }

    private static ulong Total(Vector256<ulong> lanes)
    {
        Vector128<ulong> half = lanes.GetLower() + lanes.GetUpper();
        return half.ToScalar() + half.GetElement(1);
    }
}
