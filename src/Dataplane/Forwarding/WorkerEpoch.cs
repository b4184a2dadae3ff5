namespace Overlay.Dataplane.Forwarding;

/// <summary>
/// One worker's part in <see cref="Quiescence"/>. The worker calls <see cref="Enter"/> before it reads forwarding state for a batch and <see cref="Exit"/>
/// when nothing of that batch is in its hands any more; while it waits for frames it is outside. Only that worker calls them.
/// </summary>
public sealed class WorkerEpoch
{
    private readonly Quiescence _owner;
    private long _entered;

    internal WorkerEpoch(Quiescence owner) => _owner = owner;

    /// <summary>The epoch the worker is inside of; 0 when it is outside.</summary>
    internal long Entered => Volatile.Read(ref _entered);

    /// <summary>A batch begins: what is read from now on is what is published now.</summary>
    public void Enter()
    {
        Volatile.Write(ref _entered, _owner.Current);

        // The store must be visible before the first read of forwarding state, or a writer could believe that nobody looks.
        Interlocked.MemoryBarrier();
    }

    /// <summary>The batch is over: nothing that was read in it is used any more.</summary>
    public void Exit() => Volatile.Write(ref _entered, 0);
}
