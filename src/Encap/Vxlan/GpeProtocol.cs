namespace Overlay.Encap.Vxlan;

/// <summary>Next-protocol values of VXLAN-GPE.</summary>
public static class GpeProtocol
{
    /// <summary>IPv4.</summary>
    public const byte IPv4 = 1;

    /// <summary>IPv6.</summary>
    public const byte IPv6 = 2;

    /// <summary>Ethernet.</summary>
    public const byte Ethernet = 3;

    /// <summary>Network service header.</summary>
    public const byte Nsh = 4;
}
