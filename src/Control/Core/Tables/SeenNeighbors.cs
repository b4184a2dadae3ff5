using Overlay.Encap;

namespace Overlay.Control.Tables;

/// <summary>The bindings of one VNI that were learned from traffic: structs in a pool, an index by address, and how many each place has. Control thread.</summary>
internal sealed class SeenNeighbors
{
    private readonly Dictionary<UnderlayAddress, int> _index = [];
    private readonly Dictionary<uint, int> _byPlace = [];

    /// <summary>The bindings; a free item has MAC 0.</summary>
    public StructPool<SeenNeighbor> Items { get; } = new();

    public int Count => _index.Count;

    /// <summary>A MAC that has a binding left the forwarding table or moved: bindings are to be looked at.</summary>
    public bool NeedsSweep { get; set; }

    public bool TryFind(in UnderlayAddress address, out int index) => _index.TryGetValue(address, out index);

    /// <summary>Bindings at a place.</summary>
    public int CountAt(uint place) => _byPlace.GetValueOrDefault(place);

    /// <summary>Places with as many bindings as are allowed.</summary>
    public bool AnyAt(int limit) => _byPlace.ContainsValue(limit);

    public int Add(in UnderlayAddress address, ulong mac, uint place)
    {
        int index = Items.Allocate();
        Items[index] = new SeenNeighbor { Address = address, Mac = mac, Place = place };
        _index.Add(address, index);
        Account(place, +1);
        return index;
    }

    public void Move(int index, uint place)
    {
        Account(Items[index].Place, -1);
        Items[index].Place = place;
        Account(place, +1);
    }

    public void Remove(int index)
    {
        _ = _index.Remove(Items[index].Address);
        Account(Items[index].Place, -1);
        Items.Release(index);
    }

    /// <summary>Gives back what was needed at the peak, if nothing is left. Places become void.</summary>
    public void Trim()
    {
        if (Count == 0 && Items.High > 0)
        {
            Items.Clear();
            _index.TrimExcess();
            _byPlace.TrimExcess();
        }
    }

    private void Account(uint place, int by)
    {
        int count = CountAt(place) + by;
        if (count == 0)
        {
            _ = _byPlace.Remove(place);
        }
        else
        {
            _byPlace[place] = count;
        }
    }
}
