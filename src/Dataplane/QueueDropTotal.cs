using Overlay.Dataplane.Ports;

namespace Overlay.Dataplane;

/// <summary>
/// Adds up what the kernel dropped at the queues of ports while they were ours. A device takes its count with it when it goes, and one that stays has it still when it is opened
/// again: the sum may do neither. <b>Threading:</b> the owner's lock.
/// </summary>
internal sealed class QueueDropTotal
{
    private readonly Dictionary<IPortDevice, long> _last = [];

    /// <summary>The sum. Never less than before.</summary>
    internal long Value { get; private set; }

    /// <summary>A device is a port from now on. What it counted before is nothing to us.</summary>
    internal void Begin(IPortDevice device) => _last[device] = device.Existed ? device.ReadQueueDrops() ?? 0 : 0;

    /// <summary>Takes over what a device counts now.</summary>
    /// <param name="device">The device.</param>
    /// <param name="drops">Its count; null if it does not say, because it is gone for one.</param>
    internal void Note(IPortDevice device, long? drops)
    {
        if (drops is not long now || !_last.TryGetValue(device, out long last) || now <= last)
            return;
        Value += now - last;
        _last[device] = now;
    }

    /// <summary>A device is no port any more.</summary>
    internal void Retire(IPortDevice device) => _ = _last.Remove(device);
}
