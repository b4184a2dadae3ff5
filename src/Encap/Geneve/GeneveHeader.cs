using Overlay.Encap.Ethernet;

namespace Overlay.Encap.Geneve;

/// <summary>
/// The fixed part of a Geneve header for emission (RFC 8926 3.4):
/// <code>
///  0                   1                   2                   3
/// |Ver|  Opt Len  |O|C|    Rsvd.  |          Protocol Type        |
/// |        Virtual Network Identifier (VNI)       |    Reserved   |
/// ~                    Variable-Length Options                    ~
/// </code>
/// Version 0 and zero reserved bits are always written. The options follow; <see cref="OptionsLength"/> must be their sum.
/// </summary>
public readonly record struct GeneveHeader
{
    /// <summary>Octets of the fixed part.</summary>
    public const int FixedLength = 8;

    /// <summary>The longest option area: 63 words (RFC 8926 3.4).</summary>
    public const int MaxOptionsLength = 252;

    /// <summary>The longest header.</summary>
    public const int MaxLength = FixedLength + MaxOptionsLength;

    internal const byte OamFlag = 0x80;
    internal const byte CriticalFlag = 0x40;

    /// <summary>Makes a header.</summary>
    /// <param name="vni">The segment.</param>
    /// <param name="optionsLength">Octets of options that follow: a multiple of 4, 0..<see cref="MaxOptionsLength"/>.</param>
    /// <param name="critical">C: MUST be set when any option is critical (RFC 8926 3.5).</param>
    /// <param name="oam">O: a control packet.</param>
    /// <param name="protocolType">EtherType of the payload; Ethernet by default.</param>
    /// <exception cref="ArgumentOutOfRangeException">The options length is no legal one.</exception>
    public GeneveHeader(Vni vni, int optionsLength = 0, bool critical = false, bool oam = false, ushort protocolType = EtherType.TransparentEthernet)
    {
        if (optionsLength is < 0 or > MaxOptionsLength || (optionsLength & 3) != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(optionsLength), optionsLength, "a multiple of 4 from 0 to 252");
        }

        Vni = vni;
        OptionsLength = optionsLength;
        Critical = critical;
        Oam = oam;
        ProtocolType = protocolType;
    }

    /// <summary>The segment.</summary>
    public Vni Vni { get; }

    /// <summary>Octets of options that follow the fixed part.</summary>
    public int OptionsLength { get; }

    /// <summary>C.</summary>
    public bool Critical { get; }

    /// <summary>O.</summary>
    public bool Oam { get; }

    /// <summary>EtherType of the payload.</summary>
    public ushort ProtocolType { get; }

    /// <summary>Octets of the whole header with its options.</summary>
    public int Length => FixedLength + OptionsLength;

    /// <summary>Writes every octet of the fixed part; the options are the caller's.</summary>
    /// <param name="destination">At least <see cref="FixedLength"/> octets.</param>
    public void WriteTo(Span<byte> destination)
    {
        uint first = ((uint)OptionsLength >> 2 << 24) | ((Oam ? (uint)OamFlag : 0) << 16) | ((Critical ? (uint)CriticalFlag : 0) << 16) | ProtocolType;
        BinaryPrimitives.WriteUInt64BigEndian(destination, ((ulong)first << 32) | ((ulong)Vni.Value << 8));
    }
}
