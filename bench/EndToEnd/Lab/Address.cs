using System.Globalization;

namespace Overlay.EndToEnd.Lab;

/// <summary>Names, numbers and addresses of the lab: the same for every contender.</summary>
internal static class Address
{
    /// <summary>The overlay's device on a host.</summary>
    public const string Port = "ov0";

    /// <summary>The underlay's device on a host.</summary>
    public const string Underlay = "eth0";

    /// <summary>The virtual network.</summary>
    public const int Vni = 100;

    /// <summary>MTU of the underlay.</summary>
    public const int UnderlayMtu = 1500;

    /// <summary>VTEPs of the far host in <see cref="Layout.Many"/>.</summary>
    public const int FarVteps = 16;

    /// <summary>The other side.</summary>
    public static Side Other(Side side) => side == Side.Near ? Side.Far : Side.Near;

    /// <summary>A VTEP address of a host; the far host has <see cref="FarVteps"/> of them.</summary>
    public static string Vtep(Side side, bool ipv6 = false, int index = 0)
    {
        var number = (side == Side.Near ? 1 : 2) + index;
        return ipv6 ? string.Create(CultureInfo.InvariantCulture, $"fd00:201::{number:x}") : string.Create(CultureInfo.InvariantCulture, $"10.201.0.{number}");
    }

    /// <summary>The tenant's address on a side.</summary>
    public static string Tenant(Side side) => side == Side.Near ? "10.202.0.1" : "10.202.0.2";

    /// <summary>Length of the tenants' prefix.</summary>
    public const int TenantPrefix = 16;

    /// <summary>The MAC of the overlay's device of a host, or of the workload behind the bridge.</summary>
    public static string Mac(Side side, Layout layout = Layout.Host) => $"02:00:00:00:{(side == Side.Near ? "0a" : "0b")}:{(layout == Layout.Bridge ? "02" : "01")}";

    /// <summary>The tenant's address behind VTEP <paramref name="index"/> of the far host.</summary>
    public static string FarTenant(int index) => string.Create(CultureInfo.InvariantCulture, $"10.202.1.{index + 1}");

    /// <summary>Its MAC.</summary>
    public static string FarMac(int index) => string.Create(CultureInfo.InvariantCulture, $"02:00:00:00:10:{index + 1:x2}");
}
