using Overlay.TestKit.Net;

namespace Overlay.Interop.Verdicts;

/// <summary>A datagram and what must become of it.</summary>
public sealed record WireCase
{
    /// <summary>The row of the table, in words.</summary>
    public required string Name { get; init; }

    /// <summary><c>D</c>, the drop reasons allowed (joined by <c>|</c>), or <c>kernel</c>: it never reaches the daemon.</summary>
    public required string Expect { get; init; }

    /// <summary>The UDP payload.</summary>
    public required Func<string, byte[]> Payload { get; init; }

    /// <summary>The only encapsulation it applies to.</summary>
    public string? Encap { get; init; }

    /// <summary>The only underlay family it applies to.</summary>
    public string? Family { get; init; }

    /// <summary>Where it must come out.</summary>
    public string Tap { get; init; } = "tap-web";

    /// <summary>What must come out.</summary>
    public byte[]? Delivered { get; init; }

    /// <summary>It is delivered and noted as an oddity.</summary>
    public bool Anomaly { get; init; }

    /// <summary>The other socket's port.</summary>
    public int? Port { get; init; }

    /// <summary>Outer source port.</summary>
    public int SourcePort { get; init; } = 50_001;

    /// <summary>Outer source, where it is not the admitted peer.</summary>
    public Func<string, string>? Source { get; init; }

    /// <summary>Outer TOS or traffic class.</summary>
    public int OuterTos { get; init; }

    /// <summary>Outer UDP checksum.</summary>
    public UdpChecksum Checksum { get; init; }
}
