namespace Overlay.Forwarding;

/// <summary>Whether frames may be sent to a VTEP. One write switches every MAC behind it.</summary>
public enum VtepState : byte
{
    /// <summary>Forward.</summary>
    Up = 0,

    /// <summary>Known to be dead: unicast to it is <c>vtep_down</c>, flooding skips it.</summary>
    Down = 1,
}
