using Overlay.Control.Etcd.Model;

namespace Overlay.Control.Etcd.Misses;

/// <summary>An answer that is in force, and where it is watched. Fields change under the lock of <see cref="MissResolver"/>.</summary>
internal sealed class Answer(EtcdKey key)
{
    public EtcdKey Key { get; } = key;

    /// <summary>When it is asked for again, as a time stamp.</summary>
    public long Due { get; set; }

    /// <summary>The revision to watch from.</summary>
    public long Next { get; set; }

    /// <summary>The revision of what was given last: an older word that comes later does not count.</summary>
    public long Given { get; set; }

    public AnswerWatch? Watch { get; set; }

    /// <summary>Its place among the answers by age.</summary>
    public LinkedListNode<Answer>? Node { get; set; }
}
