using Overlay.Host.Composition;
using Overlay.Host.Configuration;

namespace Overlay.Host.Metrics;

/// <summary>Pushes in an interval, on a thread of its own: a collector that is slow or away blocks nobody, and nothing is kept for it but the figures of the moment.</summary>
internal sealed class OtlpLoop : IDisposable
{
    private const int FailuresOfAlarm = 3;
    private static readonly TimeSpan JoinLimit = TimeSpan.FromMilliseconds(200);
    private readonly OtlpSpec _spec;
    private readonly string _node;
    private readonly Func<Task<MetricsReading>> _read;
    private readonly Action<bool> _pushed;
    private readonly HostAlarms _alarms;
    private readonly ILogger _log;
    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _thread;
    private int _failures;

    /// <summary>Begins.</summary>
    /// <param name="spec">Where to.</param>
    /// <param name="node">This host's name.</param>
    /// <param name="read">Reads the figures.</param>
    /// <param name="pushed">Told of every push, whether it was accepted.</param>
    /// <param name="alarms">Where a collector that is away shows.</param>
    /// <param name="log">Log.</param>
    public OtlpLoop(OtlpSpec spec, string node, Func<Task<MetricsReading>> read, Action<bool> pushed, HostAlarms alarms, ILogger log)
    {
        (_spec, _node, _read, _pushed, _alarms, _log) = (spec, node, read, pushed, alarms, log);
        _thread = new Thread(Run) { IsBackground = true, Name = "overlay-otlp" };
        _thread.Start();
    }

    /// <summary>Ends. A push that is on its way ends by itself.</summary>
    public void Dispose()
    {
        _stop.Set();
        if (_thread.Join(JoinLimit))
        {
            _stop.Dispose();
        }

        _alarms.Clear("metrics_otlp");
    }

    private void Run()
    {
        try
        {
            using var push = OtlpPush.Create(_spec, _node);
            var observation = new Observation();
            MetricsLog.Pushing(_log, _spec.Endpoint.ToString(), _spec.Interval.TotalSeconds);
            do
            {
                var taken = Push(push, observation);
                if (_stop.IsSet)
                {
                    return;
                }

                _pushed(taken);
                Follow(taken);
            }
            while (!_stop.Wait(_spec.Interval));
        }
        catch (Exception error)
        {
            // It could not even begin: an alarm, and not only a line in the log.
            MetricsLog.Failed(_log, error);
            _failures = FailuresOfAlarm;
            Follow(taken: false);
        }
    }

    // Whatever goes wrong, the next interval is a new try.
    private bool Push(OtlpPush push, Observation observation)
    {
        var taken = false;
        try
        {
            observation.Run(_read().GetAwaiter().GetResult(), () => taken = push.Push());
        }
        catch (OperationCanceledException)
        {
            // The daemon stops.
        }
        catch (Exception error)
        {
            MetricsLog.Failed(_log, error);
        }

        return taken;
    }

    private void Follow(bool taken)
    {
        if (taken)
        {
            _failures = 0;
            if (_alarms.Clear("metrics_otlp"))
            {
                MetricsLog.PushedAgain(_log, _spec.Endpoint.ToString());
            }
        }
        else if (++_failures >= FailuresOfAlarm && _alarms.Set("metrics_otlp", _spec.Endpoint.ToString(), "does not take metrics, or cannot be reached; every interval is a new try"))
        {
            MetricsLog.NotPushed(_log, _spec.Endpoint.ToString(), FailuresOfAlarm);
        }
    }
}
