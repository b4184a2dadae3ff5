using Overlay.Dataplane.Pipeline;

namespace Overlay.Dataplane.Forwarding;

/// <summary>
/// When an index may mean something else: after every worker has passed a batch boundary <em>and</em> the control side has dealt with every hint that was in a
/// ring then. A hint names places by index; read after its index was given out again, it would put a MAC behind the wrong VTEP or port. Control thread.
/// </summary>
/// <param name="quiescence">Who knows about batch boundaries.</param>
internal sealed class IndexGrace(Quiescence quiescence)
{
    private readonly Lock _lock = new();
    private readonly List<LearnRing> _rings = [];
    private uint[] _heads = [];
    private long _waitingFor;
    private long _reusable;

    /// <summary>Adds a ring. Before workers start.</summary>
    internal void Add(LearnRing ring)
    {
        lock (_lock)
        {
            _rings.Add(ring);
            _heads = new uint[_rings.Count];
            _waitingFor = 0;
        }
    }

    /// <summary>Marks this moment, as <see cref="Quiescence.Mark"/> does.</summary>
    internal long Mark() => quiescence.Mark();

    /// <summary>True if an index that was given back at a mark may be given out.</summary>
    internal bool IsOver(long token)
    {
        if (token > _reusable)
            Advance();

        return token <= _reusable;
    }

    private void Advance()
    {
        lock (_lock)
        {
            if (_waitingFor > _reusable)
                Conclude();

            if (_waitingFor > _reusable)
                return;

            // What workers may still put into a ring after this was seen after the unpublishing: the rings' ends are read last.
            _waitingFor = quiescence.PassedUpTo();
            for (int i = 0; i < _heads.Length; i++)
                _heads[i] = _rings[i].Head;

            Conclude();
        }
    }

    private void Conclude()
    {
        for (int i = 0; i < _heads.Length; i++)
        {
            if (!_rings[i].IsSettled(_heads[i]))
                return;
        }

        _reusable = _waitingFor;
    }
}
