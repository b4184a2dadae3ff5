using System.Globalization;

namespace Overlay.Encap.Ethernet;

/// <summary>
/// A VLAN tag, IEEE 802.1Q 9.6: <c>TPID(16) | PCP(3) DEI(1) VID(12)</c>.
/// </summary>
/// <param name="Tpid">0x8100 or 0x88a8.</param>
/// <param name="Tci">Tag control information: PCP, DEI and VID.</param>
public readonly record struct VlanTag(ushort Tpid, ushort Tci)
{
    /// <summary>Octets on the wire.</summary>
    public const int Length = 4;

    /// <summary>Makes a tag from its fields; bits that do not fit are discarded.</summary>
    /// <param name="tpid">0x8100 or 0x88a8.</param>
    /// <param name="priority">PCP, 0..7.</param>
    /// <param name="dropEligible">DEI.</param>
    /// <param name="vid">VID, 0..4095.</param>
    public VlanTag(ushort tpid, int priority, bool dropEligible, int vid)
        : this(tpid, (ushort)(((priority & 7) << 13) | (dropEligible ? 0x1000 : 0) | (vid & 0xFFF)))
    {
    }

    /// <summary>VLAN identifier, 0..4095; 0 is a priority tag, 4095 reserved.</summary>
    public ushort Vid => (ushort)(Tci & 0x0FFF);

    /// <summary>Priority code point, 0..7.</summary>
    public byte Priority => (byte)(Tci >> 13);

    /// <summary>Drop eligible indicator.</summary>
    public bool DropEligible => (Tci & 0x1000) != 0;

    /// <summary>Reads four octets.</summary>
    /// <param name="source">At least <see cref="Length"/> octets.</param>
    public static VlanTag Read(ReadOnlySpan<byte> source) =>
        new(BinaryPrimitives.ReadUInt16BigEndian(source), BinaryPrimitives.ReadUInt16BigEndian(source[2..]));

    /// <summary>Writes four octets.</summary>
    /// <param name="destination">At least <see cref="Length"/> octets.</param>
    public void WriteTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination, Tpid);
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], Tci);
    }

    /// <summary><c>tpid/vid/pN</c>, the form of the capture ground truth.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Tpid:x4}/{Vid}/p{Priority}");
}
