namespace Overlay.Api;

/// <summary>A local VTEP address.</summary>
public sealed record LocalAddressStatus
{
    /// <summary>The address.</summary>
    public required string Address { get; init; }

    /// <summary>True if a device of this host has it.</summary>
    public required bool Present { get; init; }

    /// <summary>The device that has it, or null.</summary>
    public string? Device { get; init; }

    /// <summary>That device's MTU in octets, or null.</summary>
    public int? Mtu { get; init; }
}
