namespace Overlay.Dataplane.Pipeline.Merging;

/// <summary>What is known of the TCP or UDP checksum of an inner frame.</summary>
internal enum ChecksumState : byte
{
    /// <summary>Nobody looked, or there is none: no TCP or UDP, or UDP that goes without.</summary>
    Unknown = 0,

    /// <summary>It is right.</summary>
    Good = 1,

    /// <summary>It was left to a device to finish: the field holds the sum of the pseudo header.</summary>
    Unfinished = 2,

    /// <summary>It is wrong, and stays so: the receiver is to see it.</summary>
    Bad = 3,
}
