namespace Overlay.Control.Tables;

/// <summary>What is remembered of a MAC that moved not long ago. Times in tenths of a second. It refers to no object but names.</summary>
internal struct MoveRecord
{
    /// <summary>Index of the MAC.</summary>
    public int Mac;

    /// <summary>
    /// Index of the target where it was before it began to move, and is while it is frozen; -1 if that is gone. A target in being counts those who call it their home
    /// (<see cref="RouteTarget.Homes"/>), so the index means no other.
    /// </summary>
    public int Home;

    /// <summary>Between which places it moved last, or would have.</summary>
    public MovePlace From;

    /// <inheritdoc cref="From"/>
    public MovePlace To;

    /// <summary>Who claims it too, and is not followed because a port here has it.</summary>
    public MovePlace Rival;

    /// <summary>When it moved last, or was let go.</summary>
    public uint Last;

    /// <summary>When it is let go; without meaning while it is not frozen.</summary>
    public uint FrozenUntil;

    /// <summary>Times it was frozen without a calm window in between: each time is twice as long.</summary>
    public int Freezes;

    /// <summary>Seconds in which a VTEP claimed it while a port here had it, without a calm window in between; stops at the limit of moves.</summary>
    public int Contests;

    /// <summary>When that was last.</summary>
    public uint ContestedAt;

    /// <summary>The next one that moved once and not again, and was so later; -1 for none.</summary>
    public int Newer;

    /// <summary>The one before.</summary>
    public int Older;

    /// <summary>It is in that list.</summary>
    public bool IsQueued;

    /// <summary>It is contested so often that it is an alarm.</summary>
    public bool IsContested;

    /// <summary>Earlier moves of it may have been forgotten, so nobody knows where it was first: it is counted and not frozen.</summary>
    public bool IsUnsure;

    /// <summary>False for a free item.</summary>
    public bool IsUsed;

    private byte _count;
    private int _more;
    private MoveTimes _times;

    /// <summary>Counts a move.</summary>
    /// <returns>Moves in the window that ends now. Exact for limits of up to nine; of what is more, the last ones are forgotten together.</returns>
    public int Add(uint now, uint window)
    {
        byte live = 0;
        for (int i = 0; i < _count; i++)
        {
            if (now - _times[i] < window)
            {
                _times[live++] = _times[i];
            }
        }

        _count = live;
        _more = live == 0 ? 0 : _more;
        if (live < MoveTimes.Length && _more == 0)
        {
            _times[_count++] = now;
        }
        else
        {
            _more++;
        }

        return _count + _more;
    }

    /// <summary>Moves in the window that ends now.</summary>
    public readonly int CountAt(uint now, uint window)
    {
        int count = 0;
        for (int i = 0; i < _count; i++)
        {
            count += now - _times[i] < window ? 1 : 0;
        }

        return count == 0 ? 0 : count + _more;
    }

    /// <summary>Counts from zero again.</summary>
    public void ForgetTimes()
    {
        _count = 0;
        _more = 0;
    }
}
