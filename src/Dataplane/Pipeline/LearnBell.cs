namespace Overlay.Dataplane.Pipeline;

/// <summary>
/// How a worker wakes the control loop: once for each time it goes to sleep, and only then. A worker that adds a hint reads one word, which nobody writes while
/// the loop is awake. <b>Threading:</b> workers look and ring; <see cref="Arm"/> is for the control thread.
/// </summary>
internal sealed class LearnBell
{
    private int _armed;
    private Action _wake = static () => { };

    /// <summary>Whether somebody waits to be woken. Any thread, after it has added its hint.</summary>
    internal bool IsArmed => Volatile.Read(ref _armed) != 0;

    /// <summary>Wakes who waits, unless another worker does. Any worker.</summary>
    internal void Ring()
    {
        if (Interlocked.Exchange(ref _armed, 0) != 0)
            _wake();
    }

    /// <summary>From the return on, every hint that a look at the rings does not find rings the bell.</summary>
    internal void Arm(Action wake)
    {
        if (IsArmed)
            return;

        _wake = wake;
        Volatile.Write(ref _armed, 1);

        // A worker writes its ring and then reads the flag without a fence between the two, hint after hint; we write the flag and then read the ring.
        // The fence that both need is put into its instructions from here, a few times a second and not once a hint.
        Interlocked.MemoryBarrierProcessWide();
    }
}
