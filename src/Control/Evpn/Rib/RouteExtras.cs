using System.Runtime.InteropServices;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Rib;

/// <summary>What few routes have.</summary>
/// <param name="Esi">Ethernet segment.</param>
/// <param name="Gateway">Gateway of type 5.</param>
/// <param name="Label2">Second label of type 2.</param>
internal readonly record struct RouteExtra(EthernetSegmentId Esi, UnderlayAddress Gateway = default, uint? Label2 = null);

/// <summary>Numbers for <see cref="RouteExtra"/>, counted by reference. Number 0 is the one without anything.</summary>
internal sealed class RouteExtras
{
    private readonly Dictionary<RouteExtra, int> _numbers = [];
    private readonly List<(RouteExtra Extra, int References)> _items = [default];
    private readonly Stack<int> _free = [];

    public RouteExtra this[int number] => _items[number].Extra;

    /// <summary>The number of one, without holding it; -1 if it has none.</summary>
    public int Find(in RouteExtra extra) => extra == default ? 0 : _numbers.GetValueOrDefault(extra, -1);

    public int Acquire(in RouteExtra extra)
    {
        if (extra == default)
        {
            return 0;
        }

        if (!_numbers.TryGetValue(extra, out int number))
        {
            if (!_free.TryPop(out number))
            {
                number = _items.Count;
                _items.Add(default);
            }

            _numbers.Add(extra, number);
            _items[number] = (extra, 0);
        }

        CollectionsMarshal.AsSpan(_items)[number].References++;
        return number;
    }

    public void Release(int number)
    {
        if (number != 0 && --CollectionsMarshal.AsSpan(_items)[number].References == 0)
        {
            _ = _numbers.Remove(_items[number].Extra);
            _items[number] = default;
            _free.Push(number);
        }
    }
}
