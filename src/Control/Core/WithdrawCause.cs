namespace Overlay.Control;

/// <summary>Who takes an entry back.</summary>
public enum WithdrawCause
{
    /// <summary>Who gave it: a withdraw in BGP, the end of a lease. It takes effect at once.</summary>
    Owner,

    /// <summary>
    /// Somebody else, or nobody knows who: a key in a store was deleted by another than its owner. Many of them are held (<see cref="GuardOptions"/>).
    /// </summary>
    Foreign,
}
