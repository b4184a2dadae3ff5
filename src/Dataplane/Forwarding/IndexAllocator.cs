namespace Overlay.Dataplane.Forwarding;

/// <summary>Gives out small indexes; one that came back is given out again only after every worker has passed a batch boundary. Control thread.</summary>
/// <param name="quiescence">Who knows about batch boundaries.</param>
internal sealed class IndexAllocator(Quiescence quiescence)
{
    private readonly Queue<(int Index, long Token)> _returned = new();
    private int _next;

    /// <summary>One more than the largest index ever given out.</summary>
    internal int HighWater => _next;

    internal int Allocate() =>
        _returned.TryPeek(out (int Index, long Token) oldest) && quiescence.HasPassed(oldest.Token) ? _returned.Dequeue().Index : _next++;

    internal void Return(int index) => _returned.Enqueue((index, quiescence.Mark()));
}
