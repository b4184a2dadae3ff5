namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>
/// Lets a number of sessions at a time work with the routes, first come, first served. The others wait without a thread: timers and keepalives run on
/// the same pool, and it must not be full of sessions that wait for one lock above.
/// </summary>
/// <remarks><b>Threading:</b> any thread. Needs no disposal.</remarks>
/// <param name="count">How many, at least one.</param>
internal sealed class Turns(int count)
{
    private readonly Lock _gate = new();
    private readonly Queue<TaskCompletionSource> _waiting = new();
    private int _free = count;

    /// <summary>Waits for a turn. Each is given back by <see cref="Leave"/>.</summary>
    public Task EnterAsync()
    {
        lock (_gate)
        {
            if (_free > 0)
            {
                _free--;
                return Task.CompletedTask;
            }

            var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(waiter);
            return waiter.Task;
        }
    }

    /// <summary>Gives a turn back, to who has waited longest.</summary>
    public void Leave()
    {
        TaskCompletionSource? next;
        lock (_gate)
        {
            if (!_waiting.TryDequeue(out next))
                _free++;
        }

        next?.SetResult();
    }
}
