namespace Overlay.Forwarding;

/// <summary>
/// Where an FDB entry leads: a next hop (a remote VTEP, or a group of them) or a local port. One 32-bit word, as it stands in an FDB slot:
/// bit 31 says <em>port</em>, bits 0–30 are the index.
/// </summary>
/// <param name="Raw">The word.</param>
public readonly record struct FdbTarget(uint Raw)
{
    private const uint PortBit = 0x8000_0000;

    /// <summary>True if the target is a local port.</summary>
    public bool IsPort => (Raw & PortBit) != 0;

    /// <summary>The index in the port table or in the next-hop table.</summary>
    public int Index => (int)(Raw & ~PortBit);

    /// <summary>A target on a next hop.</summary>
    public static FdbTarget ToNextHop(NextHopId nextHop) => new((uint)nextHop.Index);

    /// <summary>A target on a local port.</summary>
    public static FdbTarget ToPort(PortId port) => new((uint)port.Index | PortBit);
}
