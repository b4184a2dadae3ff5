using Overlay.Dataplane.Diagnostics;
using Overlay.Host.Systemd;

namespace Overlay.Host.Composition;

/// <summary>
/// What the service manager hears while we run: that we are alive, in time for its watchdog and only if the control thread answers; and a
/// status line, when it changed.
/// </summary>
internal sealed class SupervisorReport(SystemdNotifier notifier, TimeProvider time)
{
    private static readonly TimeSpan StatusInterval = TimeSpan.FromSeconds(5);
    private readonly TimeSpan? _watchdog = notifier.WatchdogInterval / 2;
    private long _lastWatchdog = time.GetTimestamp();
    private long _lastStatus = time.GetTimestamp();
    private string _status = "";

    /// <summary>Called once a second.</summary>
    public async Task ReportAsync(DaemonRuntime runtime, Func<string> summary)
    {
        if (!notifier.IsEnabled)
        {
            return;
        }

        if (_watchdog is { } interval && time.GetElapsedTime(_lastWatchdog) >= interval - TimeSpan.FromSeconds(1))
        {
            await runtime.Control.InvokeAsync(static () => { });
            notifier.Watchdog();
            _lastWatchdog = time.GetTimestamp();
        }

        if (time.GetElapsedTime(_lastStatus) < StatusInterval)
        {
            return;
        }

        _lastStatus = time.GetTimestamp();
        var counters = runtime.Dataplane.Forwarding.SnapshotCounters();
        var status = $"{summary()}; frames tx {counters.Received(Direction.Tx)} rx {counters.Received(Direction.Rx)}, drops {counters.Dropped(Direction.Tx) + counters.Dropped(Direction.Rx)}";
        if (status != _status)
        {
            _status = status;
            notifier.Status(status);
        }
    }
}
