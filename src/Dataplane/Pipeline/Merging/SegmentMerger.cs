using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Ports;
using Overlay.Encap.Ip;

namespace Overlay.Dataplane.Pipeline.Merging;

/// <summary>
/// Joins consecutive segments of inner TCP and UDP flows into super-frames, so that a port's kernel gets many in one call. Only what a kernel that cuts the
/// super-frame again turns into the very same frames is joined, and only if every checksum was verified.
/// </summary>
/// <remarks>
/// <para>Segments join if Ethernet header and tags, IP addresses, TTL, TOS, DF (flow label, hop limit, traffic class), ports and, for TCP, acknowledgment, window, options and ECE are equal; if
/// the IPv4 identification counts on by one (which is what cutting writes: Linux <c>inet_gso_segment</c>); if TCP sequence numbers follow; and if data is as long as
/// the first segment's. A shorter one, PSH and FIN end a super-frame. SYN, RST, URG and CWR, IP options, extension headers, padding, and checksums that are
/// bad or written in an unusual way (0xFFFF where 0 is meant) are never joined.</para>
/// <para><b>Order.</b> A frame joins only the super-frame that holds the last frame of its flow; if it cannot, it is added behind and that super-frame is closed. A frame of no
/// flow (a fragment, ARP) closes all super-frames of its port. So no frame overtakes an earlier one of its flow, whatever is joined.</para>
/// <para>The table is direct-mapped with two places a flow: a flow that finds no place, or loses its place to another, is joined less, nothing more. Stamps make
/// forgetting everything free.</para>
/// </remarks>
internal sealed class SegmentMerger
{
    internal const byte Fin = 0x01;
    internal const byte Psh = 0x08;
    private const int TableSize = 1024;
    private const int MaxPacketLength = 65_535;

    // A kernel takes no more segments of a UDP super-frame (UDP_MAX_SEGMENTS of kernels before 6.9), and a gathering write has room for no more pieces.
    private const int MaxSegments = 64;
    private const byte Ack = 0x10;
    private const byte Ece = 0x40;
    private const ushort UnusualChecksum = 0xFFFF;
    private readonly Flow[] _flows = new Flow[TableSize];
    private readonly HeaderPattern _pattern = new();
    private PortOutbox? _expectedBox;
    private long _expectedStamp;
    private int _expectedPlace;
    private int _expectedFrame;
    private int _joinedPlace;
    private long _stamp;

    /// <summary>A stamp that no flow has.</summary>
    internal long NextStamp() => ++_stamp;

    /// <summary>Adds a frame to a box that is not full, by itself or as a part of one that is there.</summary>
    /// <param name="slab">Where the frames are.</param>
    /// <param name="box">The box.</param>
    /// <param name="frame">The frame.</param>
    /// <param name="segment">What it carries; the default if that is no TCP or UDP, or if it is not to be joined with anything.</param>
    internal void Add(byte[] slab, PortOutbox box, in TxFrame frame, in InnerSegment segment)
    {
        if (segment.Protocol == 0 || !segment.IsPlain)
        {
            box.Stamp = NextStamp();
            _ = box.Batch.Add(in frame);
            return;
        }

        Candidate candidate = default;
        bool mayJoin = (segment.Protocol == IpProtocol.Tcp || box.JoinsUdp) && TryRead(slab, in frame, in segment, ref candidate);
        uint hash = Hash(slab, in segment);
        int place = Find(hash, box.Stamp);
        ref Flow flow = ref _flows[place];
        bool isOpen = flow.Stamp == box.Stamp && flow.Hash == hash;
        if (mayJoin && isOpen && TryJoin(slab, box, ref flow, in frame, in segment, in candidate))
        {
            // The second in a row: the next may well be of this flow too.
            if (place == _joinedPlace)
                Expect(slab, box, place);

            _joinedPlace = place;
            return;
        }

        int index = box.Batch.Add(in frame);
        if (mayJoin && candidate.LastFlags == 0)
        {
            flow.Stamp = box.Stamp;
            flow.Hash = hash;
            flow.Frame = index;
            flow.Merged = -1;
            flow.LastPiece = -1;
            flow.Segments = 1;
            flow.SegmentLength = (ushort)candidate.DataLength;
            flow.HeaderLength = (ushort)candidate.HeaderLength;
            flow.NextIdentification = (ushort)(candidate.Identification + 1);
            flow.NextSequence = candidate.Sequence + (uint)candidate.DataLength;
            flow.Segment = segment;
            Expect(slab, box, place);
        }
        else if (isOpen)
        {
            flow.Stamp = 0;
        }
    }

