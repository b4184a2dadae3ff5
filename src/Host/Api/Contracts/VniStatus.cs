namespace Overlay.Api;

/// <summary>A VNI.</summary>
public sealed record VniStatus
{
    /// <summary>The VNI.</summary>
    public required int Vni { get; init; }

    /// <summary>Names of the ports in it, trunk ports included.</summary>
    public required IReadOnlyList<string> Ports { get; init; }

    /// <summary>Entries in its FDB.</summary>
    public required int FdbEntries { get; init; }

    /// <summary>VTEPs that BUM frames are copied to.</summary>
    public required int FloodPeers { get; init; }

    /// <summary><c>head-end</c> or <c>multicast</c>.</summary>
    public string FloodMode { get; init; } = "head-end";

    /// <summary>The multicast group that BUM frames are sent to; null with <c>head-end</c>.</summary>
    public string? Group { get; init; }

    /// <summary>The device that the group is joined on and sent by; null with <c>head-end</c>.</summary>
    public string? GroupDevice { get; init; }

    /// <summary>Whether the group is joined; null with <c>head-end</c>.</summary>
    public bool? GroupJoined { get; init; }

    /// <summary>Frames of its ports sent to VTEPs.</summary>
    public long TxFrames { get; init; }

    /// <summary>Frames of VTEPs delivered to its ports.</summary>
    public long RxFrames { get; init; }

    /// <summary>Octets of the frames sent.</summary>
    public long TxBytes { get; init; }

    /// <summary>Octets of the frames delivered.</summary>
    public long RxBytes { get; init; }
}
