namespace Overlay.Encap;

/// <summary>The family of an underlay address.</summary>
public enum AddressFamilyKind : byte
{
    /// <summary>IPv4.</summary>
    IPv4 = 4,

    /// <summary>IPv6.</summary>
    IPv6 = 6,
}
