namespace Overlay.Forwarding;

/// <summary>Properties of an FDB entry that the fast path looks at. Four bits of an FDB slot.</summary>
[Flags]
public enum FdbFlags : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The entry never moves by learning (RFC 7432 §15.2 "sticky").</summary>
    Sticky = 1,

    /// <summary>The MAC is frozen by duplicate detection: frames from it that come from elsewhere are dropped as <c>mac_frozen</c>.</summary>
    Frozen = 2,

    /// <summary>The plane that gave the entry is gone; it stays in force until resync or hold time.</summary>
    Stale = 4,
}
