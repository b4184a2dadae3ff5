namespace Overlay.Dataplane.HandOver;

/// <summary>How many frames may wait in a queue of a TAP (<c>txqueuelen</c>), before it grew for a restart.</summary>
/// <param name="Device">The device.</param>
/// <param name="Index">Its interface index.</param>
/// <param name="Frames">Frames, 1 or more.</param>
public sealed record QueueLength(string Device, int Index, int Frames)
{
    /// <summary>
    /// What queues grow to: a second and a half of 10,000 frames/s. No round number, so that it is known again where nothing else is. Memory is taken by frames that wait, not by room for them.
    /// </summary>
    public const int HandOver = 16_381;

    /// <summary>What the kernel gives a TAP.</summary>
    public const int Default = 1000;
}
