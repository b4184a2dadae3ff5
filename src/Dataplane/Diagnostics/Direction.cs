namespace Overlay.Dataplane.Diagnostics;

/// <summary>Which way a frame went.</summary>
public enum Direction : byte
{
    /// <summary>From a port: <c>tx</c> in metrics and CLI.</summary>
    Tx = 0,

    /// <summary>From the underlay: <c>rx</c> in metrics and CLI.</summary>
    Rx = 1,
}
