using Overlay.Encap;
using Overlay.Encap.Ethernet;
using Overlay.Forwarding.Topology;

namespace Overlay.Dataplane.Ports;

/// <summary>What the device of a port should be like.</summary>
public sealed record DeviceOptions
{
    /// <summary>Octets of a device name at most (IFNAMSIZ − 1).</summary>
    public const int MaxNameLength = 15;

    /// <summary>What kind of device it is.</summary>
    public PortDeviceKind Kind { get; init; }

    /// <summary>The device name.</summary>
    public required string Name { get; init; }

    /// <summary>The network namespace it lives in: a name as <c>ip netns</c> knows it, or a path; null for our own.</summary>
    public string? Netns { get; init; }

    /// <summary>The MAC to give it; null leaves it as it is.</summary>
    public MacAddress? Mac { get; init; }

    /// <summary>The MTU to give it in octets, 68–65535; null leaves it as it is.</summary>
    public int? Mtu { get; init; }

    /// <summary>Whether frames of full length with a service tag (0x88a8) may leave by it.</summary>
    public bool HasServiceTags { get; init; }

    /// <summary>Queues, 1–16; only a TAP has more than one.</summary>
    public int Queues { get; init; } = 1;

    /// <summary>Whether it gets a queue more for the priority lane, where it can have one.</summary>
    public bool Lane { get; init; }

    /// <summary>The bridge to put it into; null for none.</summary>
    public string? Bridge { get; init; }

    /// <summary>The options of a configured port.</summary>
    /// <param name="port">The port.</param>
    /// <param name="mtu">The MTU to use where the port says <c>auto</c>; null leaves the device as it is.</param>
    public static DeviceOptions From(PortSpec port, int? mtu)
    {
        ArgumentNullException.ThrowIfNull(port);
        return new DeviceOptions
        {
            Kind = port.Kind,
            Name = port.Device,
            Netns = port.Netns,
            Mac = port.Mac,
            Mtu = port.Mtu ?? mtu,
            HasServiceTags = port.Mode == PortMode.Transparent || (port.Mode == PortMode.Trunk && port.TagType == EtherType.ServiceVlan),
            Queues = port.Queues,
            Bridge = port.Bridge,
        };
    }

    /// <summary>
    /// Whether a device name is one that the kernel takes literally: 1–15 printable ASCII octets, no blank, <c>/</c>, <c>:</c> or <c>%</c>
    /// (which the kernel would expand), not <c>.</c> or <c>..</c>.
    /// </summary>
    public static bool IsValidName(string? name)
    {
        if (name is null or "" or "." or ".." || name.Length > MaxNameLength)
            return false;
        foreach (char c in name)
        {
            if (c is <= ' ' or > '~' or '/' or ':' or '%')
                return false;
        }

        return true;
    }
}
