using System.Collections.Concurrent;
using Overlay.Encap;

namespace Overlay.Dataplane.Pipeline.Misses;

/// <summary>
/// The way back of a miss, from the control thread to one worker: which destinations were dealt with. <b>Threading:</b> the control thread answers and lets grow old, the worker
/// takes and says how much it holds, both say so in their members; a worker that holds nothing is neither told nor woken.
/// </summary>
/// <remarks>
/// No answer is missed: a worker says that it holds a frame before its hint is in the ring, and the control thread reads the hint before it answers. Should more wait than
/// <see cref="Limit"/>, because the worker is stuck, all is answered at once: frames then go as unknown unicast rather than wait for what nobody remembers.
/// </remarks>
internal sealed class MissInbox
{
    internal const int Limit = 4096;
    private readonly ConcurrentQueue<(Vni Vni, MacAddress Mac)> _answers = new();
    private int _held;
    private int _hasAll;
    private int _isWoken;
    private int _turns;
    private int _turnLimit;

    /// <summary>Wakes the worker, which then releases. Set before it starts; runs on the control thread.</summary>
    internal Action? Wake { get; set; }

    /// <summary>Frames that the worker holds. Any thread.</summary>
    internal int Held => Volatile.Read(ref _held);

    /// <summary>Times that <see cref="Age"/> was called while the worker held something. Any thread.</summary>
    internal int Turns => Volatile.Read(ref _turns);

    /// <summary>Turns after which a frame goes. Any thread.</summary>
    internal int TurnLimit => Volatile.Read(ref _turnLimit);

    /// <summary>Whether something waits for the worker. The worker only.</summary>
    internal bool IsEmpty => Volatile.Read(ref _isWoken) == 0;

    /// <summary>A destination was dealt with. The control thread only.</summary>
    internal void Answer(Vni vni, MacAddress mac)
    {
        if (Held == 0)
            return;

        if (_answers.Count >= Limit)
            Volatile.Write(ref _hasAll, 1);
        else
            _answers.Enqueue((vni, mac));

        Knock();
    }

    /// <summary>Lets what is held grow old by one turn. The control thread only.</summary>
    internal void Age(int turns)
    {
        if (Held == 0)
            return;

        Volatile.Write(ref _turnLimit, turns);
        Volatile.Write(ref _turns, _turns + 1);
        Knock();
    }

    /// <summary>Says how many frames are held. The worker only, before it adds the hint of the first of a destination.</summary>
    internal void SetHeld(int count) => Volatile.Write(ref _held, count);

    /// <summary>Begins to take: what comes from now on wakes again. The worker only.</summary>
    /// <returns>True if everything is answered.</returns>
    internal bool BeginTaking()
    {
        // A full fence: what was put in before the worker was woken is seen, and what is put in later wakes it again.
        _ = Interlocked.Exchange(ref _isWoken, 0);
        return Interlocked.Exchange(ref _hasAll, 0) != 0;
    }

    /// <summary>Takes one answer. The worker only.</summary>
    internal bool TryTake(out Vni vni, out MacAddress mac)
    {
        bool isTaken = _answers.TryDequeue(out (Vni Vni, MacAddress Mac) answer);
        (vni, mac) = answer;
        return isTaken;
    }

    private void Knock()
    {
        if (Interlocked.Exchange(ref _isWoken, 1) == 0)
            Wake?.Invoke();
    }
}
