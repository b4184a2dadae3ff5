using System.Collections.Immutable;

namespace Overlay.Forwarding.Topology;

/// <summary>All that the dataplane is built from: ports, VNIs, option numbers. What planes say (VTEPs, MACs, flood lists) is not in it.</summary>
public sealed record TopologySpec
{
    /// <summary>Ports by name.</summary>
    public ImmutableSortedDictionary<string, PortSpec> Ports { get; init; } = ImmutableSortedDictionary<string, PortSpec>.Empty;

    /// <summary>VNIs, in ascending order.</summary>
    public ImmutableArray<VniSpec> Vnis { get; init; } = [];

    /// <summary>Security policy option.</summary>
    public OptionSpec PolicyOption { get; init; } = new(0x0102, 1);

    /// <summary>Telemetry option.</summary>
    public OptionSpec TelemetryOption { get; init; } = new(0x0103, 2);

    /// <summary>Source identity option.</summary>
    public OptionSpec IdentityOption { get; init; } = new(0x0104, 3);
}
