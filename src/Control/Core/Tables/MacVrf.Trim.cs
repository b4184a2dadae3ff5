using Overlay.Forwarding;

namespace Overlay.Control.Tables;

/// <content>Giving memory back: a pool grows by itself and never shrinks by itself.</content>
internal sealed partial class MacVrf
{
    private const int TrimFrom = 1_024;

    /// <summary>
    /// Gives back what was needed at the peak and is not now. Places in the pools become void.
    /// </summary>
    /// <param name="mayCompact">Whether nobody holds places while there are MACs.</param>
    public void Trim(bool mayCompact)
    {
        Moves.Trim();
        SeenNeighbors.Trim();
        if (Sequences.Count == 0 && Sequences.Capacity > TrimFrom)
        {
            Sequences.TrimExcess();
        }

        if (MacCount == 0)
        {
            if (Macs.High > 0)
            {
                Macs.Clear();
                Candidates.Clear();
                _index.Rebuild();
            }
        }
        else if (mayCompact && (IsSparse(Macs.Count, Macs.High) || IsSparse(Candidates.Count, Candidates.High)))
        {
            Compact();
        }
    }

    /// <summary>Moves what is left into pools of its size, in the order it has.</summary>
    private void Compact()
    {
        int[] macAt = new int[Macs.High];
        var macs = new StructPool<MacState>();
        for (int old = 0; old < macAt.Length; old++)
        {
            if (Macs[old].Mac != 0)
            {
                macAt[old] = macs.Allocate();
                macs[macAt[old]] = Macs[old];
            }
        }

        int[] candidateAt = new int[Candidates.High];
        var candidates = new StructPool<Candidate>();
        for (int old = 0; old < candidateAt.Length; old++)
        {
            if (Candidates[old].Origin != FdbOrigin.None)
            {
                candidateAt[old] = candidates.Allocate();
                candidates[candidateAt[old]] = Candidates[old];
            }
        }

        Macs.TakeOver(macs);
        Candidates.TakeOver(candidates);
        _index.Rebuild();
        for (int at = 0; at < Macs.High; at++)
        {
            ref MacState state = ref Macs[at];
            state.Head = New(candidateAt, state.Head);
        }

        for (int at = 0; at < Candidates.High; at++)
        {
            ref Candidate candidate = ref Candidates[at];
            candidate.Mac = macAt[candidate.Mac];
            candidate.NextOfMac = New(candidateAt, candidate.NextOfMac);
            candidate.PreviousOfTarget = New(candidateAt, candidate.PreviousOfTarget);
            candidate.NextOfTarget = New(candidateAt, candidate.NextOfTarget);
        }

        foreach (RouteTarget? target in _targets)
        {
            if (target is not null)
            {
                target.Head = New(candidateAt, target.Head);
            }
        }

        Moves.Follow(macAt);
        Renumber(Sequences, macAt);
    }

    private static bool IsSparse(int count, int high) => high > TrimFrom && count < high / 4;

    private static int New(int[] places, int old) => old < 0 ? old : places[old];

    private static void Renumber<T>(Dictionary<int, T> byMac, int[] places)
    {
        KeyValuePair<int, T>[] items = [.. byMac];
        byMac.Clear();
        foreach ((int mac, T item) in items)
        {
            byMac.Add(places[mac], item);
        }
    }
}
