namespace Overlay.Api;

/// <summary>Answer of <c>GET /v1/etcd/status</c>.</summary>
public sealed record EtcdStatusResponse
{
    /// <summary><c>starting</c>, <c>in-touch</c>, <c>out-of-touch</c>, <c>claimed</c> (another daemon has our name), <c>read-only</c> (nothing can be written).</summary>
    public required string State { get; init; }

    /// <summary>What all keys begin with, version included.</summary>
    public required string Prefix { get; init; }

    /// <summary>Our name in the store.</summary>
    public required string Node { get; init; }

    /// <summary>The cluster's number in hexadecimal, or null.</summary>
    public string? ClusterId { get; init; }

    /// <summary>The revision in force here.</summary>
    public required long Revision { get; init; }

    /// <summary>Our lease in hexadecimal, or null.</summary>
    public string? Lease { get; init; }

    /// <summary>Its time to live in seconds.</summary>
    public required double LeaseSeconds { get; init; }

    /// <summary>Seconds since the store last said that it lives, or null.</summary>
    public double? LeaseAgeSeconds { get; init; }

    /// <summary>Who else claims our name, or null.</summary>
    public string? Claimant { get; init; }

    /// <summary>VNIs served.</summary>
    public required int Vnis { get; init; }

    /// <summary>Keys of ours that the store has.</summary>
    public required int KeysWritten { get; init; }

    /// <summary>Changes of ours that wait.</summary>
    public required int KeysWaiting { get; init; }

    /// <summary>Answers to misses in force.</summary>
    public required int Answers { get; init; }

    /// <summary>Misses that wait to be asked.</summary>
    public required int MissesWaiting { get; init; }

    /// <summary>Keys of the last whole list.</summary>
    public required long ListedKeys { get; init; }

    /// <summary>Seconds it took.</summary>
    public required double ListSeconds { get; init; }

    /// <summary>Seconds since then, or null.</summary>
    public double? ListAgeSeconds { get; init; }

    /// <summary>What is in the way of reading, or null.</summary>
    public string? ReadFailure { get; init; }

    /// <summary>What is in the way of writing, or null.</summary>
    public string? WriteFailure { get; init; }

    /// <summary>The members.</summary>
    public required IReadOnlyList<EtcdEndpointInfo> Endpoints { get; init; }

    /// <summary>Counters by name.</summary>
    public required IReadOnlyDictionary<string, long> Counters { get; init; }

    /// <summary>What was wrong in the store, by name.</summary>
    public required IReadOnlyList<EtcdFaultInfo> Faults { get; init; }
}

/// <summary>A member.</summary>
public sealed record EtcdEndpointInfo
{
    /// <summary>Its address.</summary>
    public required string Endpoint { get; init; }

    /// <summary>The last request or look at it went well.</summary>
    public required bool Healthy { get; init; }

    /// <summary>Our watch is there.</summary>
    public required bool Watched { get; init; }

    /// <summary>It leads the cluster.</summary>
    public required bool Leader { get; init; }

    /// <summary>Its number in hexadecimal, or null.</summary>
    public string? MemberId { get; init; }

    /// <summary>Its version, or null.</summary>
    public string? Version { get; init; }

    /// <summary>Octets of its database.</summary>
    public required long DatabaseBytes { get; init; }

    /// <summary>Its revision when it was looked at last.</summary>
    public required long Revision { get; init; }

    /// <summary>Seconds its last answer took, or null.</summary>
    public double? LatencySeconds { get; init; }

    /// <summary>Alarms it reports.</summary>
    public required IReadOnlyList<string> Alarms { get; init; }

    /// <summary>Requests and looks that failed.</summary>
    public required long Failures { get; init; }

    /// <summary>The last failure, or null.</summary>
    public string? LastFailure { get; init; }
}

/// <summary>Something that was wrong in the store.</summary>
public sealed record EtcdFaultInfo
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>How often.</summary>
    public required long Count { get; init; }

    /// <summary>The last offender's key.</summary>
    public required string Key { get; init; }

    /// <summary>Its revision.</summary>
    public required long Revision { get; init; }

    /// <summary>More in words, or empty.</summary>
    public required string Detail { get; init; }

    /// <summary>Seconds since then.</summary>
    public required double AgeSeconds { get; init; }
}
