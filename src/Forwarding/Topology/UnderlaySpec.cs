using System.Collections.Immutable;
using Overlay.Encap;

namespace Overlay.Forwarding.Topology;

/// <summary>The provider side as configured. Immutable; not reloadable.</summary>
public sealed record UnderlaySpec
{
    /// <summary>VXLAN's UDP port (RFC 7348 §5).</summary>
    public const ushort StandardVxlanPort = 4789;

    /// <summary>Geneve's UDP port (RFC 8926 §3.3).</summary>
    public const ushort StandardGenevePort = 6081;

    /// <summary>Local VTEP addresses; the first of a family is the source of what is sent in that family.</summary>
    public ImmutableArray<UnderlayAddress> Local { get; init; } = [];

    /// <summary>UDP port on which VXLAN is received, or null for none.</summary>
    public ushort? VxlanPort { get; init; } = StandardVxlanPort;

    /// <summary>UDP port on which Geneve is received, or null for none.</summary>
    public ushort? GenevePort { get; init; } = StandardGenevePort;

    /// <summary>First port of the range that sending sockets are spread over.</summary>
    public ushort SourcePortFirst { get; init; } = 49152;

    /// <summary>Last port of that range.</summary>
    public ushort SourcePortLast { get; init; } = 65535;

    /// <summary>Sending sockets a family, 1–1024.</summary>
    public int SourcePortCount { get; init; } = 64;

    /// <summary>Outer UDP checksum.</summary>
    public ChecksumPolicy Checksum { get; init; }

    /// <summary>Set Don't Fragment and let the kernel refuse what does not fit.</summary>
    public bool DontFragment { get; init; } = true;

    /// <summary>The least path MTU in octets that an ICMP message is believed, 68–65535: anybody can send one. What is said below it is taken for this.</summary>
    public int PathMtuMin { get; init; } = 1350;

    /// <summary>Outer TTL or hop limit, 1–255; 0 inherits the inner one.</summary>
    public byte Ttl { get; init; } = 64;

    /// <summary>Outer DSCP, 0–63; null inherits the inner one.</summary>
    public byte? Dscp { get; init; }

    /// <summary>Drop datagrams with reserved bits set, as the kernel and OVS do.</summary>
    public bool Strict { get; init; }

    /// <summary>Bind all sockets to this device; null for none.</summary>
    public string? Device { get; init; }

    /// <inheritdoc/>
    public bool Equals(UnderlaySpec? other) =>
        other is not null && Local.SequenceEqual(other.Local) && VxlanPort == other.VxlanPort && GenevePort == other.GenevePort &&
        SourcePortFirst == other.SourcePortFirst && SourcePortLast == other.SourcePortLast && SourcePortCount == other.SourcePortCount &&
        Checksum == other.Checksum && DontFragment == other.DontFragment && PathMtuMin == other.PathMtuMin && Ttl == other.Ttl && Dscp == other.Dscp && Strict == other.Strict &&
        Device == other.Device;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Local.Length, VxlanPort, GenevePort, SourcePortCount);
}
