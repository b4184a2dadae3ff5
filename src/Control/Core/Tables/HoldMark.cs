namespace Overlay.Control.Tables;

/// <summary>Whether an entry that was taken back is held by the mass-withdraw guard. One that is marked counts as stale.</summary>
internal enum HoldMark : byte
{
    None,

    /// <summary>Taken back by another than its owner; whether they are too many is decided when no more of them wait.</summary>
    Suspected,

    /// <summary>In force until the hold ends.</summary>
    Held,
}
