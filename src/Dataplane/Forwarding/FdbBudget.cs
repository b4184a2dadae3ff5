namespace Overlay.Dataplane.Forwarding;

/// <summary>
/// The number of FDB entries that all VNIs together may hold. A security feature: a tenant that invents source MACs ends at a limit and not at
/// the end of memory. Used by the control thread only.
/// </summary>
public sealed class FdbBudget
{
    /// <summary>The default limit: 1,048,576 entries.</summary>
    public const int DefaultLimit = 1 << 20;

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
