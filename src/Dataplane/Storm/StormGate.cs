using System.Runtime.CompilerServices;
using Overlay.Encap;

namespace Overlay.Dataplane.Storm;

/// <summary>A worker's way to the meters: reads the clock once a batch, when the first frame is to be flooded, and not at all in a batch without one. Owned by one worker.</summary>
/// <param name="time">The clock.</param>
/// <param name="worker">The worker's index.</param>
internal sealed class StormGate(TimeProvider time, int worker)
{
    private long _now;
    private bool _knows;

    /// <summary>A batch begins.</summary>
    internal void BeginBatch() => _knows = false;

    /// <summary>Whether a frame to <paramref name="destination"/> that is to be flooded may be; false is <c>storm_limit</c>.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal bool Admits(StormMeter meter, MacAddress destination, int frames)
    {
        StormClass kind = destination.IsBroadcast ? StormClass.Broadcast : destination.IsMulticast ? StormClass.Multicast : StormClass.UnknownUnicast;
        return meter.TryAdmit(worker, kind, frames, Now());
    }

    /// <summary>The time of the batch.</summary>
    internal long Now()
    {
        if (!_knows)
        {
            _now = time.GetTimestamp();
            _knows = true;
        }

        return _now;
    }
}
