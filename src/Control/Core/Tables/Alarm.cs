namespace Overlay.Control.Tables;

/// <summary>An alarm that is on.</summary>
internal sealed class Alarm(uint since)
{
    /// <summary>Tenths of a second.</summary>
    public uint Since { get; } = since;

    /// <summary>The latest case, in words; null if the subject says all.</summary>
    public string? Detail { get; set; }

    /// <summary>Times the limit refused something.</summary>
    public long Count { get; set; }
}
