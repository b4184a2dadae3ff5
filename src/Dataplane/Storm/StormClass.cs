namespace Overlay.Dataplane.Storm;

/// <summary>What kind of flooded frame a limit is for.</summary>
public enum StormClass : byte
{
    /// <summary>To ff:ff:ff:ff:ff:ff.</summary>
    Broadcast = 0,

    /// <summary>To a unicast address that is not in the FDB.</summary>
    UnknownUnicast = 1,

    /// <summary>To any other group address.</summary>
    Multicast = 2,
}
