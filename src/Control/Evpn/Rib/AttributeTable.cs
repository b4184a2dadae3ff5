using Overlay.Control.Evpn.Bgp.Wire;

namespace Overlay.Control.Evpn.Rib;

/// <summary>All attribute sets in use, each once, by number. Number 0 is none.</summary>
/// <remarks>
/// The number of routes bounds the number of sets, but not their size: a set may have what fits into a message, 64 KiB where that was agreed on, all of it in attributes that
/// nobody here knows. So their octets have a budget.
/// </remarks>
internal sealed class AttributeTable
{
    public const long DefaultBudget = 128L << 20;

    /// <summary>After a refusal there is room again below this.</summary>
    private const int RoomPercent = 90;

    private readonly Dictionary<PathAttributes, int> _numbers = [];
    private readonly List<RouteAttributes?> _sets = [null];
    private readonly Stack<int> _free = [];

    public int Count => _numbers.Count;

    /// <summary>Octets of all sets, as they came.</summary>
    public long Octets { get; private set; }

    /// <summary>The most of them.</summary>
    public long Budget { get; init; } = DefaultBudget;

    public bool HasRoom => Octets < Budget / 100 * RoomPercent;

    public RouteAttributes this[int number] => _sets[number]!;

    /// <summary>Takes a set in.</summary>
    /// <param name="attributes">The set.</param>
    /// <param name="number">Its number, which the caller then holds.</param>
    /// <returns>False if it is a new one and there is no room.</returns>
    public bool TryAcquire(PathAttributes attributes, out int number)
    {
        if (!_numbers.TryGetValue(attributes, out number))
        {
            if (Octets + attributes.Raw.Length > Budget)
            {
                return false;
            }

            Octets += attributes.Raw.Length;
            if (!_free.TryPop(out number))
            {
                number = _sets.Count;
                _sets.Add(null);
            }

            _numbers.Add(attributes, number);
            _sets[number] = new RouteAttributes(attributes);
        }

        _sets[number]!.References++;
        return true;
    }

    public void Hold(int number) => _sets[number]!.References++;

    public void Release(int number)
    {
        if (number != 0 && --_sets[number]!.References == 0)
        {
            PathAttributes attributes = _sets[number]!.Attributes;
            Octets -= attributes.Raw.Length;
            _ = _numbers.Remove(attributes);
            _sets[number] = null;
            _free.Push(number);
        }
    }
}
