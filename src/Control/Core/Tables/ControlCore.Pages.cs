using System.Collections.Immutable;
using Overlay.Control.Queries;
using Overlay.Encap;

namespace Overlay.Control.Tables;

/// <content>
/// Long lists for operators: the keys of all rows first, which are small and no objects, then the rows of a page at a time. So the control loop is never away for long, and
/// a hundred thousand rows with their texts are never in being together, which would make the collector pause.
/// </content>
internal sealed partial class ControlCore
{
    /// <summary>Keys of MACs in force, in no order, by ascending VNI.</summary>
    public (FdbKey[] Keys, bool IsTruncated) FdbKeys(Vni? only, int limit)
    {
        var keys = new List<FdbKey>();
        foreach (MacVrf vrf in InOrder(only))
        {
            for (int index = 0; index < vrf.Macs.High; index++)
            {
                if (!vrf.Macs[index].IsPublished)
                {
                    continue;
                }

                if (keys.Count == limit)
                {
                    return ([.. keys], true);
                }

                keys.Add(new FdbKey(vrf.Vni, new MacAddress(vrf.Macs[index].Mac)));
            }
        }

        return ([.. keys], false);
    }

    /// <summary>The rows of MACs, without those that are not in force any more.</summary>
    public ImmutableArray<FdbEntryRow> FdbRows(ReadOnlySpan<FdbKey> keys)
    {
        ImmutableArray<FdbEntryRow>.Builder rows = ImmutableArray.CreateBuilder<FdbEntryRow>(keys.Length);
        foreach (FdbKey key in keys)
        {
            if (_vrfs.TryGetValue(key.Vni.Value, out MacVrf? vrf) && vrf.TryFind(key.Mac, out int index) && vrf.Macs[index].IsPublished && vrf.WinnerOf(index) != -1)
            {
                rows.Add(RowOf(vrf, index));
            }
        }

        return rows.DrainToImmutable();
    }

    /// <summary>Keys of neighbour bindings, in no order, by ascending VNI; one comes as often as sources give it.</summary>
    public (NeighborKey[] Keys, bool IsTruncated) NeighborKeys(Vni? only, int limit)
    {
        var keys = new List<NeighborKey>();
        foreach (MacVrf vrf in InOrder(only))
        {
            foreach ((UnderlayAddress address, _) in vrf.Neighbors.Keys)
            {
                if (keys.Count == limit)
                {
                    return ([.. keys], true);
                }

                keys.Add(new NeighborKey(vrf.Vni, address));
            }

            for (int index = 0; index < vrf.SeenNeighbors.Items.High; index++)
            {
                ref SeenNeighbor seen = ref vrf.SeenNeighbors.Items[index];
                if (seen.Mac == 0)
                {
                    continue;
                }

                if (keys.Count == limit)
                {
                    return ([.. keys], true);
                }

                keys.Add(new NeighborKey(vrf.Vni, seen.Address));
            }
        }

        return ([.. keys], false);
    }

    /// <summary>The rows of neighbour bindings, without those that are gone.</summary>
    public ImmutableArray<NeighborRow> NeighborRows(ReadOnlySpan<NeighborKey> keys)
    {
        ImmutableArray<NeighborRow>.Builder rows = ImmutableArray.CreateBuilder<NeighborRow>(keys.Length);
        foreach (NeighborKey key in keys)
        {
            if (_vrfs.TryGetValue(key.Vni.Value, out MacVrf? vrf) && (TryGetGiven(vrf, key.Address, out _, out _) || vrf.SeenNeighbors.TryFind(key.Address, out _)))
            {
                rows.Add(NeighborRowOf(vrf, key.Address));
            }
        }

        return rows.DrainToImmutable();
    }

    private IEnumerable<MacVrf> InOrder(Vni? only) => _vrfs.Values.Where(v => only is null || v.Vni == only).OrderBy(static v => v.Vni.Value);
}
