using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Dataplane.Neighbors;

/// <summary>
/// The value of a slot of a <see cref="NeighborTable"/>:
/// <code>
/// word 0   MAC(48) | 0(12) | router(1) | seen(1) | live(1) | taken(1)        word 1   0(32) | place(32)
/// </code>
/// An entry that is not live is no entry.
/// </summary>
/// <param name="Raw">Word 0.</param>
/// <param name="RawPlace">Word 1.</param>
public readonly record struct NeighborEntry(ulong Raw, ulong RawPlace)
{
    internal const ulong TakenBit = 1;
    private const ulong LiveBit = 2;
    private const ulong SeenBit = 4;
    private const ulong RouterBit = 8;

    /// <summary>True if there is an entry.</summary>
    public bool IsPresent => (Raw & LiveBit) != 0;

    /// <summary>The MAC.</summary>
    public MacAddress Mac => new(Raw >> 16);

    /// <summary>It is a router.</summary>
    public bool IsRouter => (Raw & RouterBit) != 0;

    /// <summary>It was learned from traffic and holds only while the MAC is at <see cref="Place"/>.</summary>
    public bool IsSeen => (Raw & SeenBit) != 0;

    /// <summary>Where the MAC was when it was learned.</summary>
    public FdbTarget Place => new((uint)RawPlace);

    internal static NeighborEntry Create(in NeighborBinding binding) => new(
        (binding.Mac.Value << 16) | TakenBit | LiveBit | (binding.IsSeen ? SeenBit : 0) | (binding.IsRouter ? RouterBit : 0),
        binding.Place.Raw);
}
