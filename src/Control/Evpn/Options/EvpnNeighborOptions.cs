using Overlay.Encap;

namespace Overlay.Control.Evpn.Options;

/// <summary>A neighbour by address.</summary>
public sealed record EvpnNeighborOptions : EvpnSessionOptions
{
    /// <summary>Its address.</summary>
    public required UnderlayAddress Address { get; init; }

    /// <summary>Its TCP port, 1–65535.</summary>
    public int Port { get; init; } = 179;

    /// <summary>For the operator, or null.</summary>
    public string? Description { get; init; }

    /// <summary>Kept down, with <see cref="ShutdownText"/> sent (RFC 9003).</summary>
    public bool IsShutdown { get; init; }

    /// <summary>Shutdown communication, 128 octets at most, or null.</summary>
    public string? ShutdownText { get; init; }

    /// <summary>Wait between attempts to connect, 1–3600 s; a quarter is taken off at random (RFC 4271 §10).</summary>
    public TimeSpan ConnectRetry { get; init; } = TimeSpan.FromSeconds(5);
}
