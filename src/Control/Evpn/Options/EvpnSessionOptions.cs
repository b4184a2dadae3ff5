using Overlay.Encap;

namespace Overlay.Control.Evpn.Options;

/// <summary>What neighbours by address and by prefix have in common.</summary>
public abstract record EvpnSessionOptions
{
    /// <summary>The peer's AS; 0 accepts any but ours (external).</summary>
    public uint As { get; init; }

    /// <summary>Our AS towards it; 0 for that of the speaker.</summary>
    public uint LocalAs { get; init; }

    /// <summary>TCP MD5 key (RFC 2385), 1–80 octets, or null.</summary>
    public string? Password { get; init; }

    /// <summary>Hold time to propose: zero, or 3–65535 s.</summary>
    public TimeSpan HoldTime { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>Largest distance in hops for GTSM (RFC 5082), 1–254; 0 switches it off.</summary>
    public int TtlSecurityHops { get; init; }

    /// <summary>TTL of eBGP packets, 1–255; 0 for 1 of directly connected eBGP and 64 of all else.</summary>
    public int Multihop { get; init; }

    /// <summary>Our end of the session; default lets the kernel choose.</summary>
    public UnderlayAddress LocalAddress { get; init; }

    /// <summary>Routes it may give before the session is ended (Cease/1); 0 for no limit of its own.</summary>
    public int MaxPrefixes { get; init; }

    /// <summary>Never connects, only accepts.</summary>
    public bool IsPassive { get; init; }
}
