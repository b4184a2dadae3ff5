using System.Collections.Immutable;
using Overlay.Encap;

namespace Overlay.Control;

/// <summary>A fact of our side, as the control loop tells it to every plane. Fields without meaning for a kind are default.</summary>
public readonly record struct LocalEvent
{
    /// <summary>What happened.</summary>
    public required LocalEventKind Kind { get; init; }

    /// <summary>The VNI.</summary>
    public Vni Vni { get; init; }

    /// <summary>The MAC.</summary>
    public MacAddress Mac { get; init; }

    /// <summary>The tenant's address (neighbour events, misses by address).</summary>
    public UnderlayAddress Address { get; init; }

    /// <summary>The port's name.</summary>
    public string? Port { get; init; }

    /// <summary>The mobility sequence to announce a moved MAC with: the remote one + 1 (RFC 7432 §15).</summary>
    public uint Sequence { get; init; }

    /// <summary>The local VTEP addresses in being.</summary>
    public ImmutableArray<UnderlayAddress> LocalAddresses { get; init; }
}
