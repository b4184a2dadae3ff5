using System.Collections.Immutable;

namespace Overlay.Dataplane.HandOver;

/// <summary>What a dataplane keeps over its end, and what it takes over at its start.</summary>
public sealed record KeepOptions
{
    /// <summary>The alias for TAPs that are made here. They are persistent then; null makes TAPs that go with the process.</summary>
    public string? Tag { get; init; }

    /// <summary>Aliases of TAPs that were made by this daemon before, under whatever name it had.</summary>
    public ImmutableHashSet<string> OldTags { get; init; } = [];

    /// <summary>What the process before left open; null if there was none.</summary>
    public InheritedDescriptors? Inherited { get; init; }

    /// <summary>Whether a TAP with an alias is one of this daemon.</summary>
    public bool IsOurs(string alias) => Tag is not null && (alias == Tag || OldTags.Contains(alias));
}
