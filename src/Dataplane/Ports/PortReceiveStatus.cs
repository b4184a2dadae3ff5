namespace Overlay.Dataplane.Ports;

/// <summary>Why a receive came back.</summary>
public enum PortReceiveStatus : byte
{
    /// <summary>No more frames are waiting (the batch may hold some).</summary>
    Drained = 0,

    /// <summary>The batch is full; more may be waiting.</summary>
    More = 1,

    /// <summary>The device is gone or unusable; the queue must not be polled again.</summary>
    Closed = 2,
}
