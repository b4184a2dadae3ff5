namespace Overlay.Control.HandOver;

/// <summary>What was learned from frames, as one process leaves it to the next. What planes and the configuration say is not in it: they say it again.</summary>
/// <param name="Places">Where MACs were seen.</param>
/// <param name="Macs">The MACs, those seen last first.</param>
public sealed record SeenMacs(IReadOnlyList<SeenPlace> Places, IReadOnlyList<SeenMac> Macs)
{
    /// <summary>Nothing.</summary>
    public static SeenMacs None { get; } = new([], []);
}
