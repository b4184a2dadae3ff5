using Overlay.Encap.Ethernet;

namespace Overlay.Encap.Probes;

/// <summary>
/// The inner frame of a probe between VTEPs: a question, or the answer to one. It is made so that no end point hands it to a tenant, ours or foreign:
/// <list type="bullet">
/// <item>its destination 01:80:c2:00:00:0f is one that a bridge never forwards (IEEE 802.1Q 8.6.3; reserved, no protocol is assigned to it);</item>
/// <item>its source is a group address, which no station can have: bridges and VTEPs drop such a frame before they learn from it;</item>
/// <item>its type is the IEEE's for local experiments, for which an operating system has no handler;</item>
/// <item>in Geneve the O bit is set besides (RFC 8926 3.4).</item>
/// </list>
/// An answer is exactly as long as the shortest question. Format: docs/wire/probe.md.
/// </summary>
/// <param name="Kind">Question or answer.</param>
/// <param name="NonceHigh">The first half of the number that an answer repeats.</param>
/// <param name="NonceLow">The second half.</param>
public readonly record struct ProbeFrame(ProbeKind Kind, ulong NonceHigh, ulong NonceLow)
{
    /// <summary>Octets of the inner frame: the least that Ethernet has, without its check sequence.</summary>
    public const int Length = 60;

    /// <summary>The type: IEEE 802 Local Experimental EtherType 1.</summary>
    public const ushort Type = 0x88B5;

    private const ulong DestinationValue = 0x0180_C200_000F;
    private const ulong SourceValue = 0x034F_564C_5000;
    private const uint Magic = 0x4F56_4C50;
    private const byte Version = 1;
    private const int MagicOffset = EthernetView.HeaderLength;
    private const int VersionOffset = MagicOffset + 4;
    private const int KindOffset = VersionOffset + 1;
    private const int NonceOffset = KindOffset + 3;

    /// <summary>The destination MAC.</summary>
    public static MacAddress Destination => new(DestinationValue);

    /// <summary>The source MAC.</summary>
    public static MacAddress Source => new(SourceValue);

    /// <summary>Reads a probe.</summary>
    /// <param name="frame">An inner frame of any length.</param>
    /// <param name="probe">What it says; meaningless otherwise.</param>
    /// <returns>False if it is none, or of a version that is not ours.</returns>
    public static bool TryRead(ReadOnlySpan<byte> frame, out ProbeFrame probe)
    {
        probe = default;
        if (frame.Length < Length
            || MacAddress.Read(frame).Value != DestinationValue
            || MacAddress.Read(frame[MacAddress.Length..]).Value != SourceValue
            || BinaryPrimitives.ReadUInt16BigEndian(frame[(2 * MacAddress.Length)..]) != Type
            || BinaryPrimitives.ReadUInt32BigEndian(frame[MagicOffset..]) != Magic
            || frame[VersionOffset] != Version
            || frame[KindOffset] is not ((byte)ProbeKind.Question or (byte)ProbeKind.Answer))
        {
            return false;
        }

        probe = new ProbeFrame(
            (ProbeKind)frame[KindOffset],
            BinaryPrimitives.ReadUInt64BigEndian(frame[NonceOffset..]),
            BinaryPrimitives.ReadUInt64BigEndian(frame[(NonceOffset + 8)..]));
        return true;
    }

    /// <summary>Writes every octet of the frame.</summary>
    /// <param name="destination">At least <see cref="Length"/> octets.</param>
    /// <exception cref="ArgumentException">The span is too short: a programming error.</exception>
    public void WriteTo(Span<byte> destination)
    {
        destination[..Length].Clear();
        Destination.WriteTo(destination);
        Source.WriteTo(destination[MacAddress.Length..]);
        BinaryPrimitives.WriteUInt16BigEndian(destination[(2 * MacAddress.Length)..], Type);
        BinaryPrimitives.WriteUInt32BigEndian(destination[MagicOffset..], Magic);
        destination[VersionOffset] = Version;
        destination[KindOffset] = (byte)Kind;
        BinaryPrimitives.WriteUInt64BigEndian(destination[NonceOffset..], NonceHigh);
        BinaryPrimitives.WriteUInt64BigEndian(destination[(NonceOffset + 8)..], NonceLow);
    }
}
