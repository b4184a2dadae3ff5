using System.Collections.Immutable;

namespace Overlay.Control.Etcd.Queries;

/// <summary>The plane, as <c>overlayctl etcd status</c> shows it.</summary>
public sealed record EtcdStatusRow
{
    /// <summary>One of <c>starting</c>, <c>in-touch</c>, <c>out-of-touch</c>, <c>claimed</c> (another daemon has our name), <c>read-only</c> (nothing can be written).</summary>
    public required string State { get; init; }

    /// <summary>What all keys begin with, version included.</summary>
    public required string Prefix { get; init; }

    /// <summary>Our name in the store.</summary>
    public required string Node { get; init; }

    /// <summary>The members.</summary>
    public ImmutableArray<EtcdEndpointRow> Endpoints { get; init; } = [];

    /// <summary>The cluster's number in hexadecimal, or null.</summary>
    public string? ClusterId { get; init; }

    /// <summary>The revision in force here.</summary>
    public long Revision { get; init; }

    /// <summary>Our lease in hexadecimal, or null.</summary>
    public string? Lease { get; init; }

    /// <summary>Its time to live.</summary>
    public TimeSpan LeaseTime { get; init; }

    /// <summary>How long ago the store last said that it lives, or null.</summary>
    public TimeSpan? LeaseAge { get; init; }

    /// <summary>Who else claims our name, or null.</summary>
    public string? Claimant { get; init; }

    /// <summary>VNIs served.</summary>
    public int Vnis { get; init; }

    /// <summary>Facts of ours that the store has.</summary>
    public int KeysWritten { get; init; }

    /// <summary>Changes of ours that wait: how far the store is behind us.</summary>
    public int KeysWaiting { get; init; }

    /// <summary>Answers to misses in force.</summary>
    public int Answers { get; init; }

    /// <summary>Misses that wait to be asked.</summary>
    public int MissesWaiting { get; init; }

    /// <summary>Keys of the last whole list.</summary>
    public long ListedKeys { get; init; }

    /// <summary>How long it took.</summary>
    public TimeSpan ListTime { get; init; }

    /// <summary>How long ago it was, or null.</summary>
    public TimeSpan? ListAge { get; init; }

    /// <summary>What is in the way of reading, in words, or null.</summary>
    public string? ReadFailure { get; init; }

    /// <summary>What is in the way of writing, in words, or null.</summary>
    public string? WriteFailure { get; init; }

    /// <summary>Counters by name.</summary>
    public ImmutableDictionary<string, long> Counters { get; init; } = ImmutableDictionary<string, long>.Empty;

    /// <summary>What was wrong in the store, by name.</summary>
    public ImmutableArray<EtcdFaultRow> Faults { get; init; } = [];
}
