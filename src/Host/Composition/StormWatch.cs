using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Storm;

namespace Overlay.Host.Composition;

/// <summary>Raises an alarm where storm control drops frames, and clears it when it has not for ten seconds. Looks at meters only while there are drops at all.</summary>
/// <remarks><b>Threading:</b> one caller of <see cref="Tick"/> at a time; <see cref="Alarms"/> from any thread.</remarks>
internal sealed class StormWatch(ForwardingState forwarding, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);
    private readonly HashSet<string> _active = new(StringComparer.Ordinal);
    private string[] _alarms = [];
    private long _seen;

    /// <summary>Storms that go on: a sentence each.</summary>
    public IReadOnlyList<string> Alarms => Volatile.Read(ref _alarms);

    /// <summary>Called once a second.</summary>
    public void Tick()
    {
        long dropped = 0;
        foreach (var worker in forwarding.Workers)
        {
            dropped += worker.Dropped(Direction.Tx, DropReason.StormLimit) + worker.Dropped(Direction.Rx, DropReason.StormLimit);
        }

        if (dropped == _seen && _active.Count == 0)
        {
            return;
        }

        _seen = dropped;
        var now = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (vni, port, meter) in StormView.Meters(forwarding.Current))
        {
            foreach (var kind in Enum.GetValues<StormClass>())
            {
                if (meter.LastDrop(kind) is { } last && time.GetElapsedTime(last) < Quiet)
                {
                    now.Add($"storm vni {vni}, {(port is null ? "underlay" : $"port {port}")}: more {StormView.Name(kind)} frames than storm.{StormView.Name(kind)} allows ({meter.LimitOf(kind)} a second); the rest is dropped as storm_limit");
                }
            }
        }

        foreach (var begun in now.Where(line => !_active.Contains(line)))
        {
            HostLog.StormBegan(log, begun);
        }

        foreach (var over in _active.Where(line => !now.Contains(line)))
        {
            HostLog.StormEnded(log, over);
        }

        _active.Clear();
        _active.UnionWith(now);
        Volatile.Write(ref _alarms, [.. _active.Order(StringComparer.Ordinal)]);
    }
}