    /// <summary>
    /// Makes a frame a part of the super-frame that a frame was last added to or begun with, if it is the flow's next: what can be told without taking it to pieces.
    /// </summary>
    /// <param name="slab">Where the frames are.</param>
    /// <param name="port">The port that the frame goes to.</param>
    /// <param name="offset">Where it begins.</param>
    /// <param name="length">Its octets.</param>
    /// <param name="frame">Its index in the batch.</param>
    /// <returns>False if it has to be added as any other.</returns>
    internal bool TryExtend(byte[] slab, Port port, int offset, int length, int frame)
    {
        if (_expectedBox is not { } box || box.Port != port || box.Stamp != _expectedStamp || box.Batch.IsFull)
            return false;

        ref Flow flow = ref _flows[_expectedPlace];
        int headers = _pattern.Length;
        int data = length - headers;
        if (flow.Stamp != _expectedStamp || flow.Frame != _expectedFrame || (uint)(data - 1) >= flow.SegmentLength || !_pattern.Matches(slab, offset))
            return false;

        ref readonly TxFrame head = ref box.Batch.Frames[flow.Frame];
        int move = offset - head.Offset;
        InnerSegment segment = flow.Segment;
        segment.IpOffset += move;
        segment.UpperOffset += move;
        int packetLength = length - (segment.IpOffset - offset);
        segment.UpperLength = length - (segment.UpperOffset - offset);
        ReadOnlySpan<byte> ip = slab.AsSpan(segment.IpOffset, packetLength);
        ReadOnlySpan<byte> upper = slab.AsSpan(segment.UpperOffset, segment.UpperLength);
        byte lastFlags = 0;
        ushort checksum = BinaryPrimitives.ReadUInt16BigEndian(upper[segment.ChecksumOffset..]);
        if (segment.Protocol == IpProtocol.Tcp)
        {
            if (BinaryPrimitives.ReadUInt32BigEndian(upper[4..]) != flow.NextSequence || checksum == UnusualChecksum)
                return false;

            lastFlags = (byte)(upper[13] & (Psh | Fin));
        }
        else if (BinaryPrimitives.ReadUInt16BigEndian(upper[4..]) != segment.UpperLength || checksum == 0)
        {
            return false;
        }

        bool isNext = segment.IsIPv6
            ? BinaryPrimitives.ReadUInt16BigEndian(ip[4..]) == segment.UpperLength
            : BinaryPrimitives.ReadUInt16BigEndian(ip[2..]) == packetLength
                && BinaryPrimitives.ReadUInt16BigEndian(ip[4..]) == flow.NextIdentification
                && BinaryPrimitives.ReadUInt16BigEndian(ip[10..]) != UnusualChecksum
                && IsValid(ip);
        if (!isNext
            || head.TotalLength - (flow.Segment.IpOffset - head.Offset) + data > MaxPacketLength
            || !InternetChecksum.IsValid(upper, segment.PseudoHeaderSum(slab)))
        {
            return false;
        }

        Append(box, ref flow, offset + headers, data, lastFlags, frame);
        return true;
    }

    private void Expect(byte[] slab, PortOutbox box, int place)
    {
        ref Flow flow = ref _flows[place];
        _pattern.Set(slab, box.Batch.Frames[flow.Frame].Offset, in flow.Segment, flow.HeaderLength);
        _expectedBox = box;
        _expectedStamp = box.Stamp;
        _expectedPlace = place;
        _expectedFrame = flow.Frame;
    }

