namespace Overlay.Api;

/// <summary>Answer of <c>GET /v1/etcd/dump</c>: what the store holds under our prefix.</summary>
public sealed record EtcdDumpResponse
{
    /// <summary>The keys in their order.</summary>
    public required IReadOnlyList<EtcdKeyInfo> Keys { get; init; }

    /// <summary>The revision they are of.</summary>
    public required long Revision { get; init; }

    /// <summary>True if there are more than the answer holds.</summary>
    public required bool Truncated { get; init; }

    /// <summary>What to ask with for those that follow, at the same revision, as <c>next=</c>; null at the end.</summary>
    public string? Next { get; init; }
}

/// <summary>A key of the store.</summary>
public sealed record EtcdKeyInfo
{
    /// <summary>The key.</summary>
    public required string Key { get; init; }

    /// <summary>Its value, cut after 8 KiB; octets that are not printable are escaped.</summary>
    public required string Value { get; init; }

    /// <summary><c>vtep</c>, <c>member</c>, <c>mac</c>, <c>neighbor</c>, <c>moved</c>, or <c>none</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Whose word it is, or null.</summary>
    public string? Vtep { get; init; }

    /// <summary>When it was changed last.</summary>
    public required long Revision { get; init; }

    /// <summary>The lease it ends with, or null.</summary>
    public string? Lease { get; init; }

    /// <summary>What is wrong with it, or null.</summary>
    public string? Fault { get; init; }
}
