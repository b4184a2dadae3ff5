namespace Overlay.Control.Tables;

/// <summary>
/// The MACs of a VNI that moved not long ago. Those that moved once and not again are in a list by age, so that the oldest of them can make room. Control thread only.
/// </summary>
internal sealed class MoveRecords
{
    private readonly Dictionary<int, int> _byMac = [];
    private readonly StructPool<MoveRecord> _items = new();
    private int _newest = -1;

    public int Count => _byMac.Count;

    /// <summary>One more than the highest index in use.</summary>
    public int High => _items.High;

    /// <summary>The one that moved once, the longest ago; -1 if there is none.</summary>
    public int Oldest { get; private set; } = -1;

    /// <summary>A record by its index; check <see cref="MoveRecord.IsUsed"/>. The reference stays valid while records are added.</summary>
    public ref MoveRecord this[int at] => ref _items[at];

    /// <summary>The record of a MAC that has one.</summary>
    public ref MoveRecord Of(int mac) => ref _items[_byMac[mac]];

    public bool TryFind(int mac, out int at) => _byMac.TryGetValue(mac, out at);

    public int Add(int mac)
    {
        int at = _items.Allocate();
        _items[at] = new MoveRecord { Mac = mac, Home = -1, Newer = -1, Older = -1, IsUsed = true };
        _byMac.Add(mac, at);
        return at;
    }

    public void Remove(int at)
    {
        Unqueue(at);
        _ = _byMac.Remove(_items[at].Mac);
        _items.Release(at);
    }

    /// <summary>Gives back what was needed at the peak, if nothing is left.</summary>
    public void Trim()
    {
        if (Count == 0 && High > 0)
        {
            _items.Clear();
            _byMac.TrimExcess();
        }
    }

    /// <summary>MACs have other indexes now: at the old one is the new one.</summary>
    public void Follow(int[] macAt)
    {
        _byMac.Clear();
        for (int at = 0; at < High; at++)
        {
            ref MoveRecord record = ref _items[at];
            if (record.IsUsed)
            {
                record.Mac = macAt[record.Mac];
                _byMac.Add(record.Mac, at);
            }
        }
    }

    /// <summary>It moved once, now.</summary>
    public void Queue(int at)
    {
        Unqueue(at);
        ref MoveRecord record = ref _items[at];
        record.IsQueued = true;
        record.Older = _newest;
        record.Newer = -1;
        if (_newest >= 0)
        {
            _items[_newest].Newer = at;
        }
        else
        {
            Oldest = at;
        }

        _newest = at;
    }

    /// <summary>It is more than one that moved once.</summary>
    public void Unqueue(int at)
    {
        ref MoveRecord record = ref _items[at];
        if (!record.IsQueued)
        {
            return;
        }

        record.IsQueued = false;
        if (record.Older >= 0)
        {
            _items[record.Older].Newer = record.Newer;
        }
        else
        {
            Oldest = record.Newer;
        }

        if (record.Newer >= 0)
        {
            _items[record.Newer].Older = record.Older;
        }
        else
        {
            _newest = record.Older;
        }
    }
}
