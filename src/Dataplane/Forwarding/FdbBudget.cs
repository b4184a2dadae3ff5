namespace Overlay.Dataplane.Forwarding;

/// <summary>
/// The number of FDB entries that all VNIs together may hold: the backstop behind the limits of the control loop, which are a million learned MACs and four million
/// routes. It is above their sum, so that what tenants make us learn never leaves a route without room. Used by the control thread only.
/// </summary>
public sealed class FdbBudget
{
    /// <summary>The default limit: 6,291,456 entries.</summary>
    public const int DefaultLimit = 6 << 20;

    /// <summary>Makes a budget.</summary>
    /// <param name="limit">Entries allowed, 1 or more.</param>
    public FdbBudget(int limit = DefaultLimit)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        Limit = limit;
    }

    /// <summary>Entries allowed.</summary>
    public int Limit { get; }

    /// <summary>Entries in being.</summary>
    public int Count { get; private set; }

    /// <summary>Takes room for one entry.</summary>
    /// <returns>False if there is none.</returns>
    public bool TryTake()
    {
        if (Count >= Limit)
            return false;

        Count++;
        return true;
    }

    /// <summary>Gives room back.</summary>
    public void Return(int count) => Count -= count;
}
