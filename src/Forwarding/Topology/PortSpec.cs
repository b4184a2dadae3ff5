using System.Collections.Immutable;
using Overlay.Encap;
using Overlay.Encap.Ethernet;

namespace Overlay.Forwarding.Topology;

/// <summary>A tenant port as configured. Immutable; compared by value when a reload decides what changed.</summary>
public sealed record PortSpec
{
    /// <summary>The port's name in configuration, CLI and metrics.</summary>
    public required string Name { get; init; }

    /// <summary>The device, at most 15 octets.</summary>
    public required string Device { get; init; }

    /// <summary>What kind of device it is.</summary>
    public PortDeviceKind Kind { get; init; }

    /// <summary>A named network namespace or a path of one; null for our own.</summary>
    public string? Netns { get; init; }

    /// <summary>The MAC to give the device; null leaves it as it is.</summary>
    public MacAddress? Mac { get; init; }

    /// <summary>The MTU to give the device in octets, 68–65535; null derives it from the underlay.</summary>
    public int? Mtu { get; init; }

    /// <summary>Queues of the device, 1–16; only a TAP has more than one.</summary>
    public int Queues { get; init; } = 1;

    /// <summary>A bridge to enslave the device to; null for none.</summary>
    public string? Bridge { get; init; }

    /// <summary>Tag handling.</summary>
    public PortMode Mode { get; init; }

    /// <summary>Learned MACs allowed on this port.</summary>
    public int MacLimit { get; init; } = 4096;

    /// <summary>The workload identity written as a Geneve option; null for none.</summary>
    public uint? Identity { get; init; }

    /// <summary>Trunk only: the VNI of untagged frames.</summary>
    public Vni? NativeVni { get; init; }

    /// <summary>Trunk only: VLAN id (1–4094) to VNI; a VNI appears at most once.</summary>
    public ImmutableSortedDictionary<int, Vni> Vlans { get; init; } = ImmutableSortedDictionary<int, Vni>.Empty;

    /// <summary>Trunk only: the type of the tags that select a VNI and are pushed, 0x8100 (customer tags) or 0x88a8 (service tags). A tag of the other type is <c>vlan_not_allowed</c>.</summary>
    public ushort TagType { get; init; } = EtherType.Vlan;

    /// <inheritdoc/>
    public bool Equals(PortSpec? other) =>
        other is not null && Name == other.Name && Device == other.Device && Kind == other.Kind && Netns == other.Netns && Mac == other.Mac && Mtu == other.Mtu &&
        Queues == other.Queues && Bridge == other.Bridge && Mode == other.Mode && MacLimit == other.MacLimit && Identity == other.Identity &&
        NativeVni == other.NativeVni && TagType == other.TagType && Vlans.SequenceEqual(other.Vlans);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Device, Mode, Vlans.Count);
}
