namespace Overlay.Dataplane.Forwarding;

/// <summary>Gives out small indexes; one that came back is given out again only when nobody can mean the old one by it any more. Control thread.</summary>
/// <param name="grace">Who knows when that is.</param>
internal sealed class IndexAllocator(IndexGrace grace)
{
    private readonly Queue<(int Index, long Token)> _returned = new();
    private int _next;

    /// <summary>One more than the largest index ever given out.</summary>
    internal int HighWater => _next;

    internal int Allocate() =>
        _returned.TryPeek(out (int Index, long Token) oldest) && grace.IsOver(oldest.Token) ? _returned.Dequeue().Index : _next++;

    internal void Return(int index) => _returned.Enqueue((index, grace.Mark()));
}
