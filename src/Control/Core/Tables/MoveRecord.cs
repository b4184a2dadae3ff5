namespace Overlay.Control.Tables;

/// <summary>What is remembered of a MAC that moved not long ago. Times in tenths of a second.</summary>
internal struct MoveRecord
{
    /// <summary>Where it was before the first move of the window, and is while it is frozen.</summary>
    public RouteTarget Home;

    /// <summary>Between which places it moved last, or would have.</summary>
    public RouteTarget From;

    /// <inheritdoc cref="From"/>
    public RouteTarget To;

    /// <summary>When the window began.</summary>
    public uint WindowStart;

    /// <summary>When it moved last, or was let go.</summary>
    public uint Last;

    /// <summary>When it is let go; without meaning while it is not frozen.</summary>
    public uint FrozenUntil;

    /// <summary>Moves in the window.</summary>
    public int Count;

    /// <summary>Times it was frozen without a calm window in between: each time is twice as long.</summary>
    public int Freezes;
}