    // Whether the frame may be part of a super-frame at all, whatever the others are.
    private static bool TryRead(byte[] slab, in TxFrame frame, in InnerSegment segment, ref Candidate candidate)
    {
        if (segment.Checksum != ChecksumState.Good || frame.Vnet != default)
            return false;

        ReadOnlySpan<byte> upper = slab.AsSpan(segment.UpperOffset, segment.UpperLength);
        int headerLength = InnerSegment.UdpHeaderLength;
        if (segment.Protocol == IpProtocol.Tcp)
        {
            // Data offset, four bits that are zero but for the newest ECN, and the flags.
            ushort word = BinaryPrimitives.ReadUInt16BigEndian(upper[12..]);
            headerLength = word >> 12 << 2;
            if ((word & 0x0FFF & ~(Psh | Fin | Ece)) != Ack
                || headerLength < InnerSegment.TcpMinHeaderLength
                || BinaryPrimitives.ReadUInt16BigEndian(upper[InnerSegment.TcpChecksumOffset..]) == UnusualChecksum)
            {
                return false;
            }

            candidate.LastFlags = (byte)(word & (Psh | Fin));
            candidate.Sequence = BinaryPrimitives.ReadUInt32BigEndian(upper[4..]);
        }

        candidate.HeaderLength = headerLength;
        candidate.DataLength = segment.UpperLength - headerLength;
        if (candidate.DataLength <= 0)
            return false;

        if (segment.IsIPv6)
            return true;

        ReadOnlySpan<byte> ip = slab.AsSpan(segment.IpOffset, IPv4View.MinHeaderLength);
        candidate.Identification = BinaryPrimitives.ReadUInt16BigEndian(ip[4..]);
        return BinaryPrimitives.ReadUInt16BigEndian(ip[10..]) != UnusualChecksum && IsValid(ip);
    }

    private static bool TryJoin(byte[] slab, PortOutbox box, ref Flow flow, in TxFrame frame, in InnerSegment segment, in Candidate candidate)
    {
        ref TxFrame head = ref box.Batch.Frames[flow.Frame];
        if (candidate.DataLength > flow.SegmentLength
            || candidate.HeaderLength != flow.HeaderLength
            || (segment.Protocol == IpProtocol.Tcp && candidate.Sequence != flow.NextSequence)
            || (!segment.IsIPv6 && candidate.Identification != flow.NextIdentification)
            || head.TotalLength - (flow.Segment.IpOffset - head.Offset) + candidate.DataLength > MaxPacketLength
            || !HasEqualHeaders(slab, head.Offset, in flow.Segment, frame.Offset, in segment, flow.HeaderLength))
        {
            return false;
        }

        Append(box, ref flow, segment.UpperOffset + candidate.HeaderLength, candidate.DataLength, candidate.LastFlags, frame.Frame);
        return true;
    }

    private static void Append(PortOutbox box, ref Flow flow, int offset, int length, byte lastFlags, int frame)
    {
        int piece = box.Batch.AddPiece(offset, length, frame);
        ref TxFrame head = ref box.Batch.Frames[flow.Frame];
        if (flow.LastPiece < 0)
        {
            head.Next = piece;
            flow.Merged = box.AddMerged(new MergedFrame { Frame = flow.Frame, Head = flow.Segment, SegmentLength = flow.SegmentLength });
        }
        else
        {
            box.Batch.Pieces[flow.LastPiece].Next = piece;
        }

        head.TotalLength += length;
        flow.LastPiece = piece;
        flow.NextIdentification++;
        flow.NextSequence += (uint)length;
        flow.Segments++;
        if (length < flow.SegmentLength || lastFlags != 0 || flow.Segments == MaxSegments)
        {
            box.Merged(flow.Merged).LastFlags = lastFlags;
            flow.Stamp = 0;
        }
    }

