using Overlay.Dataplane.Probes;
using Overlay.Encap;
using Overlay.Forwarding.Topology;

namespace Overlay.Dataplane.Pipeline;

/// <summary>What both pipelines of a worker are set to. Immutable.</summary>
public sealed record PipelineOptions
{
    /// <summary>Outer DSCP, 0–63; null inherits the inner one.</summary>
    public byte? Dscp { get; init; }

    /// <summary>The outer TTL is the inner one (64 where the inner frame has none); otherwise it is what the socket was set to.</summary>
    public bool InheritTtl { get; init; }

    /// <summary>Drop datagrams with reserved bits set.</summary>
    public bool Strict { get; init; }

    /// <summary>Seed of the flow hash.</summary>
    public FlowHashSeed HashSeed { get; init; }

    /// <summary>Frames of the largest batch, 1–4096.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>The clock that storm limits go by; read once a batch at most.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where frames between VTEPs go that are for the daemon; null drops them.</summary>
    internal ControlInbox? Control { get; init; }

    /// <summary>The options that follow from the configuration of the provider side.</summary>
    /// <param name="underlay">The provider side.</param>
    /// <param name="seed">Seed of the flow hash.</param>
    /// <param name="batchSize">Frames of the largest batch.</param>
    public static PipelineOptions From(UnderlaySpec underlay, FlowHashSeed seed, int batchSize = 64) => new()
    {
        Dscp = underlay.Dscp,
        InheritTtl = underlay.Ttl == 0,
        Strict = underlay.Strict,
        HashSeed = seed,
        BatchSize = batchSize,
    };
}
