namespace Overlay.Api;

/// <summary>A change of the configuration, and what it does to those who are connected.</summary>
public sealed record ConfigEffect
{
    /// <summary><c>port</c>, <c>vni</c>, <c>peer</c>, <c>mac</c> or <c>key</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Which one: a name, a VNI, <c>MAC in vni N</c>, or the path of a key.</summary>
    public required string Name { get; init; }

    /// <summary><c>added</c>, <c>removed</c> or <c>changed</c>.</summary>
    public required string Action { get; init; }

    /// <summary>Keys of it that change; empty where it is added or removed.</summary>
    public required IReadOnlyList<string> Keys { get; init; }

    /// <summary>What it does, in a sentence.</summary>
    public required string Effect { get; init; }

    /// <summary>Frames of tenants are lost, or do not arrive any more.</summary>
    public required bool Interrupts { get; init; }

    /// <summary>It takes effect at the next start only: a change with any such is refused as a whole.</summary>
    public required bool NeedsRestart { get; init; }
}
