namespace Overlay.Dataplane.Underlay;

/// <summary>Who says what a path takes.</summary>
public enum PathMtuSource : byte
{
    /// <summary>Our own kernel: the device that a datagram would leave by is too small for it, or a route says so. Believed.</summary>
    Kernel,

    /// <summary>An ICMP message, which anybody who guesses a source port can send. Believed within limits: it only lowers, and not below <c>listen.path_mtu_min</c>.</summary>
    Network,
}