    // Everything that cutting copies from the first segment's header to the others.
    private static bool HasEqualHeaders(byte[] slab, int headOffset, in InnerSegment head, int offset, in InnerSegment next, int headerLength)
    {
        int ethernet = head.IpOffset - headOffset;
        if (next.IpOffset - offset != ethernet || head.IsIPv6 != next.IsIPv6 || head.Protocol != next.Protocol)
            return false;

        if (!slab.AsSpan(headOffset, ethernet).SequenceEqual(slab.AsSpan(offset, ethernet)))
            return false;

        int ipLength = next.UpperOffset - next.IpOffset;
        ReadOnlySpan<byte> a = slab.AsSpan(head.IpOffset, ipLength + headerLength);
        ReadOnlySpan<byte> b = slab.AsSpan(next.IpOffset, ipLength + headerLength);
        bool equal = next.IsIPv6
            ? Word(a) == Word(b) && a[6..IPv6View.HeaderLength].SequenceEqual(b[6..IPv6View.HeaderLength])
            : Half(a) == Half(b) && Word(a[6..]) == Word(b[6..]) && Long(a[12..]) == Long(b[12..]);
        a = a[ipLength..];
        b = b[ipLength..];
        if (!equal || Word(a) != Word(b))
            return false;

        // Acknowledgment, flags, window and urgent pointer, options.
        return next.Protocol == IpProtocol.Udp
            || (Word(a[8..]) == Word(b[8..])
                && ((BinaryPrimitives.ReadUInt32BigEndian(a[12..]) ^ BinaryPrimitives.ReadUInt32BigEndian(b[12..])) & ~((uint)(Psh | Fin) << 16)) == 0
                && Half(a[18..]) == Half(b[18..])
                && a[InnerSegment.TcpMinHeaderLength..].SequenceEqual(b[InnerSegment.TcpMinHeaderLength..]));
    }

    // A valid sum is the same read in either byte order.
    private static bool IsValid(ReadOnlySpan<byte> ip) =>
        InternetChecksum.Fold((ulong)Word(ip) + Word(ip[4..]) + Word(ip[8..]) + Word(ip[12..]) + Word(ip[16..])) == 0xFFFF;

    private static uint Hash(byte[] slab, in InnerSegment segment)
    {
        ReadOnlySpan<byte> ip = slab.AsSpan(segment.IpOffset, segment.IsIPv6 ? IPv6View.HeaderLength : IPv4View.MinHeaderLength);
        ulong addresses = segment.IsIPv6
            ? Long(ip[8..]) ^ (Long(ip[16..]) * 0x9E37_79B9_7F4A_7C15) ^ ulong.RotateLeft(Long(ip[24..]), 23) ^ (Long(ip[32..]) * 0xC2B2_AE3D_27D4_EB4F)
            : Long(ip[12..]);
        ulong hash = (addresses ^ (((ulong)Word(slab.AsSpan(segment.UpperOffset)) << 8) | segment.Protocol)) * 0x9E37_79B9_7F4A_7C15;
        hash = (hash ^ (hash >> 32)) * 0xC2B2_AE3D_27D4_EB4F;
        return (uint)(hash >> 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ushort Half(ReadOnlySpan<byte> octets) => MemoryMarshal.Read<ushort>(octets);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Word(ReadOnlySpan<byte> octets) => MemoryMarshal.Read<uint>(octets);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Long(ReadOnlySpan<byte> octets) => MemoryMarshal.Read<ulong>(octets);

    // The flow's place; if it has none, the one that it would take.
    private int Find(uint hash, long stamp)
    {
        int place = (int)(hash % TableSize);
        ref readonly Flow first = ref _flows[place];
        ref readonly Flow second = ref _flows[place ^ 1];
        bool isFirst = first.Stamp == stamp && first.Hash == hash;
        bool isSecond = second.Stamp == stamp && second.Hash == hash;
        return isSecond || (!isFirst && first.Stamp == stamp && second.Stamp != stamp) ? place ^ 1 : place;
    }

    private struct Candidate
    {
        internal int HeaderLength;
        internal int DataLength;
        internal uint Sequence;
        internal ushort Identification;
        internal byte LastFlags;
    }

    private struct Flow
    {
        internal long Stamp;
        internal uint Hash;
        internal int Frame;
        internal int Merged;
        internal int LastPiece;
        internal uint NextSequence;
        internal ushort NextIdentification;
        internal ushort SegmentLength;
        internal ushort HeaderLength;
        internal ushort Segments;
        internal InnerSegment Segment;
    }
}
