using System.Collections.Immutable;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Underlay;
using Overlay.Dataplane.Underlay.Groups;
using Overlay.Encap;

namespace Overlay.Dataplane;

/// <summary>What the dataplane shows of itself at one moment.</summary>
public sealed record DataplaneSnapshot
{
    /// <summary>Counters of all workers.</summary>
    public required CounterSnapshot Counters { get; init; }

    /// <summary>Ports, by name.</summary>
    public required ImmutableArray<PortStatus> Ports { get; init; }

    /// <summary>Receiving sockets.</summary>
    public required ImmutableArray<UnderlaySocket> Sockets { get; init; }

    /// <summary>Sending sockets' UDP ports.</summary>
    public required ImmutableArray<ushort> SourcePorts { get; init; }

    /// <summary>What only the kernel sees.</summary>
    public required ImmutableArray<KernelCounter> Kernel { get; init; }

    /// <summary>Local addresses.</summary>
    public required UnderlayChange Underlay { get; init; }

    /// <summary>Multicast groups.</summary>
    public ImmutableArray<GroupStatus> Groups { get; init; } = [];

    /// <summary>Path MTUs that our kernel or the network told us.</summary>
    public required ImmutableArray<PathMtu> PathMtus { get; init; }

    /// <summary>Errors that the network reported for what we sent, by errno.</summary>
    public required ImmutableSortedDictionary<int, long> NetworkErrors { get; init; }

    /// <summary>Batches abandoned because of a defect.</summary>
    public required long WorkerFaults { get; init; }

    /// <summary>A port at one moment.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Device">The device.</param>
    /// <param name="Mac">The device's MAC.</param>
    /// <param name="Mtu">Octets that a packet from it may have.</param>
    /// <param name="Queues">Its queues.</param>
    /// <param name="IsUp">The device is there and administratively up.</param>
    /// <param name="TxFrames">Frames from the port.</param>
    /// <param name="TxOctets">Octets from the port.</param>
    /// <param name="RxFrames">Frames to the port.</param>
    /// <param name="RxOctets">Octets to the port.</param>
    /// <param name="QueueDrops">Frames the kernel dropped because the device's queue to us was full; null if unknown. Never received by us.</param>
    public readonly record struct PortStatus(
        string Name, string Device, MacAddress Mac, int Mtu, int Queues, bool IsUp, long TxFrames, long TxOctets, long RxFrames, long RxOctets,
        long? QueueDrops)
    {
        /// <summary>The device's own MTU, octets; 0 if unknown. <c>Mtu</c> is what is taken from the port, which is less where the device's may not be set.</summary>
        public int DeviceMtu { get; init; }

        /// <summary>What the links to the port's peers take of a packet from it, octets; 0 if unknown.</summary>
        public int LinkLimit { get; init; }

        /// <summary>The port's MTU is automatic, and its device is longer than the links allow and was not to be set.</summary>
        public bool IsMtuRefused { get; init; }
    }
}
