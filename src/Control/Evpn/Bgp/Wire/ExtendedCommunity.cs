namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>An extended community (RFC 4360): eight octets as a number, the first octet the highest.</summary>
/// <param name="Value">The octets.</param>
public readonly record struct ExtendedCommunity(ulong Value)
{
    /// <summary>The type octet.</summary>
    public byte Type => (byte)(Value >> 56);

    /// <summary>The subtype octet.</summary>
    public byte Subtype => (byte)(Value >> 48);
}
