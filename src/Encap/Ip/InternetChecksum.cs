using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Overlay.Encap.Ip;

/// <summary>
/// The Internet checksum (RFC 1071): the ones' complement of the ones' complement sum of 16-bit big-endian words; a last odd octet is
/// padded with zero. Sums and checksums are numbers as read big-endian from the wire. Vectorised to 512, 256 or 128 bits.
/// </summary>
public static class InternetChecksum
{
    // A 32-bit lane takes two 16-bit additions a vector: this many octets cannot overflow it.
    private const int MaxBlockLength = 1 << 20;

    /// <summary>The checksum to write: complement of the sum of data and seed.</summary>
    /// <param name="data">Any octets; a checksum field inside must be zero.</param>
    /// <param name="seed">A partial sum to include, such as a pseudo header's; not complemented, not necessarily folded.</param>
    public static ushort Compute(ReadOnlySpan<byte> data, uint seed = 0) => (ushort)~Sum(data, seed);

    /// <summary>The folded sum, not complemented. 0xFFFF over data that includes its own right checksum.</summary>
    /// <param name="data">Any octets.</param>
    /// <param name="seed">A partial sum to include. Data of even length may be summed piecewise by passing on the result.</param>
    public static ushort Sum(ReadOnlySpan<byte> data, uint seed = 0)
    {
        ulong sum = 0;
        while (data.Length > MaxBlockLength)
        {
            sum += SumBlock(data[..MaxBlockLength]);
            data = data[MaxBlockLength..];
        }

        sum += SumBlock(data);
        ushort native = Fold(sum);
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
    private static ulong SumBlock(ReadOnlySpan<byte> data)
    {
        ulong sum = 0;
        ref byte start = ref MemoryMarshal.GetReference(data);
        nuint offset = 0;
        nuint length = (nuint)data.Length;
        if (Vector512.IsHardwareAccelerated && length >= 128)
        {
            Vector512<uint> low = Vector512<uint>.Zero;
            Vector512<uint> high = Vector512<uint>.Zero;
            Vector512<uint> mask = Vector512.Create(0xFFFFu);
            for (; offset + 64 <= length; offset += 64)
            {
                Vector512<uint> v = Vector512.LoadUnsafe(ref start, offset).AsUInt32();
                low += v & mask;
                high += v >>> 16;
            }

            sum += Total(low) + Total(high);
        }
        else if (Vector256.IsHardwareAccelerated && length >= 64)
        {
            Vector256<uint> low = Vector256<uint>.Zero;
            Vector256<uint> high = Vector256<uint>.Zero;
            Vector256<uint> mask = Vector256.Create(0xFFFFu);
            for (; offset + 32 <= length; offset += 32)
            {
                Vector256<uint> v = Vector256.LoadUnsafe(ref start, offset).AsUInt32();
                low += v & mask;
                high += v >>> 16;
            }

            sum += Total(low) + Total(high);
        }
        else if (Vector128.IsHardwareAccelerated && length >= 32)
        {
            Vector128<uint> low = Vector128<uint>.Zero;
            Vector128<uint> high = Vector128<uint>.Zero;
            Vector128<uint> mask = Vector128.Create(0xFFFFu);
            for (; offset + 16 <= length; offset += 16)
            {
                Vector128<uint> v = Vector128.LoadUnsafe(ref start, offset).AsUInt32();
                low += v & mask;
                high += v >>> 16;
            }

            sum += Total(low) + Total(high);
        }

        return sum + SumTail(data[(int)offset..]);
    }

    private static ulong SumTail(ReadOnlySpan<byte> data)
    {
        ulong sum = 0;
        while (data.Length >= 4)
        {
            sum += MemoryMarshal.Read<uint>(data);
            data = data[4..];
        }

        if (data.Length >= 2)
        {
            sum += MemoryMarshal.Read<ushort>(data);
            data = data[2..];
        }

        if (data.Length != 0)
        {
            sum += BitConverter.IsLittleEndian ? data[0] : (ulong)data[0] << 8;
        }

        return sum;
    }

    private static ulong Total(Vector512<uint> lanes)
    {
        (Vector512<ulong> a, Vector512<ulong> b) = Vector512.Widen(lanes);
        return Vector512.Sum(a + b);
    }

    private static ulong Total(Vector256<uint> lanes)
    {
        (Vector256<ulong> a, Vector256<ulong> b) = Vector256.Widen(lanes);
        return Vector256.Sum(a + b);
    }

    private static ulong Total(Vector128<uint> lanes)
    {
        (Vector128<ulong> a, Vector128<ulong> b) = Vector128.Widen(lanes);
        return Vector128.Sum(a + b);
    }
}
