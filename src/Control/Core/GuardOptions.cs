namespace Overlay.Control;

/// <summary><c>control.guard</c>: when what a plane takes back is held before it goes. Immutable; validated by whoever reads the configuration.</summary>
public sealed record GuardOptions
{
    /// <summary>False switches it off, for a drain that is planned.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>The share of a plane's entries that has to go within <see cref="Hold"/>, in per cent, 0–100: more than that, and more than <see cref="Entries"/>, is held.</summary>
    public int Share { get; init; } = 20;

    /// <summary>Entries that go in any case.</summary>
    public int Entries { get; init; } = 64;

    /// <summary>How long it is held.</summary>
    public TimeSpan Hold { get; init; } = TimeSpan.FromSeconds(30);
}
