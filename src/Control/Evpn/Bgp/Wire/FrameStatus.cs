namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>What the start of a stream holds.</summary>
public enum FrameStatus : byte
{
    /// <summary>No whole message yet, and nothing wrong so far.</summary>
    NeedMore = 0,

    /// <summary>A whole message.</summary>
    Ok = 1,

    /// <summary>What no BGP speaker sends: the session ends with the error given.</summary>
    Error = 2,
}
