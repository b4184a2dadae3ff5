using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Overlay.Encap;
using Overlay.Encap.Ip;

namespace Overlay.Dataplane.Pipeline.Merging;

/// <summary>
/// The headers of a flow's first segment, from the destination MAC to the end of TCP or UDP, and which octets of them the flow's next segment has as well:
/// all but lengths, IPv4 identification, sequence number, checksums, PSH and FIN. Owned by one worker.
/// </summary>
internal sealed class HeaderPattern
{
    // Ethernet with eight tags, IPv6, the longest TCP header, in whole vectors.
    private const int Size = 160;
    private readonly byte[] _octets = new byte[Size];
    private readonly byte[] _mask = new byte[Size];

    /// <summary>Octets of the headers; 0 for no pattern.</summary>
    internal int Length { get; private set; }

    /// <summary>Takes the headers of a frame.</summary>
    /// <param name="slab">The slab.</param>
    /// <param name="offset">Where the frame begins.</param>
    /// <param name="segment">What it carries; plain.</param>
    /// <param name="headerLength">Octets of its TCP or UDP header.</param>
    internal void Set(byte[] slab, int offset, in InnerSegment segment, int headerLength)
    {
        int ip = segment.IpOffset - offset;
        int upper = segment.UpperOffset - offset;
        Length = upper + headerLength;
        slab.AsSpan(offset, Length).CopyTo(_octets);
        Span<byte> mask = _mask;
        mask[..Length].Fill(0xFF);
        mask[Length..].Clear();
        if (segment.IsIPv6)
        {
            mask.Slice(ip + 4, 2).Clear();
        }
        else
        {
            // Total length and identification; header checksum.
            mask.Slice(ip + 2, 4).Clear();
            mask.Slice(ip + 10, 2).Clear();
        }

        if (segment.Protocol == IpProtocol.Udp)
        {
            mask.Slice(upper + 4, 4).Clear();
            return;
        }

        mask.Slice(upper + 4, 4).Clear();
        mask[upper + 13] = unchecked((byte)~(SegmentMerger.Psh | SegmentMerger.Fin));
        mask.Slice(upper + InnerSegment.TcpChecksumOffset, 2).Clear();
    }

    /// <summary>Forgets the pattern.</summary>
    internal void Forget() => Length = 0;

    /// <summary>True if a frame has these headers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool Matches(byte[] slab, int offset)
    {
        if (offset > slab.Length - Size)
            return false;

        ref byte a = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(slab), offset);
        ref byte b = ref MemoryMarshal.GetArrayDataReference(_octets);
        ref byte mask = ref MemoryMarshal.GetArrayDataReference(_mask);
        Vector256<byte> difference = Vector256<byte>.Zero;
        for (nuint i = 0; i < (nuint)Length; i += 32)
            difference |= (Vector256.LoadUnsafe(ref a, i) ^ Vector256.LoadUnsafe(ref b, i)) & Vector256.LoadUnsafe(ref mask, i);

        return difference == Vector256<byte>.Zero;
    }
}
