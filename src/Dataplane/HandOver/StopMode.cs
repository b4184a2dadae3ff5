namespace Overlay.Dataplane.HandOver;

/// <summary>What becomes of devices and of what waits in them when the dataplane stops.</summary>
public enum StopMode
{
    /// <summary>What waits is forwarded; persistent TAPs stay, without a carrier.</summary>
    Keep,

    /// <summary>What was read is forwarded; what waits is for the next process, which gets the descriptors from the store.</summary>
    HandOver,

    /// <summary>What waits is forwarded; the TAPs that were made here go.</summary>
    Remove,
}
