namespace Overlay.Api;

/// <summary>A tenant port. <c>tx</c> is from the port into the overlay, <c>rx</c> from the overlay to the port.</summary>
public sealed record PortStatus
{
    /// <summary>Its name.</summary>
    public required string Port { get; init; }

    /// <summary>Its TAP device, or null if its device is a veth end.</summary>
    public string? Tap { get; init; }

    /// <summary>Our end of its veth pair, or null if its device is a TAP.</summary>
    public string? Veth { get; init; }

    /// <summary>The network namespace of the device, or null for the daemon's own.</summary>
    public string? Netns { get; init; }

    /// <summary><c>access</c>, <c>trunk</c> or <c>transparent</c>.</summary>
    public required string Mode { get; init; }

    /// <summary>The device's MAC, or null if unknown.</summary>
    public string? Mac { get; init; }

    /// <summary>The device's MTU in octets, or null if unknown.</summary>
    public int? Mtu { get; init; }

    /// <summary>What the links to its peers take of a packet from it, or null if unknown.</summary>
    public int? LinkLimit { get; init; }

    /// <summary>Queues of the device; a veth end has one.</summary>
    public required int Queues { get; init; }

    /// <summary>True if the device is there and up; of a veth pair, both ends.</summary>
    public required bool Up { get; init; }

    /// <summary>The VNIs it is in.</summary>
    public required IReadOnlyList<int> Vnis { get; init; }

    /// <summary>Frames read from it; null if not counted by port.</summary>
    public long? TxFrames { get; init; }

    /// <summary>Frames written to it; null if not counted by port.</summary>
    public long? RxFrames { get; init; }

    /// <summary>Octets read from it; null if not counted by port.</summary>
    public long? TxBytes { get; init; }

    /// <summary>Octets written to it; null if not counted by port.</summary>
    public long? RxBytes { get; init; }

    /// <summary>Frames that the kernel dropped because the device's queue to the daemon was full (a TAP's, or the packet socket's of a veth end); they are in no other count. Null if unknown.</summary>
    public long? TapQueueDrops { get; init; }
}
