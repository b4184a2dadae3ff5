using System.Runtime.InteropServices;

namespace Overlay.Encap;

/// <summary>
/// The virtio-net header in front of a frame on a TAP opened with IFF_VNET_HDR, in <em>host</em> byte order:
/// <code>
/// flags(8) | gso_type(8) | hdr_len(16) | gso_size(16) | csum_start(16) | csum_offset(16) [ | num_buffers(16) ]
/// </code>
/// </summary>
/// <param name="Flags">NEEDS_CSUM 1, DATA_VALID 2.</param>
/// <param name="GsoType">NONE 0, TCPV4 1, UDP 3, TCPV6 4, UDP_L4 5, with ECN 0x80.</param>
/// <param name="HdrLen">Octets of headers copied in front of each segment; a hint.</param>
/// <param name="GsoSize">Octets of payload a segment.</param>
/// <param name="CsumStart">Octets from the start of the frame to where checksumming begins.</param>
/// <param name="CsumOffset">Octets from there to the checksum field.</param>
/// <param name="NumBuffers">Only in the 12-octet form; 0 on write unless merged.</param>
public readonly record struct VnetHeader(
    byte Flags, byte GsoType, ushort HdrLen, ushort GsoSize, ushort CsumStart, ushort CsumOffset, ushort NumBuffers = 0)
{
    /// <summary>Octets of the short form.</summary>
    public const int Length = 10;

    /// <summary>Octets with num_buffers (TUNSETVNETHDRSZ 12).</summary>
    public const int LengthWithBuffers = 12;

    /// <summary>The checksum at csum_start + csum_offset holds the pseudo header's sum only and must be finished.</summary>
    public const byte NeedsChecksum = 1;

    /// <summary>The checksum was verified.</summary>
    public const byte DataValid = 2;

    /// <summary>Not a super-frame.</summary>
    public const byte GsoNone = 0;

    /// <summary>TCP over IPv4.</summary>
    public const byte GsoTcpV4 = 1;

    /// <summary>UDP fragmentation, obsolete.</summary>
    public const byte GsoUdp = 3;

    /// <summary>TCP over IPv6.</summary>
    public const byte GsoTcpV6 = 4;

    /// <summary>UDP segmentation.</summary>
    public const byte GsoUdpL4 = 5;

    /// <summary>TCP with ECN set; or-ed to the type.</summary>
    public const byte GsoEcn = 0x80;

    /// <summary>The type without <see cref="GsoEcn"/>.</summary>
    public byte GsoKind => (byte)(GsoType & ~GsoEcn);

    /// <summary>A super-frame.</summary>
    public bool IsGso => GsoType != GsoNone;

    /// <summary>The checksum must be finished.</summary>
    public bool NeedsCsum => (Flags & NeedsChecksum) != 0;

    /// <summary>Reads a header.</summary>
    /// <param name="source">At least 10 octets; num_buffers is read when there are 12.</param>
    /// <param name="header">The header, or the default.</param>
    /// <returns>False when the span is too short.</returns>
    public static bool Parse(ReadOnlySpan<byte> source, out VnetHeader header)
    {
        if (source.Length < Length)
        {
            header = default;
            return false;
        }

        header = new VnetHeader(
            source[0],
            source[1],
            MemoryMarshal.Read<ushort>(source[2..]),
            MemoryMarshal.Read<ushort>(source[4..]),
            MemoryMarshal.Read<ushort>(source[6..]),
            MemoryMarshal.Read<ushort>(source[8..]),
            source.Length >= LengthWithBuffers ? MemoryMarshal.Read<ushort>(source[10..]) : (ushort)0);
        return true;
    }

    /// <summary>Writes every octet; num_buffers when the span has at least 12.</summary>
    /// <param name="destination">At least 10 octets.</param>
    public void WriteTo(Span<byte> destination)
    {
        if (destination.Length >= LengthWithBuffers)
        {
            MemoryMarshal.Write(destination[10..], NumBuffers);
        }

        MemoryMarshal.Write(destination[8..], CsumOffset);
        MemoryMarshal.Write(destination[6..], CsumStart);
        MemoryMarshal.Write(destination[4..], GsoSize);
        MemoryMarshal.Write(destination[2..], HdrLen);
        destination[1] = GsoType;
        destination[0] = Flags;
    }

    /// <summary>Judges a header against the frame behind it. Anything but <see cref="VnetHeaderStatus.Ok"/> has drop reason <c>tap_bad_vnet_header</c>.</summary>
    /// <param name="frameLength">Octets of the frame.</param>
    public VnetHeaderStatus Validate(int frameLength)
    {
        if (Flags == 0 && GsoType == GsoNone)
        {
            return HdrLen > frameLength ? VnetHeaderStatus.HeaderLengthPastFrame : VnetHeaderStatus.Ok;
        }

        if (NeedsCsum && CsumStart + CsumOffset + 2 > frameLength)
        {
            return VnetHeaderStatus.ChecksumPastFrame;
        }

        if (HdrLen > frameLength)
        {
            return VnetHeaderStatus.HeaderLengthPastFrame;
        }

        if (GsoType == GsoNone)
        {
            return VnetHeaderStatus.Ok;
        }

        return GsoKind is not (GsoTcpV4 or GsoTcpV6 or GsoUdp or GsoUdpL4) ? VnetHeaderStatus.UnknownGsoType
            : GsoSize == 0 ? VnetHeaderStatus.ZeroGsoSize
            : VnetHeaderStatus.Ok;
    }
}
