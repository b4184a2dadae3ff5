namespace Overlay.Api;

/// <summary>Answer of <c>GET /v1/fdb</c>: by VNI, then by MAC.</summary>
public sealed record FdbResponse
{
    /// <summary>The entries.</summary>
    public required IReadOnlyList<FdbEntryInfo> Entries { get; init; }

    /// <summary>True if there are more than the answer holds (100,000): ask for one VNI.</summary>
    public bool Truncated { get; init; }
}

/// <summary>An FDB entry. Either <see cref="Port"/> or <see cref="Peer"/> is set.</summary>
public sealed record FdbEntryInfo
{
    /// <summary>The VNI.</summary>
    public required int Vni { get; init; }

    /// <summary>The MAC.</summary>
    public required string Mac { get; init; }

    /// <summary>Who gave it: <c>static</c>, <c>local</c>, <c>learned</c>, <c>evpn</c>, …</summary>
    public required string Origin { get; init; }

    /// <summary><c>sticky</c>, <c>frozen</c>, <c>stale</c>.</summary>
    public required IReadOnlyList<string> Flags { get; init; }

    /// <summary>The local port it leads to, or null.</summary>
    public string? Port { get; init; }

    /// <summary>The remote VTEP it leads to, or null.</summary>
    public string? Peer { get; init; }

    /// <summary>The outer destination address, or null.</summary>
    public string? Address { get; init; }

    /// <summary><c>vxlan</c> or <c>geneve</c>, or null.</summary>
    public string? Encap { get; init; }

    /// <summary>The outer UDP destination port, or null.</summary>
    public int? UdpPort { get; init; }

    /// <summary>Seconds since it was last seen (learned, local) or given.</summary>
    public double? AgeSeconds { get; init; }

    /// <summary>MAC mobility sequence.</summary>
    public uint Sequence { get; init; }
}
