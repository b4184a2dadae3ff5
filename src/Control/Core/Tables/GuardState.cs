using Overlay.Control.Vteps;
using Overlay.Encap;

namespace Overlay.Control.Tables;

/// <summary>What the mass-withdraw guard knows of a plane.</summary>
internal sealed class GuardState
{
    private readonly Queue<(uint At, int Count)> _removed = [];

    /// <summary>Entries marked <see cref="HoldMark.Held"/>.</summary>
    public int Held { get; set; }

    /// <summary>Entries marked <see cref="HoldMark.Suspected"/>.</summary>
    public int Suspected { get; set; }

    /// <summary>Which ones; one that was given again or went meanwhile is not marked any more.</summary>
    public List<Suspect> Suspects { get; } = [];

    /// <summary>Tenths of a second: since when something is held; 0 if nothing is.</summary>
    public uint Since { get; set; }

    /// <summary>Tenths of a second: when the hold ends.</summary>
    public uint Until { get; set; }

    /// <summary>Walks under way that count, mark or release; nothing is decided before they end.</summary>
    public int Walks { get; set; }

    /// <summary>Something held was given again since it was last looked at: more of it may follow.</summary>
    public bool IsGivenAgain { get; set; }

    /// <summary>Groups of an older generation go when the hold ends.</summary>
    public uint GroupsBelow { get; set; }

    /// <summary>Entries that a sweep or others than their owners removed within one hold time, because they were few.</summary>
    public int Removed { get; private set; }

    public long HeldTotal { get; set; }

    public long GivenAgain { get; set; }

    public long Released { get; set; }

    public long Approved { get; set; }

    public bool IsHolding => Since != 0;

    /// <summary>Notes that some went: a second sweep of as many is not looked at alone.</summary>
    public void NoteRemoved(uint now, int count)
    {
        if (count > 0)
        {
            _removed.Enqueue((now, count));
            Removed += count;
        }
    }

    /// <summary>Forgets what went long ago.</summary>
    public void ForgetRemoved(uint before)
    {
        while (_removed.TryPeek(out (uint At, int Count) first) && first.At <= before)
        {
            _ = _removed.Dequeue();
            Removed -= first.Count;
        }
    }

    /// <summary>An entry that another than its owner took back: a MAC, a neighbour (with its address), a flood route (with its VTEP), or a description (a VTEP and no VNI).</summary>
    public readonly record struct Suspect(SourceState Source, Vni Vni, MacAddress Mac, UnderlayAddress Address, string? Vtep, VtepIdentity? Described);
}
