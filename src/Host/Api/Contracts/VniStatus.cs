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
}
