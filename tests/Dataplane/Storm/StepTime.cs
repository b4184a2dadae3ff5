namespace Overlay.Dataplane.Tests.Storm;

/// <summary>A clock that moves when it is told to, and counts how often it is read.</summary>
internal sealed class StepTime : TimeProvider
{
    private long _now = TimeSpan.TicksPerDay;

    internal int Reads { get; private set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp()
    {
        Reads++;
        return _now;
    }

    internal void Advance(TimeSpan by) => _now += by.Ticks;
}
