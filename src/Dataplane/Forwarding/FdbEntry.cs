using Overlay.Forwarding;

namespace Overlay.Dataplane.Forwarding;

/// <summary>
/// The value of an FDB slot, one 64-bit word so that it is read and written whole:
/// <code>
/// target(32) | origin(4) | flags(4) | version(24)
/// </code>
/// The version counts the writes of the slot (it wraps). An entry without an origin is no entry.
/// </summary>
/// <param name="Raw">The word.</param>
public readonly record struct FdbEntry(ulong Raw)
{
    private const int TargetShift = 32;
    private const int OriginShift = 28;
    private const int FlagsShift = 24;
    private const uint VersionMask = 0xFF_FFFF;

    /// <summary>True if there is an entry.</summary>
    public bool IsPresent => (Raw >> OriginShift & 0xF) != 0;

    /// <summary>Where it leads.</summary>
    public FdbTarget Target => new((uint)(Raw >> TargetShift));

    /// <summary>Who gave it; <see cref="FdbOrigin.None"/> if there is no entry.</summary>
    public FdbOrigin Origin => (FdbOrigin)(Raw >> OriginShift & 0xF);

    /// <summary>Its flags.</summary>
    public FdbFlags Flags => (FdbFlags)(Raw >> FlagsShift & 0xF);

    /// <summary>Writes of the slot, modulo 2^24.</summary>
    public uint Version => (uint)Raw & VersionMask;

    internal static FdbEntry Create(FdbTarget target, FdbOrigin origin, FdbFlags flags, uint version) =>
        new(((ulong)target.Raw << TargetShift) | ((ulong)((byte)origin & 0xF) << OriginShift) | ((ulong)((byte)flags & 0xF) << FlagsShift) | (version & VersionMask));
}
