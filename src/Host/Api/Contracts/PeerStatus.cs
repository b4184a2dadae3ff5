namespace Overlay.Api;

/// <summary>A remote VTEP. Counts are since start; rates are of the last whole second.</summary>
public sealed record PeerStatus
{
    /// <summary>Its name.</summary>
    public required string Peer { get; init; }

    /// <summary>All its addresses, the preferred first.</summary>
    public required IReadOnlyList<string> Addresses { get; init; }

    /// <summary>The address in use, or null if none can be used.</summary>
    public string? Address { get; init; }

    /// <summary>The encapsulation sent by default: <c>vxlan</c> or <c>geneve</c>.</summary>
    public required string Encap { get; init; }

    /// <summary>The UDP port sent to by default.</summary>
    public required int Port { get; init; }

    /// <summary><c>up</c>, <c>down</c>, or <c>unusable</c> (no local address of its family).</summary>
    public required string State { get; init; }

    /// <summary>BFD state, or <c>off</c>.</summary>
    public required string Bfd { get; init; }

    /// <summary>Measured round-trip time in seconds, or null.</summary>
    public double? RttSeconds { get; init; }

    /// <summary>Measured loss, 0–1, or null.</summary>
    public double? LossRatio { get; init; }

    /// <summary>Overlay MTU towards it in octets, or null if unknown.</summary>
    public int? MtuBytes { get; init; }

    /// <summary>Frames sent to it.</summary>
    public required long TxFrames { get; init; }

    /// <summary>Frames received from it.</summary>
    public required long RxFrames { get; init; }

    /// <summary>Octets of frames sent to it.</summary>
    public required long TxBytes { get; init; }

    /// <summary>Octets of frames received from it.</summary>
    public required long RxBytes { get; init; }

    /// <summary>Frames a second sent.</summary>
    public required double TxFps { get; init; }

    /// <summary>Frames a second received.</summary>
    public required double RxFps { get; init; }

    /// <summary>Seconds in the present state.</summary>
    public required double SinceSeconds { get; init; }

    /// <summary>The VNIs it is in.</summary>
    public required IReadOnlyList<int> Vnis { get; init; }

    /// <summary>The security policy id that last came from it; null if none ever did.</summary>
    public long? SeenPolicyId { get; init; }

    /// <summary>The source identity that last came from it; null if none ever did.</summary>
    public long? SeenIdentity { get; init; }
}
