using System.Buffers.Binary;
using Overlay.Encap;
using Overlay.Encap.Ip;

namespace Overlay.TestKit.InMemory;

/// <summary>
/// What a Linux kernel makes of a frame with its virtio-net header when it has to put it on a wire: checksums finished, super-frames cut (inet_gso_segment,
/// tcp_gso_segment, __udp_gso_segment). Written from those, not from our code.
/// </summary>
public static class KernelCut
{
    /// <summary>The frames on the wire.</summary>
    /// <exception cref="InvalidDataException">The kernel would refuse the header.</exception>
    public static IReadOnlyList<byte[]> Cut(byte[] frame, VnetHeader vnet)
    {
        if (vnet.Validate(frame.Length) != VnetHeaderStatus.Ok)
            throw new InvalidDataException($"virtio-net header {vnet} for {frame.Length} octets: {vnet.Validate(frame.Length)}");

        if (!vnet.NeedsCsum)
            return vnet.IsGso ? throw new InvalidDataException("a super-frame without NEEDS_CSUM") : [frame];

        if (!vnet.IsGso)
            return [Finish((byte[])frame.Clone(), vnet)];

        bool tcp = vnet.GsoKind != VnetHeader.GsoUdpL4;
        int ip = vnet.GsoKind switch
        {
            VnetHeader.GsoTcpV4 => vnet.CsumStart - 20,
            VnetHeader.GsoTcpV6 => vnet.CsumStart - 40,
            _ => BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(vnet.CsumStart - 22)) == 0x0800 ? vnet.CsumStart - 20 : vnet.CsumStart - 40,
        };
        bool v4 = ip == vnet.CsumStart - 20;
        int headers = tcp ? vnet.CsumStart + (frame[vnet.CsumStart + 12] >> 4 << 2) : vnet.CsumStart + 8;
        int length = frame.Length - ip;
        bool lengthsFit = v4
            ? frame[ip] == 0x45 && BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(ip + 2)) == length && InternetChecksum.IsValid(frame.AsSpan(ip, 20))
            : frame[ip] >> 4 == 6 && BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(ip + 4)) == length - 40;
        if (!lengthsFit || headers != vnet.HdrLen || vnet.CsumOffset != (tcp ? 16 : 6) || PseudoSum(frame, ip, v4, vnet) != Field(frame, vnet))
            throw new InvalidDataException("the headers of a super-frame contradict each other");

        if (!tcp && BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(vnet.CsumStart + 4)) != frame.Length - vnet.CsumStart)
            throw new InvalidDataException("the UDP length is not that of the super-frame");

        var frames = new List<byte[]>();
        int total = frame.Length - headers;
        int count = (total + vnet.GsoSize - 1) / vnet.GsoSize;
        if (count > (tcp ? 65_535 : 64))
            throw new InvalidDataException($"{count} segments");

        for (int i = 0; i < count; i++)
        {
            int data = Math.Min(vnet.GsoSize, total - (i * vnet.GsoSize));
            byte[] cut = new byte[headers + data];
            frame.AsSpan(0, headers).CopyTo(cut);
            frame.AsSpan(headers + (i * vnet.GsoSize), data).CopyTo(cut.AsSpan(headers));
            Span<byte> upper = cut.AsSpan(vnet.CsumStart);
            if (v4)
            {
                Span<byte> header = cut.AsSpan(ip, 20);
                BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)(cut.Length - ip));
                BinaryPrimitives.WriteUInt16BigEndian(header[4..], (ushort)(BinaryPrimitives.ReadUInt16BigEndian(header[4..]) + i));
                BinaryPrimitives.WriteUInt16BigEndian(header[10..], 0);
                BinaryPrimitives.WriteUInt16BigEndian(header[10..], InternetChecksum.Compute(header));
            }
            else
            {
                BinaryPrimitives.WriteUInt16BigEndian(cut.AsSpan(ip + 4), (ushort)(cut.Length - ip - 40));
            }

            if (tcp)
            {
                BinaryPrimitives.WriteUInt32BigEndian(upper[4..], BinaryPrimitives.ReadUInt32BigEndian(upper[4..]) + (uint)(i * vnet.GsoSize));
                if (i != count - 1)
                    upper[13] &= 0xF6;
                if (i != 0)
                    upper[13] &= 0x7F;
            }
            else
            {
                BinaryPrimitives.WriteUInt16BigEndian(upper[4..], (ushort)upper.Length);
            }

            BinaryPrimitives.WriteUInt16BigEndian(upper[vnet.CsumOffset..], PseudoSum(cut, ip, v4, vnet));
            frames.Add(Finish(cut, vnet));
        }

        return frames;
    }

    private static ushort Field(byte[] frame, VnetHeader vnet) => BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(vnet.CsumStart + vnet.CsumOffset));

    private static ushort PseudoSum(byte[] frame, int ip, bool v4, VnetHeader vnet)
    {
        (int source, int size) = v4 ? (ip + 12, 4) : (ip + 8, 16);
        byte protocol = vnet.CsumOffset == 16 ? IpProtocol.Tcp : IpProtocol.Udp;
        uint sum = InternetChecksum.PseudoHeaderSum(frame.AsSpan(source, size), frame.AsSpan(source + size, size), protocol, frame.Length - vnet.CsumStart);
        return InternetChecksum.Fold(sum);
    }

    private static byte[] Finish(byte[] frame, VnetHeader vnet)
    {
        Span<byte> covered = frame.AsSpan(vnet.CsumStart);
        ushort checksum = InternetChecksum.Compute(covered);
        BinaryPrimitives.WriteUInt16BigEndian(covered[vnet.CsumOffset..], checksum == 0 && vnet.CsumOffset == 6 ? (ushort)0xFFFF : checksum);
        return frame;
    }
}
