using Overlay.Api;
using Overlay.Host.Logging;

namespace Overlay.Host.Composition;

/// <content>What an operator does to a daemon that runs, beside its configuration.</content>
internal sealed partial class Daemon
{
    /// <inheritdoc/>
    public async Task<ProbeResponse?> ProbeAsync(string? peer, CancellationToken cancellation)
    {
        var view = new ProbeView(runtime.Config, await runtime.Control.Vteps(), peer);
        if (!view.Exists)
        {
            return null;
        }

        var before = runtime.Dataplane.Snapshot(withKernel: false);
        var results = await runtime.Dataplane.Probes.ProbeAsync(view.Targets(), cancellation);
        runtime.Sampler.Refresh();
        return view.Build(results, runtime.Sampler, before, runtime.Dataplane.Snapshot(withKernel: false));
    }

    /// <inheritdoc/>
    public LogLevelResponse SetLogLevel(LogLevel? level)
    {
        if (level is { } wanted && wanted != logging.Level)
        {
            var was = logging.Level;
            logging.Level = wanted;
            HostLog.LevelChanged(log, LogLevels.Name(was), LogLevels.Name(wanted));
        }

        return new LogLevelResponse { Level = LogLevels.Name(logging.Level), Configured = LogLevels.Name(runtime.Config.Log.Level) };
    }
}
